import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { setList } from '../lists/index.ts';
import { createPool } from '../store/pool.ts';
import { openDirectory, type DirectoryOptions } from './directory.ts';
import type { Directory } from './directory-types.ts';
import { createDemo } from './first-start.ts';
import { resumeAccount, suspendAccount } from './manage-accounts.ts';
import { createKey, listKeys, pauseKey, revokeKey } from './manage-keys.ts';

const SECRET = 'trk_first';
const secretKey = Buffer.alloc(32, 7);
const NEVER_MS = 1_000_000;
const SOON = { interval: 10, timeout: 5_000 };
let database: TestDatabase;
let directory: Directory;
let clients: Client[];
let nowMs: number;
const clock = (): number => nowMs;

beforeEach(async () => {
  database = await createTestDatabase();
  clients = [];
  nowMs = 1_700_000_000_000;
  await createDemo(database.pool, { apiKey: SECRET, nowMs });
});
afterEach(async () => {
  await directory[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function connect(): Promise<Client> {
  const client = new Client(database.connection);
  await client.connect();
  clients.push(client);
  return client;
}

async function open(options: Partial<DirectoryOptions> = {}): Promise<void> {
  const { pool } = database;
  directory = await openDirectory({
    pool,
    connect,
    clock,
    secretKey,
    pollMs: NEVER_MS,
    staleAfterMs: null,
    ...options,
  });
}

async function listening(): Promise<void> {
  await vi.waitUntil(async () => {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity where query = 'select version from directory_version' and state = 'idle'
       and datname = current_database()`,
    );
    return rows.length > 0;
  });
}

test('shows the demo account, its key and its list', async () => {
  await open();
  const key = directory.findKey(SECRET)!;
  expect(key).toMatchObject({ name: 'first', status: 'active', sandbox: false, allowedListIds: null });
  expect(directory.account(key.accountId)).toMatchObject({
    name: 'Demo',
    ownerEmail: 'owner@localhost',
    settings: { pricePerSegmentMicros: 4_500, dedupeWindowSeconds: 300, blockedWords: null },
  });
  const list = directory.list(1)!;
  expect(list).toMatchObject({ number: '+18005551000', type: 'simulator', brandName: 'Demo', verified: true });
  expect(list.settings).toMatchObject({ sendRatePerMinute: 17_000, staleMinutes: 30, country: 'US' });
  expect(directory.listByNumber('+18005551000')).toBe(list);
  expect(directory.listByV1Id(list.v1Id)).toBe(list);
  expect(directory.listsOf(key.accountId)).toEqual([list]);
  expect(directory.lists()).toEqual([list]);
  for (const secret of ['', 'trk_other', ` ${SECRET}`]) expect(directory.findKey(secret)).toBeUndefined();
});

describe('a change by another process, heard without a poll', () => {
  beforeEach(async () => {
    await open();
    await listening();
  });

  test('a revoked key is refused', async () => {
    await revokeKey(database, { id: directory.findKey(SECRET)!.id });
    await expect.poll(() => directory.findKey(SECRET) === undefined, SOON).toBe(true);
  });

  test('a paused key is paused, a new one works', async () => {
    const { id, accountId } = directory.findKey(SECRET)!;
    await pauseKey(database, { id });
    const created = await createKey(
      { pool: database.pool, clock },
      { accountId, name: 'two', sandbox: true, allowedListIds: [1] },
    );
    await expect.poll(() => directory.findKey(created.key) !== undefined, SOON).toBe(true);
    expect(directory.findKey(SECRET)?.status).toBe('paused');
    expect(directory.findKey(created.key)).toMatchObject({ sandbox: true, allowedListIds: new Set([1]) });
  });

  test('a suspended account is suspended, a resumed one active', async () => {
    const { accountId } = directory.findKey(SECRET)!;
    await suspendAccount(database, { id: accountId });
    await expect.poll(() => directory.account(accountId)?.status === 'suspended', SOON).toBe(true);
    await resumeAccount(database, { id: accountId });
    await expect.poll(() => directory.account(accountId)?.status === 'active', SOON).toBe(true);
  });

  test('a deleted list is found by id only', async () => {
    const deps = { pool: database.pool, clock, secretKey: () => Promise.resolve(secretKey), listTypes: new Map() };
    await setList(deps, { id: 1, status: 'deleted' });
    await expect.poll(() => directory.listByNumber('+18005551000') === undefined, SOON).toBe(true);
    expect(directory.list(1)?.status).toBe('deleted');
    expect(directory.lists()).toEqual([]);
  });

  test('a key of a deleted account is refused', async () => {
    await database.pool.query(`update account set status = 'deleted'`);
    await expect.poll(() => directory.findKey(SECRET) === undefined, SOON).toBe(true);
  });

  test('a change is seen at once after refresh', async () => {
    await revokeKey(database, { id: directory.findKey(SECRET)!.id });
    await directory.refresh();
    expect(directory.findKey(SECRET)).toBeUndefined();
  });

  test('a broken connection is opened again and what was missed is read', async () => {
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and query = 'select version from directory_version'`,
    );
    await database.pool.query(`update account set name = 'Renamed'`);
    const { accountId } = directory.findKey(SECRET)!;
    await expect.poll(() => directory.account(accountId)?.name === 'Renamed', SOON).toBe(true);
    expect(clients.length).toBeGreaterThan(1);
  });
});

test('the poll catches up when notifications are lost', async () => {
  await open({ pollMs: 20 });
  await listening();
  await clients[0]?.query('unlisten *');
  await revokeKey(database, { id: directory.findKey(SECRET)!.id });
  await expect.poll(() => directory.findKey(SECRET) === undefined, SOON).toBe(true);
});

test('is current while the database answers, not after it was silent for too long', async () => {
  let reachable = true;
  const pool = createPool(database.connection, { name: 'directory', max: 2 });
  const connectIfReachable = (): Promise<Client> => (reachable ? connect() : Promise.reject(new Error('unreachable')));
  await open({ pool, connect: connectIfReachable, pollMs: 20, staleAfterMs: 5_000 });
  await listening();
  nowMs += 4_999;
  await expect.poll(() => directory.isCurrent(), SOON).toBe(true);
  reachable = false;
  await clients.at(-1)?.end();
  nowMs += 5_000;
  await vi.waitUntil(() => !directory.isCurrent());
  expect(directory.findKey(SECRET)).toBeDefined();
  expect(directory.silentMs()).toBeGreaterThanOrEqual(5_000);
  reachable = true;
  await expect.poll(() => directory.isCurrent(), SOON).toBe(true);
  await directory[Symbol.asyncDispose]();
  await pool.end();
});

test('without a time limit the snapshot is always current', async () => {
  await open();
  nowMs += 1_000_000_000;
  expect(directory.isCurrent()).toBe(true);
});

test('the last use of a key is written in the background and when it closes', async () => {
  await open();
  const { accountId } = directory.findKey(SECRET)!;
  nowMs += 5_000;
  directory.findKey(SECRET);
  await directory[Symbol.asyncDispose]();
  const [key] = await listKeys(database, { accountId });
  expect(key?.last_used_at).toBe(new Date(nowMs).toISOString());
});
