import type { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectTo } from '../../test/helpers/message-fixture.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { until } from '../../test/helpers/until.ts';
import { DisposalStack } from '../lib/disposal-stack.ts';
import { afterCommit, withTransaction } from './transaction.ts';
import { openWithdrawalLink, type Stopped, type WithdrawalLink, type WithdrawalStep } from './withdrawal-link.ts';
import { registerWorker } from './worker-store.ts';

const STOPPED: readonly Stopped[] = [
  { listId: 1, phone: 13_125_550_142 },
  { listId: 70_000, phone: 491_711_234_567 },
];

/** How long a limit is that no test waits for. */
const NEVER_MS = 60_000;

interface Worker extends WithdrawalLink {
  readonly heard: { readonly step: WithdrawalStep; readonly stopped: readonly Stopped[] }[];
  readonly clients: Client[];
  listened: number;
}

let building: DisposalStack;
let database: TestDatabase;
beforeEach(async () => {
  building = new DisposalStack();
  database = building.use(await createTestDatabase());
});
afterEach(() => building[Symbol.asyncDispose]());

/** A process that sends, or with null one that does not. */
async function open(workerId: number | null, limits: { deafAfterMs?: number; heardWithinMs?: number } = {}) {
  // Nothing is announced in vain here, except to nobody.
  const announcedWithinMs = NEVER_MS;
  const worker: Pick<Worker, 'heard' | 'clients' | 'listened'> = { heard: [], clients: [], listened: 0 };
  const link = await openWithdrawalLink({
    async connect() {
      const client = await connectTo(database);
      worker.clients.push(client);
      return client;
    },
    workerId,
    clock: Date.now,
    onWithdrawn: (step, stopped) => worker.heard.push({ step, stopped }),
    onListening: () => worker.listened++,
    announcedWithinMs,
    ...limits,
  });
  return building.use(Object.assign(worker, link));
}

const register = (roles = 'api,pipeline'): Promise<number> =>
  registerWorker(database.pool, { host: 'test', pid: 1, roles, nowMs: Date.now() });

test('what a transaction tells is heard at its commit, and its caller goes on when all that send have heard', async () => {
  const sending = await open(await register());
  const other = await open(await register());
  await register('api');
  const telling = await open(null, { heardWithinMs: NEVER_MS });
  const before = await withTransaction(database.pool, async (transaction) => {
    afterCommit(transaction, await telling.tell(transaction, 'settle', STOPPED));
    return [...sending.heard, ...other.heard];
  });
  expect(before).toEqual([]);
  expect([sending.heard, other.heard]).toEqual([
    [{ step: 'settle', stopped: STOPPED }],
    [{ step: 'settle', stopped: STOPPED }],
  ]);
});

test('of many numbers all are heard, also when one process says it and sends itself', async () => {
  const sending = await open(await register());
  const telling = await open(await register(), { heardWithinMs: NEVER_MS });
  const many = Array.from({ length: 1_100 }, (_, index) => ({
    listId: 2_147_483_647,
    phone: 100_000_000_000_000 + index,
  }));
  await withTransaction(database.pool, async (transaction) => {
    afterCommit(transaction, await telling.tell(transaction, 'settle', many));
  });
  expect(sending.heard.flatMap(({ stopped }) => stopped)).toEqual(many);
  expect(telling.heard).toEqual([]);
});

test('of a transaction that fails nothing is heard', async () => {
  const sending = await open(await register());
  const telling = await open(null);
  const failing = withTransaction(database.pool, async (transaction) => {
    await telling.tell(transaction, 'settle', STOPPED);
    throw new Error('The work failed');
  });
  await expect(failing).rejects.toThrow('The work failed');
  await telling.announce(database.pool, STOPPED);
  expect(sending.heard.map(({ step }) => step)).toEqual(['begin']);
});

test('a process that does not answer is waited for once, until it is heard of again', async () => {
  // It is in the list of workers and listens to nobody.
  const gone = await register();
  const telling = await open(null, { heardWithinMs: 1_000 });
  const tell = () =>
    withTransaction(database.pool, async (transaction) => {
      afterCommit(transaction, await telling.tell(transaction, 'settle', STOPPED));
    });
  const startedMs = performance.now();
  await tell();
  const waitedMs = performance.now() - startedMs;
  for (let turn = 0; turn < 30; turn++) await tell();
  expect([waitedMs > 990, performance.now() - startedMs < 20_000]).toEqual([true, true]);
  const back = await open(gone);
  await tell();
  expect(back.heard).toHaveLength(1);
});

test('a process whose connection breaks is deaf until it listens again, and knows that it may have missed something', async () => {
  const sending = await open(await register());
  const telling = await open(null);
  expect([sending.isDeaf(), sending.listened]).toEqual([false, 1]);
  const [client] = sending.clients;
  const ended = new Promise<void>((resolve) => client?.once('end', () => resolve()));
  await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where pid = $1`, [
    (client as Client & { processID: number }).processID,
  ]);
  await ended;
  expect(sending.isDeaf()).toBe(true);
  await until('it listens again', () => !sending.isDeaf());
  expect(sending.listened).toBe(2);
  await telling.announce(database.pool, STOPPED);
  expect(sending.heard).toHaveLength(1);
});

test('a process that got no answer for too long is deaf though its connection stands', async () => {
  const sending = await open(await register(), { deafAfterMs: 0 });
  await until('its last poll is past', () => sending.isDeaf());
  expect(sending.isDeaf()).toBe(true);
});
