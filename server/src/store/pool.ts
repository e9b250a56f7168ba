import { Pool as PgPool, TypeOverrides, type ClientConfig } from 'pg';

export type Pool = PgPool;

/** int8 as a number: every bigint that we store is below 2^53 (numbers, phones, milliseconds), hashes are read as text. */
const INT8 = 20;
const INT8_ARRAY = 1016;

const types = new TypeOverrides();
types.setTypeParser(INT8, Number);
types.setTypeParser(INT8_ARRAY, parseInt8Array);

function parseInt8Array(text: string): number[] {
  return text.length === 2 ? [] : text.slice(1, -1).split(',').map(Number);
}

/**
 * Session options for statements that all are look-ups by the keys of a batch: a plan that was made while tables were
 * empty must not scan them when they are full. Prepared plans take an array for ten rows, and a nested loop over two of a
 * thousand costs a million steps: rows are joined by hash or merge.
 */
export const KEY_LOOKUP_OPTIONS = '-c enable_seqscan=off -c enable_nestloop=off -c jit=off';

export interface PoolOptions {
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly max: number;
  /** For so long a caller waits for a connection. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /**
   * A statement that takes longer fails, so that a database that is stopped or cut off holds up nobody for ever: the
   * server cancels it, and a server that does not answer loses the connection half a second later. Default: no limit.
   */
  readonly statementTimeoutMs?: number;
}

/** What the client waits for an answer longer than the server works on it. */
const ANSWER_TIMEOUT_MS = 500;

/** `connection`: a `postgres://` address, or the folder of a Unix socket with user and database in `config`. */
export function createPool(connection: ClientConfig, options: PoolOptions): Pool {
  const pool = new PgPool({
    ...connection,
    types,
    max: options.max,
    application_name: `trackly ${options.name}`,
    keepAlive: true,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: 60_000,
    ...timeLimits(options),
  });
  // A client that loses its server says so here, an idle one through the pool; the next query finds out by itself.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', () => {});
  return pool;
}

function timeLimits({ statementTimeoutMs }: PoolOptions): Pick<ClientConfig, 'statement_timeout' | 'query_timeout'> {
  if (statementTimeoutMs === undefined) return {};
  return { statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + ANSWER_TIMEOUT_MS };
}
