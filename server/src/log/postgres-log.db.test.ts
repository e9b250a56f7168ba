import { describe, expect, it, vi } from 'vitest';

import { startDatabaseProxy } from '../../test/helpers/database-proxy.ts';
import { createTestDatabase } from '../../test/helpers/test-database.ts';
import { within } from '../lib/within.ts';
import { createPool } from '../store/pool.ts';

import { describeLog } from './conformance.ts';
import { LogFullError, LogUnavailableError } from './log.ts';
import { createListener } from './postgres-log-listener.ts';
import { openPostgresLog, toLogError } from './postgres-log.ts';

describeLog('postgres', async () => {
  const database = await createTestDatabase();
  return {
    address: { engine: 'postgres', connection: database.connection },
    open: () => openPostgresLog({ pool: database.pool }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
});

describe('the postgres log and its database', () => {
  it('answers LogFullError when the disk of the database is full', () => {
    const error = Object.assign(new Error('could not extend file'), { code: '53100' });
    expect(toLogError(error)).toBeInstanceOf(LogFullError);
  });

  it('answers LogUnavailableError when the database cannot be reached', async () => {
    const pool = createPool({ host: '/nonexistent', user: 'test', database: 'test' }, { name: 'test', max: 1 });
    await expect(openPostgresLog({ pool })).rejects.toThrow(LogUnavailableError);
    await pool.end();
  });

  it('rejects appends while its connections are cut, and goes on afterwards', async () => {
    await using database = await createTestDatabase();
    await using log = await openPostgresLog({ pool: database.pool, partitions: 2 });
    const waiting = log.waitForEntries('outbound', 1, 0, AbortSignal.timeout(20_000));
    await using admin = await createAdmin(database.connection);
    await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    const results = await Promise.allSettled([log.append('outbound', 1, Buffer.from('a'))]);
    const reasons = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(reasons.filter((reason) => !(reason instanceof LogUnavailableError))).toEqual([]);
    const second = await vi.waitFor(() => log.append('outbound', 1, Buffer.from('b')), { timeout: 10_000 });
    await waiting;
    expect((await log.read('outbound', 1, 0, 1_000)).at(-1)?.seq).toBe(second);
  });

  it('tells other processes of appends', async () => {
    await using database = await createTestDatabase();
    let listener = createListener(database.pool, () => {});
    const heard = new Promise<string>((resolve) => {
      listener = createListener(database.pool, (...appended) => resolve(appended.join(' ')));
    });
    await listener.start();
    await using log = await openPostgresLog({ pool: database.pool });
    const seq = await log.append('events', 5, Buffer.from('x'));
    expect(await heard).toBe(`events 5 ${seq}`);
    await listener.stop();
  });

  it('takes its leave of a database that does not answer within seconds', async () => {
    await using database = await createTestDatabase();
    await using proxy = await startDatabaseProxy(database);
    const pool = createPool(proxy.connection, { name: 'test', max: 1, statementTimeoutMs: 500 });
    const listener = createListener(pool, () => {});
    await listener.start();
    proxy.freeze();
    listener.announce('events', 5, 1);
    await expect(within(3_000, listener.stop())).resolves.toBeUndefined();
    await pool.end();
  });

  it('joins concurrent appends of a partition into few statements', async () => {
    await using database = await createTestDatabase();
    await using log = await openPostgresLog({ pool: database.pool });
    const before = await countInserts(database.pool);
    await Promise.all(Array.from({ length: 500 }, () => log.append('events', 3, Buffer.from('x'))));
    expect((await countInserts(database.pool)) - before).toBeLessThanOrEqual(2);
  });
});

/** Transactions that wrote entries, by the transaction number of each row. */
async function countInserts(pool: Awaited<ReturnType<typeof createTestDatabase>>['pool']): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select count(distinct xmin::text) as count from log_entry');
  return rows[0]?.count ?? 0;
}

async function createAdmin(connection: Parameters<typeof createPool>[0]) {
  const pool = createPool(connection, { name: 'admin', max: 1 });
  return { query: (text: string) => pool.query(text), [Symbol.asyncDispose]: () => pool.end() };
}
