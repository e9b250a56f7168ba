import type { Pool, PoolClient } from 'pg';

/** A client inside `begin` ... `commit`. Only `withTransaction` makes one. */
export type Transaction = PoolClient & { readonly transaction: unique symbol };

/**
 * The database cannot be reached, did not answer in time or gave up on the connection. Nothing is known to be stored, and
 * nothing is known not to be: the answer to a commit can be lost too. Retry later with something that is safe to repeat.
 */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

/**
 * Runs `work` in one transaction on a connection of its own; commits when it resolves, rolls back when it rejects.
 * @throws DatabaseUnavailableError when the connection cannot be had or breaks; else what `work` throws
 */
export async function withTransaction<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const { result, telling } = await commit(pool, work);
  if (telling.length > 0) await Promise.all(telling);
  return result;
}

/** A deadlock ends as soon as one of those in it lets go; who meets one so often meets something else. */
const CONFLICT_TRIES = 5;

/**
 * The same for `work` whose whole effect is in the transaction: when another transaction was in the way (deadlock), it is
 * done again.
 * @throws as `withTransaction`
 */
export async function withRepeatedTransaction<T>(
  pool: Pool,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await withTransaction(pool, work);
    } catch (error) {
      if (!isConflict(error) || tries === CONFLICT_TRIES) throw error;
    }
  }
}

interface Committed<T> {
  readonly result: T;
  /** What was begun after the commit. */
  readonly telling: readonly Promise<void>[];
}

async function commit<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<Committed<T>> {
  const client = await connect(pool);
  let broken: unknown;
  try {
    await client.query('begin');
    const result = await work(client as Transaction);
    await client.query('commit');
    const telling: Promise<void>[] = [];
    for (const tell of afterCommits.get(client) ?? []) {
      const told = tell();
      if (told instanceof Promise) telling.push(told);
    }
    return { result, telling };
  } catch (error) {
    broken = await rollBack(client, error);
    throw toDatabaseError(error);
  } finally {
    afterCommits.delete(client);
    client.release(broken instanceof Error ? broken : undefined);
  }
}

/** Runs in the caller's transaction where there is one, else in a new one, as `withRepeatedTransaction` does. */
export function within<T>(
  pool: Pool,
  transaction: Transaction | null,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return transaction === null ? withRepeatedTransaction(pool, work) : work(transaction);
}

type Tell = () => Promise<void> | void;

const afterCommits = new WeakMap<PoolClient, Tell[]>();

/**
 * Calls `tell` when the transaction is committed; never when it is rolled back, nor when the answer to its commit is lost.
 * Whoever began it goes on when what `tell` returns has resolved; the connection is free by then. `tell` must not throw,
 * nor its promise reject.
 */
export function afterCommit(transaction: Transaction, tell: Tell): void {
  const known = afterCommits.get(transaction);
  if (known === undefined) afterCommits.set(transaction, [tell]);
  else known.push(tell);
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw toDatabaseError(error);
  }
}

/** Returns the error when the connection is of no use any more, so that the pool throws it away. */
async function rollBack(client: PoolClient, error: unknown): Promise<unknown> {
  if (isConnectionError(error)) return error;
  try {
    await client.query('rollback');
    return undefined;
  } catch (rollbackError) {
    return rollbackError;
  }
}

/** Turns what `pg` throws when the server is away into one error; leaves everything else as it is. */
export function toDatabaseError(error: unknown): unknown {
  return isConnectionError(error)
    ? new DatabaseUnavailableError('The database cannot be reached', { cause: error })
    : error;
}

const CONNECTION_CODES = new Set([
  // A Unix socket whose server does not accept and whose queue is full.
  'EAGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
]);
/**
 * PostgreSQL classes 08 connection, 53 resources, 57P0x shutdown, 25006 read-only after a fail-over, 57014 took longer
 * than the pool allows.
 */
const SERVER_CODES = /^(08...|53...|57P0[1-4]|57014|25006)$/;
const CONNECTION_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed)/i;

export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof DatabaseUnavailableError) return true;
  const { code } = error as Error & { code?: unknown };
  if (typeof code === 'string') return CONNECTION_CODES.has(code) || SERVER_CODES.test(code);
  return CONNECTION_MESSAGES.test(error.message);
}

/** PostgreSQL's `query_canceled`, which the pool's limit ends in, and what `pg` says when not even that comes back. */
const TIME_LIMIT_CODE = '57014';
const TIME_LIMIT_MESSAGE = /^Query read timeout/i;

/** The work took longer than its pool allows: less of it may fit. */
export function isTimeLimitError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof DatabaseUnavailableError) return isTimeLimitError(error.cause);
  return (error as Error & { code?: unknown }).code === TIME_LIMIT_CODE || TIME_LIMIT_MESSAGE.test(error.message);
}

/** Somebody else has stored a row of the same key. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && (error as Error & { code?: unknown }).code === '23505';
}

/** Serialization failure and deadlock: another transaction was in the way, and the same work can be done again at once. */
const CONFLICT_CODES = new Set(['40001', '40P01']);

export function isConflict(error: unknown): boolean {
  return error instanceof Error && CONFLICT_CODES.has(String((error as Error & { code?: unknown }).code));
}
