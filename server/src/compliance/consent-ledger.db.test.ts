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
  await database.pool.query('alter table consent disable trigger user; alter table consent_head disable trigger user');
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
  const [, last] = await consentsOf('+13125550142');
  expect(await verifyConsents(database)).toEqual({
    ok: true,
    ledgers: [
      { account_id: ACCOUNT, records: 2, head: last?.hash, ok: true, problem: null },
      { account_id: OTHER, records: 1, head: expect.stringMatching(/^[0-9a-f]{64}$/), ok: true, problem: null },
    ],
    missing_heads: [],
  });
  await expect(consentsOf('312')).rejects.toMatchObject({
    code: 'invalid_phone',
    text: 'phone_number must be in E.164 format',
  });
});

test('transactions at once make one chain, and one that rolls back leaves no gap', async () => {
  const undone = withTransaction(database.pool, async (transaction) => {
    await appendConsents(transaction, [entry(), entry()], NOW_MS);
    throw new Error('undone');
  });
  const writes = Array.from({ length: 40 }, (_, n) => append(entry({ phone: PHONE + n }), entry({ kind: 'opt_out' })));
  await Promise.allSettled([undone, ...writes]);
  expect(await verifyConsents(database)).toMatchObject({
    ok: true,
    ledgers: [{ account_id: ACCOUNT, records: 80, ok: true, problem: null }],
  });
});

test.each([
  ['update consent set kind = kind', 'never changed or removed'],
  ['delete from consent', 'never changed or removed'],
  ['truncate consent', 'never changed or removed'],
  ['update consent_head set seq = seq - 1', 'only moves on'],
  ["update consent_head set hash = ''", 'only moves on'],
  ["update consent_head set account_id = 'x'", 'only moves on'],
  ['delete from consent_head', 'only moves on'],
  ['truncate consent_head', 'only moves on'],
])('the database refuses `%s`', async (sql, message) => {
  await append(entry());
  await expect(database.pool.query(sql)).rejects.toThrow(message);
  expect(await verifyConsents(database)).toMatchObject({ ok: true, ledgers: [{ records: 1 }] });
});

test('a ledger that nobody touched is good', async () => {
  expect(await verifyConsents(database)).toEqual({ ok: true, ledgers: [], missing_heads: [] });
});

const SWAP = `update consent set seq = 9 where seq = 2; update consent set seq = 2 where seq = 3;
  update consent set seq = 3 where seq = 9`;

/** `named`: which of the three records is named by its id; undefined: one that is not there. */
test.each([
  ['changed', `update consent set at_ms = at_ms - 1 where seq = 2`, { seq: 2, named: 1, text: 'it was changed' }],
  ...['phone = phone + 1', 'list_id = null', "kind = 'opt_in'", "source = 'x'", "ip_address = '::1'", "text = 'x'"].map(
    (change) =>
      [
        `changed in ${change}`,
        `update consent set ${change} where seq = 3`,
        { seq: 3, named: 2, text: 'it was changed' },
      ] as const,
  ),
  [
    'changed with its hash',
    `update consent set source = 'x', hash = sha256('x') where seq = 2`,
    { seq: 2, named: 1, text: 'it was changed' },
  ],
  ['taken out', `delete from consent where seq = 2`, { seq: 2, named: undefined, text: 'missing: the next one is 3' }],
  [
    'taken out and closed up',
    `delete from consent where seq = 2; update consent set seq = 2 where seq = 3`,
    { seq: 2, named: 2, text: 'it does not follow the record before it' },
  ],
  ['swapped', SWAP, { seq: 2, named: 2, text: 'it does not follow the record before it' }],
  [
    'cut off at the end',
    `delete from consent where seq = 3`,
    { seq: 3, named: undefined, text: 'missing: the ledger was cut off, it had 3 records' },
  ],
  ['cut off wholly', `delete from consent`, { seq: 1, named: undefined, text: 'missing: the ledger was cut off' }],
  [
    'cut off with the count of its end',
    `delete from consent where seq = 3; update consent_head set seq = 2`,
    { seq: 2, named: 1, text: 'it is not the one that the ledger ends with' },
  ],
  [
    'lengthened',
    `insert into consent select account_id, 4, 'x', phone, list_id, kind, at_ms, source, ip_address, user_agent, url, text,
       keyword, actor, hash, hash from consent where seq = 3`,
    { seq: 4, named: 3, text: 'it was changed' },
  ],
  [
    'left without an end',
    `delete from consent_head`,
    { seq: 3, named: 2, text: 'what names it as the end of the ledger is missing' },
  ],
  [
    "another account's",
    `update consent set account_id = '${OTHER}'; update consent_head set account_id = '${OTHER}'`,
    { seq: 1, named: 0, text: 'it does not follow the record before it' },
  ],
] as const)('a ledger that was %s is found out, and the record is named', async (_what, sql, { seq, named, text }) => {
  const ids = await append(entry(), entry({ kind: 'opt_out' }), entry({ kind: 'resubscribe' }));
  await tamper(sql);
  const check = await verifyConsents(database);
  expect(check).toMatchObject({ ok: false, ledgers: [{ ok: false, problem: { seq } }] });
  const [problem] = check.ledgers.map((ledger) => ledger.problem);
  expect(problem?.text).toContain(text);
  expect(problem?.id).toBe(named === undefined ? null : (ids[named] ?? 'x'));
});

test('a ledger that was cut off with its end lacks the hash that somebody kept', async () => {
  await append(entry(), entry({ kind: 'opt_out' }));
  const [kept] = (await verifyConsents(database)).ledgers.map((ledger) => ledger.head);
  await append(entry({ kind: 'resubscribe' }));
  const heads = [kept ?? ''];
  expect(await verifyConsents(database, { heads })).toMatchObject({ ok: true, missing_heads: [] });
  await tamper(`delete from consent where seq > 1;
    update consent_head set seq = 1, hash = (select hash from consent where seq = 1)`);
  expect(await verifyConsents(database)).toMatchObject({ ok: true });
  expect(await verifyConsents(database, { heads })).toMatchObject({ ok: false, missing_heads: heads });
});
