import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { createPartitionLeases, type PartitionLeases } from './partition-leases.ts';
import { registerWorker } from './worker-store.ts';

const PARTITIONS = 8;
const START_MS = 1_790_000_000_000;

let database: TestDatabase;
let nowMs = START_MS;
let opened: PartitionLeases[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  nowMs = START_MS;
  opened = [];
});
afterEach(async () => {
  for (const leases of opened) await leases[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function join(): Promise<PartitionLeases> {
  const { pool } = database;
  const workerId = await registerWorker(pool, { host: 'h', pid: 1, roles: 'api,pipeline', nowMs });
  const leases = createPartitionLeases({
    pool,
    kind: 'lists',
    partitions: PARTITIONS,
    workerId,
    role: 'pipeline',
    clock: () => nowMs,
    onError: (error) => {
      throw error;
    },
  });
  opened.push(leases);
  await leases.start();
  return leases;
}

function ownedBy(leases: PartitionLeases): number[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => partition).filter((partition) => leases.owns(partition));
}

test('one process alone owns everything', async () => {
  expect(ownedBy(await join())).toHaveLength(PARTITIONS);
});

test('a second process gets half once the first has let go of it, and nothing has two owners', async () => {
  const first = await join();
  const second = await join();
  expect(ownedBy(second)).toEqual([]);
  await first.start();
  await second.start();
  expect([...ownedBy(first), ...ownedBy(second)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(ownedBy(first)).toHaveLength(PARTITIONS / 2);
});

test('processes that start at once never own the same partition', async () => {
  const all = await Promise.all([join(), join(), join()]);
  for (let round = 0; round < 3; round++) await Promise.all(all.map((leases) => leases.start()));
  const owned = all.flatMap(ownedBy);
  expect(new Set(owned).size).toBe(owned.length);
  expect(owned).toHaveLength(PARTITIONS);
});

test('a share is lost with time, also when the database does not answer, and another process takes it', async () => {
  const first = await join();
  nowMs += 31_000;
  expect(ownedBy(first)).toEqual([]);
  expect(ownedBy(await join())).toHaveLength(PARTITIONS);
});

test('a process that ends gives its share back at once', async () => {
  const first = await join();
  await first[Symbol.asyncDispose]();
  expect(ownedBy(first)).toEqual([]);
  await database.pool.query('delete from worker');
  expect(ownedBy(await join())).toHaveLength(PARTITIONS);
});
