import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';
import { withTransaction } from './transaction.ts';

/**
 * Runs `read` in one read-only transaction whose statements all see the same moment of the database.
 * @throws DatabaseUnavailableError as `withTransaction`
 */
export async function withSnapshot<T>(pool: Pool, read: (transaction: Transaction) => Promise<T>): Promise<T> {
  return await withTransaction(pool, async (transaction) => {
    await transaction.query('set transaction isolation level repeatable read, read only');
    return await read(transaction);
  });
}
