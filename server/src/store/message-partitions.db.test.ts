import { expect, test } from 'vitest';
import { createTestDatabase } from '../../test/helpers/test-database.ts';
import { moveCounts } from './message-count-store.ts';
import { ensureMessagePartitions } from './message-partitions.ts';
import { withTransaction } from './transaction.ts';

const SIZE = 2 ** 24;

async function partitions(pool: Awaited<ReturnType<typeof createTestDatabase>>['pool']): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'message'::regclass order by 1`,
  );
  return rows.map((row) => row.name);
}

test('partitions are made where missing, by many at once and again', async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  await Promise.all(
    Array.from({ length: 6 }, () =>
      withTransaction(pool, (transaction) => ensureMessagePartitions(transaction, SIZE - 1, 2 * SIZE)),
    ),
  );
  expect(await partitions(pool)).toEqual(['message_p0', 'message_p1', 'message_p2']);
  await ensureMessagePartitions(pool, 2 * SIZE, 3 * SIZE - 1);
  expect(await partitions(pool)).toEqual(['message_p0', 'message_p1', 'message_p2']);
  await ensureMessagePartitions(pool, 2 ** 47 - 1, 2 ** 47 - 1);
  expect(await partitions(pool)).toHaveLength(4);
});

test('a partition has the keys and indexes of the table', async () => {
  await using database = await createTestDatabase();
  await ensureMessagePartitions(database.pool, 0, 0);
  const { rows } = await database.pool.query<{ indexdef: string }>(
    `select indexdef from pg_indexes where tablename = 'message_p0' order by 1`,
  );
  expect(rows.map((row) => row.indexdef.replace(/^.*using /i, ''))).toEqual([
    'btree (list_id, created_ms)',
    'btree (list_id, phone, text_hash)',
    'btree (list_id, number)',
  ]);
});

test('counts of concurrent moves add up', async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const move = (deltas: [number, number][]) =>
    withTransaction(pool, (transaction) => moveCounts(transaction, 7, new Map(deltas)));
  await move([[-1, 100]]);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      move(
        index % 2 === 0
          ? [
              [4, 2],
              [1, -1],
            ]
          : [
              [1, 1],
              [4, -1],
              [9, 0],
            ],
      ),
    ),
  );
  const { rows } = await pool.query('select state, count from message_count where list_id = 7 order by state');
  expect(rows).toEqual([
    { state: -1, count: 100 },
    { state: 1, count: 0 },
    { state: 4, count: 10 },
  ]);
});
