import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInstallation, type Installation, insertRow, START_MS } from '../../test/helpers/message-fixture.ts';
import { MINUTE_MS } from '../lib/clock.ts';
import { openPostgresLog } from '../log/postgres-log.ts';
import { saveSendingHealth } from '../store/carrier-health-store.ts';
import { readLogCursor, readPostgresBacklog } from '../store/health-store.ts';
import { checkCarriers } from './check-carriers.ts';
import { checkDatabase } from './check-database.ts';
import { checkMessageBooks } from './check-message-books.ts';
import { checkWork } from './check-work.ts';

let installation: Installation;
beforeEach(async () => {
  installation = await createInstallation();
});
afterEach(() => installation[Symbol.asyncDispose]());

const at = (nowMs: number) => ({ pool: installation.pool, clock: () => nowMs });

test('the database is told by its version, and migrations that wait are a problem', async () => {
  const checks = await checkDatabase({ ...at(Date.now()), location: 'at db/sms', pendingMigrations: ['0002-x'] });
  expect(checks).toMatchObject([
    { name: 'database', ok: true, text: expect.stringMatching(/^PostgreSQL 1[5-8][.\d]*.*, at db\/sms\.$/) },
    { name: 'migrations', ok: false, text: 'Not applied: 0002-x.' },
    { name: 'clock', ok: true },
  ]);
});

test('a clock that is three seconds ahead of the database is found', async () => {
  const checks = await checkDatabase({ ...at(Date.now() + 3_000), location: '', pendingMigrations: [] });
  expect(checks.find(({ name }) => name === 'clock')).toMatchObject({ ok: false });
});

test('leases count as left over two minutes after their end, doubts are counted', async () => {
  const { pool } = installation;
  await pool.query(
    `insert into worker (host, pid, roles, started_ms, seen_ms) values ('a', 1, 'api', $1, $1), ('b', 2, 'api', 0, 0)`,
    [START_MS],
  );
  await pool.query(
    `insert into outbound_batch (list_id, batch_id, lane, source, simulated, due_ms, created_ms, count, payload, worker_id, lease_until_ms)
     values (1, 1, 0, 0, false, 0, 0, 1, '[]', 1, $1), (1, 2, 0, 0, false, 0, 0, 1, '[]', null, 0)`,
    [START_MS],
  );
  await pool.query(
    `insert into submission (list_id, submission_id, worker_id, numbers, created_ms, lease_until_ms) values (1, 1, 1, '{3}', 0, $1)`,
    [START_MS - 2 * MINUTE_MS - 1],
  );
  await pool.query('insert into in_doubt (list_id, number, since_ms, next_check_ms) values (1, 3, $1, 0)', [START_MS]);
  const [leases, doubts] = await checkWork(at(START_MS));
  expect(leases).toMatchObject({ ok: false, details: { workers: 1, held: 1, expired: 1 } });
  expect(doubts?.text).toBe(`1 message in doubt, the oldest since ${new Date(START_MS).toISOString()}.`);
});

test('a list that is cut off from its carrier is a problem, with the reason, until it gets through', async () => {
  const { pool } = installation;
  expect(await checkCarriers({ pool })).toMatchObject([{ name: 'carriers', ok: true }]);
  const health = { state: 'down', inFlight: 0, lastSuccessMs: null, lastErrorCode: '20003', lastErrorMs: START_MS };
  const refused = { ...health, listId: 1, lastErrorDetail: 'REJECTED_CREDENTIALS' };
  await saveSendingHealth(pool, [refused, { ...refused, listId: 99 }], START_MS);
  expect(await checkCarriers({ pool })).toMatchObject([
    {
      ok: false,
      text: expect.stringMatching(
        /^List 1, \+\d+: nothing got through to simulator at 20.*know us by these credentials/,
      ),
      advice: 'Mend it, then `trackly carriers check 1`.',
    },
  ]);
  await saveSendingHealth(pool, [{ ...refused, state: 'up' }], START_MS);
  expect(await checkCarriers({ pool })).toMatchObject([{ ok: true }]);
});

test('books are checked list by list, with a recount against the messages themselves', async () => {
  expect(await checkMessageBooks(installation.pool, { recount: false })).toMatchObject([{ ok: true }]);
  await insertRow(installation.pool, { number: 1, state: 'delivered' });
  await installation.pool.query('update message set state = 4');
  expect(await checkMessageBooks(installation.pool, { recount: false })).toMatchObject([{ ok: true }]);
  expect(await checkMessageBooks(installation.pool, { recount: true })).toMatchObject([{ ok: false }]);
});

test('the backlog of the log in the database is what was appended and not landed', async () => {
  const { pool } = installation;
  await using log = await openPostgresLog({ pool });
  await log.append('outbound', 0, Buffer.from('a'));
  const last = await log.append('events', 0, Buffer.from('b'));
  expect(await readPostgresBacklog(pool)).toBe(2);
  await pool.query(`insert into log_cursor (log_id, topic, partition, seq) values ($1, 'events', 0, $2)`, [
    log.id,
    last,
  ]);
  expect(await readPostgresBacklog(pool)).toBe(1);
  expect(await readLogCursor(pool, log.id, 'events', 0)).toBe(last);
  expect(await readLogCursor(pool, log.id, 'outbound', 0)).toBe(0);
});

test('a log entry that was set aside is a problem', async () => {
  const { pool } = installation;
  expect((await checkWork(at(START_MS))).at(-1)).toMatchObject({ name: 'dead_letters', ok: true });
  await pool.query(
    `insert into dead_letter (log_id, topic, partition, seq, value, error, failed_ms) values ('l', 'events', 0, 1, '', 'x', 0)`,
  );
  expect((await checkWork(at(START_MS))).at(-1)).toMatchObject({ name: 'dead_letters', ok: false });
});
