import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { until } from '../../test/helpers/until.ts';
import { createPool, type Pool } from './pool.ts';
import { DatabaseUnavailableError, isConnectionError, withTransaction } from './transaction.ts';

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = createPool(database.connection, { name: 'limited', max: 2, connectTimeoutMs: 200, statementTimeoutMs: 100 });
});
afterEach(async () => {
  await pool.end();
  await database[Symbol.asyncDispose]();
});

test('a statement that takes too long counts as a database that is away, and the next one works', async () => {
  const slow = pool.query('select pg_sleep(10)');
  await expect(slow.catch((error: unknown) => isConnectionError(error))).resolves.toBe(true);
  const inside = withTransaction(pool, (transaction) => transaction.query('select pg_sleep(10)'));
  await expect(inside).rejects.toThrow(DatabaseUnavailableError);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('who waits for a connection of a busy pool is told in time', async () => {
  const held = [await pool.connect(), await pool.connect()];
  const work = withTransaction(pool, (transaction) => transaction.query('select 1'));
  await expect(work).rejects.toThrow(DatabaseUnavailableError);
  for (const client of held) client.release();
});

test('a connection that breaks within a transaction ends that and nothing else', async () => {
  const broken = withTransaction(pool, async (transaction) => {
    const { rows } = await transaction.query<{ pid: number }>('select pg_backend_pid() as pid');
    const gone = new Promise((resolve) => transaction.once('end', resolve));
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await gone;
    return await transaction.query('select 1');
  });
  await expect(broken).rejects.toThrow(DatabaseUnavailableError);
  await until('the pool has let it go', () => pool.totalCount === 0);
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});
