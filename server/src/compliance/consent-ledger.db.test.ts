import { hash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { withTransaction } from '../store/transaction.ts';
import { appendConsent, appendConsents, type ConsentEntry } from './consent-ledger.ts';
import { listConsents } from './list-consents.ts';
import { verifyConsents } from './verify-consents.ts';

const NOW_MS = Date.parse('2026-11-25T12:00:00.000Z');
const ACCOUNT = 'a'.repeat(24);
const OTHER = 'b'.repeat(24);
const PHONE = 13_125_550_142;
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database[Symbol.asyncDispose]());

function entry(columns: Partial<ConsentEntry> = {}): ConsentEntry {
  return { accountId: ACCOUNT, phone: PHONE, listId: 7, kind: 'opt_in', atMs: NOW_MS, source: 'api', ...columns };
}

const append = (...entries: ConsentEntry[]): Promise<string[]> =>
  withTransaction(database.pool, (transaction) => appendConsents(transaction, entries, NOW_MS));

async function consentsOf(phoneNumber: string, accountId = ACCOUNT) {
  const caller = { account: { id: accountId } } as Parameters<typeof listConsents>[1];
  return (await listConsents(database, caller, { phoneNumber })).consents;
}

/** As somebody with the rights of the database's owner could. */
async function tamper(sql: string): Promise<void> {
  await database.pool.query('alter table consent disable trigger consent_append_only');
  await database.pool.query(sql);
}

test('a record keeps its evidence and holds the hash of the one before', async () => {
  const evidence = {
    ipAddress: '192.0.2.7',
    userAgent: 'Form/1',
    url: 'https://nwp.example/join',
    text: 'I agree',
    actor: 'key:k',
  };
  const [first] = await append(entry(evidence));
  const second = await withTransaction(database.pool, (transaction) =>
    appendConsent(
      transaction,
      entry({ kind: 'opt_out', source: 'message', keyword: 'STOP', text: 'st\u0000op \ud800' }),
      NOW_MS,
    ),
  );
  const records = await consentsOf('+13125550142');
  expect(records).toMatchObject([
    {
      id: first,
      phone_number: '+13125550142',
      list_id: 7,
      kind: 'opt_in',
      at: '2026-11-25T12:00:00.000Z',
      source: 'api',
      ip_address: '192.0.2.7',
      user_agent: 'Form/1',
      url: 'https://nwp.example/join',
      text: 'I agree',
      keyword: null,
      actor: 'key:k',
      prev_hash: hash('sha256', ACCOUNT),
    },
    { id: second, kind: 'opt_out', keyword: 'STOP', text: 'st\ufffdop \ufffd', prev_hash: records[0]?.hash },
  ]);
  expect(Object.keys(records[0] ?? {}).join()).toBe(
    'id,phone_number,list_id,kind,at,source,ip_address,user_agent,url,text,keyword,actor,prev_hash,hash',
  );
});

test('whoever has the answer of the API can compute a hash again', async () => {
  await append(entry());
  const [{ hash: stated, ...rest } = { hash: '' }] = await consentsOf('+13125550142');
  expect(hash('sha256', JSON.stringify(rest))).toBe(stated);
});

test('accounts have chains of their own and do not see each other', async () => {
  await append(entry(), entry({ accountId: OTHER, listId: null, kind: 'block' }), entry({ kind: 'opt_out' }));
  expect(await consentsOf('+13125550142')).toMatchObject([{ kind: 'opt_in' }, { kind: 'opt_out' }]);
  expect(await consentsOf('+13125550142', OTHER)).toMatchObject([{ kind: 'block', list_id: null }]);
  expect(await consentsOf('+13125550143')).toEqual([]);
  expect(await verifyConsents(database)).toEqual([
    { account_id: ACCOUNT, records: 2, ok: true, problem: null },
    { account_id: OTHER, records: 1, ok: true, problem: null },
  ]);
  await expect(consentsOf('312')).rejects.toMatchObject({ code: 'invalid_phone' });
});

test('transactions at once make one chain, and one that rolls back leaves no gap', async () => {
  const undone = withTransaction(database.pool, async (transaction) => {
    await appendConsents(transaction, [entry(), entry()], NOW_MS);
    throw new Error('undone');
  });
  const writes = Array.from({ length: 40 }, (_, n) => append(entry({ phone: PHONE + n }), entry({ kind: 'opt_out' })));
  await Promise.allSettled([undone, ...writes]);
  expect(await verifyConsents(database)).toEqual([{ account_id: ACCOUNT, records: 80, ok: true, problem: null }]);
});

test.each(['update consent set kind = kind', 'delete from consent', 'truncate consent'])(
  'the database refuses `%s`',
  async (sql) => {
    await append(entry());
    await expect(database.pool.query(sql)).rejects.toThrow('never changed or removed');
  },
);

test.each([
  ['changed', `update consent set at_ms = at_ms - 1 where seq = 2`, 2, 'it was changed'],
  ['taken out', `delete from consent where seq = 2`, 2, 'a record is missing'],
  [
    'taken out and closed up',
    `delete from consent where seq = 2; update consent set seq = 2 where seq = 3`,
    2,
    'it does not follow the record before it',
  ],
  ['cut off at the end', `delete from consent where seq = 3`, 3, '1 records at the end are missing'],
  [
    'cut off with its head',
    `delete from consent where seq = 3; update consent_head set seq = 2`,
    3,
    'records were added behind the end',
  ],
  ['left without a head', `delete from consent_head`, 4, 'records were added behind the end'],
  [
    "another account's",
    `update consent set account_id = '${OTHER}'; update consent_head set account_id = '${OTHER}'`,
    1,
    'it does not follow the record before it',
  ],
])('a ledger that was %s is found out', async (_what, sql, seq, text) => {
  await append(entry(), entry({ kind: 'opt_out' }), entry({ kind: 'resubscribe' }));
  await tamper(sql);
  expect(await verifyConsents(database)).toMatchObject([{ ok: false, records: seq - 1, problem: { seq, text } }]);
});
