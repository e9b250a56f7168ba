import { expect, test } from 'vitest';
import { toBacklogCheck } from './check-backlog.ts';
import { toClockCheck } from './check-database.ts';
import { checkDisk, toDiskCheck } from './check-disk.ts';
import { toBooksCheck } from './check-message-books.ts';
import { toLeaseCheck } from './check-work.ts';

const GIB = 1024 ** 3;

test('clocks may be two seconds apart', () => {
  expect(toClockCheck(-2_000)).toMatchObject({ ok: true, text: `Our clock and the database's are 2000 ms apart.` });
  expect(toClockCheck(2_001)).toMatchObject({ ok: false, details: { drift_ms: 2_001 } });
});

test('less than one GiB of room is a problem', async () => {
  expect(toDiskCheck('/data', GIB)).toMatchObject({ ok: true, text: '1.0 GiB are free for /data.' });
  expect(toDiskCheck('/data', GIB - 1)).toMatchObject({ ok: false });
  expect(await checkDisk('/no/such/folder')).toMatchObject({ ok: true });
});

test('a log that does not land any more is a problem, one that cannot be read is not', () => {
  expect(toBacklogCheck({ engine: 'lmdb', backlog: 1, reason: null }).text).toBe(
    'Log lmdb: 1 entry waits to get into the database.',
  );
  expect(toBacklogCheck({ engine: 'lmdb', backlog: 10_001, reason: null }).ok).toBe(false);
  expect(toBacklogCheck({ engine: 'lmdb', backlog: null, reason: 'there is none' })).toMatchObject({
    ok: true,
    text: 'Log lmdb: there is none.',
  });
});

test('leases that nobody takes up are a problem only while a server runs', () => {
  expect(toLeaseCheck({ workers: 1, held: 2, expired: 0 })).toMatchObject({ ok: true });
  expect(toLeaseCheck({ workers: 2, held: 0, expired: 1 })).toMatchObject({ ok: false });
  expect(toLeaseCheck({ workers: 0, held: 0, expired: 1 })).toMatchObject({ ok: true });
});

test('books balance when nothing is missing and the counters are right', () => {
  const books = { listId: 1, accepted: 3, waiting: 1, byState: { delivered: 2 }, difference: 0, miscounted: null };
  expect(toBooksCheck(books)).toMatchObject({ ok: true, text: 'List 1: accepted 3 = 1 waiting + 2 delivered.' });
  expect(toBooksCheck({ ...books, accepted: 4, difference: 1 })).toMatchObject({ ok: false });
  const miscounted = [{ state: 'sent', counted: 0, rows: 1 }] as const;
  expect(toBooksCheck({ ...books, miscounted })).toMatchObject({
    ok: false,
    text: 'List 1: counters differ from messages: sent 0 counted, 1 there.',
  });
  expect(toBooksCheck({ ...books, miscounted: [] }).ok).toBe(true);
});
