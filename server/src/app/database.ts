import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import type { Config } from '../config/config.ts';
import { SECOND_MS } from '../lib/clock.ts';
import type { DisposalStack } from '../lib/disposal-stack.ts';
import { openLmdbLog } from '../log/lmdb-log.ts';
import type { Log } from '../log/log.ts';
import { openPostgresLog } from '../log/postgres-log.ts';
import type { Logger } from '../observe/logger.ts';
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts';
import { SHARE_LEASE_MS } from '../store/partition-leases.ts';
import type { Pool, PoolOptions } from '../store/pool.ts';
import type { Limits } from './limits.ts';

/** The database may be unheard of for so long before keys and lists in memory count as out of date. */
export const DIRECTORY_STALE_MS = 60 * SECOND_MS;

export const POOL_SIZE = 12;

export const PIPELINE_POOL_SIZE = 16;

/** Of a log in the database: its partitions are written and read at once. */
const LOG_POOL_SIZE = 12;

/** What waits for HTTP: a caller has an answer, if only 503, before it gives up. */
export const API_LIMITS = { connectTimeoutMs: 3 * SECOND_MS, statementTimeoutMs: 4 * SECOND_MS };

/** What nobody waits for: only a database that does not answer at all takes so long. */
export const BACKGROUND_LIMITS = { statementTimeoutMs: 30 * SECOND_MS };

interface Database {
  readonly connection: ClientConfig;
  readonly movedTo: string | null;
}

export async function openDatabase(building: DisposalStack, config: Config, logger: Logger): Promise<Database> {
  if (config.databaseUrl !== null) return { connection: { connectionString: config.databaseUrl }, movedTo: null };
  const embedded = building.use(
    await startEmbeddedPostgres({
      dataDir: config.dataDir,
      log: (line) => logger.debug({ line }, 'postgres'),
      onFailure: (error) => logger.error({ err: error }, 'the database is away'),
    }),
  );
  return { connection: embedded.connection, movedTo: embedded.relocated ? embedded.location : null };
}

/**
 * A process that is paused in a transaction keeps its locks. Before its share of the work is somebody else's, the server
 * must have taken them back.
 */
export function withIdleLimit(database: Database, { shareLeaseMs = SHARE_LEASE_MS }: Limits): Database {
  const connection = { ...database.connection, idle_in_transaction_session_timeout: shareLeaseMs };
  return { ...database, connection };
}

export async function connectListener(connection: ClientConfig): Promise<Client> {
  const client = new Client({
    ...connection,
    application_name: 'trackly listen',
    keepAlive: true,
    connectionTimeoutMillis: 5 * SECOND_MS,
  });
  await client.connect();
  return client;
}

/** Callers of the API wait for the log, so one in the database has their limits, and does not wait for the pipeline. */
export function openLog(config: Config, openPool: (options: PoolOptions) => Pool): Promise<Log> {
  if (config.log === 'lmdb') return openLmdbLog({ dir: join(config.dataDir, 'log') });
  return openPostgresLog({ pool: openPool({ name: 'log', max: LOG_POOL_SIZE, ...API_LIMITS }) });
}
