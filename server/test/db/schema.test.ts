import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../helpers/test-database.ts';

/** Tables that no message passes through: few rows, kept whole on one node. All others must be able to be sharded. */
const CONTROL_TABLES = new Set([
  'account',
  'account_member',
  'api_key',
  'data_key',
  'dead_letter',
  'directory_version',
  'id_block',
  'idempotency_key',
  'installation',
  'list',
  'log_cursor',
  'log_entry',
  'log_head',
  'log_identity',
  'partition_lease',
  'schema_migration',
  'stray_text',
  'unreadable_call',
  'inbound_part',
  'worker',
  // Not few, but of the endpoints of an account: what they tell of has no list, or several.
  'webhook_delivery',
  'webhook_endpoint',
  // Not few either, but of phones: what their numbers tell belongs to no account.
  'contact',
  'do_not_call',
  'do_not_call_file',
  'phone_data',
  // Files that somebody sent.
  'job',
  'job_chunk',
  'job_error',
  'job_phone',
]);
/** Tables about people, whom all lists of an account share: they can be sharded by account. */
const ACCOUNT_TABLES = new Set([
  'account_contact',
  'block',
  'consent',
  'consent_head',
  'lookup_charge',
  'otp',
  'phone_lookup',
]);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

interface Index {
  readonly table: string;
  readonly index: string;
  readonly columns: string[];
}

async function uniqueIndexes(tables: readonly string[]): Promise<Index[]> {
  const { rows } = await database.pool.query<Index>(
    `select t.relname as table, i.relname as index,
       array(select a.attname::text from pg_attribute a where a.attrelid = t.oid and a.attnum = any (x.indkey)) as columns
     from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
     where x.indisunique and t.relname = any ($1::text[])`,
    [tables],
  );
  return rows;
}

async function messageTables(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`);
  return rows.map((row) => row.name).filter((name) => !CONTROL_TABLES.has(name) && !ACCOUNT_TABLES.has(name));
}

test('every table on the path of a message has a list', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name = 'list_id' and is_nullable = 'NO'`);
  const withList = new Set(rows.map((row) => row.name));
  const tables = await messageTables();
  expect(tables).toContain('message');
  expect(tables.filter((name) => !withList.has(name))).toEqual([]);
});

test('every primary key and unique index on the path of a message holds the list', async () => {
  const tables = await messageTables();
  const rows = await uniqueIndexes(tables);
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((row) => !row.columns.includes('list_id'))).toEqual([]);
});

test('every primary key and unique index of a table about people holds the account', async () => {
  const rows = await uniqueIndexes([...ACCOUNT_TABLES]);
  expect(new Set(rows.map((row) => row.table))).toEqual(ACCOUNT_TABLES);
  expect(rows.filter((row) => !row.columns.includes('account_id'))).toEqual([]);
});

test('no table on the path of a message refers to another one', async () => {
  const tables = await messageTables();
  const { rows } = await database.pool.query(
    `select conname from pg_constraint where contype = 'f' and conrelid::regclass::text = any ($1::text[])`,
    [tables],
  );
  expect(rows).toEqual([]);
});
