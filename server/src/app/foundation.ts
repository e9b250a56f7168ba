import type { ClientConfig } from 'pg';
import * as accounts from '../accounts/index.ts';
import type { Directory } from '../accounts/index.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { DisposalStack } from '../lib/disposal-stack.ts';
import { createSteadyClock } from '../lib/steady-clock.ts';
import type { Log } from '../log/log.ts';
import { createErrorReporter } from '../observe/error-reporter.ts';
import type { Logger } from '../observe/logger.ts';
import * as secrets from '../secrets/index.ts';
import { openDataFolder } from '../store/data-folder.ts';
import { migrate } from '../store/migrate.ts';
import { releaseAllLeases } from '../store/outbound-batch-store.ts';
import { KEY_LOOKUP_OPTIONS, createPool, type Pool, type PoolOptions } from '../store/pool.ts';
import {
  API_LIMITS,
  BACKGROUND_LIMITS,
  DIRECTORY_STALE_MS,
  PIPELINE_POOL_SIZE,
  POOL_SIZE,
  connectListener,
  openDatabase,
  openLog,
  withIdleLimit,
} from './database.ts';
import type { Limits } from './limits.ts';

/** What everything else stands on. */
export interface Foundation {
  readonly building: DisposalStack;
  readonly config: Config;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly connection: ClientConfig;
  readonly pool: Pool;
  readonly hotPool: Pool;
  readonly upkeepPool: Pool;
  readonly directory: Directory;
  readonly log: Log;
  readonly identityKey: Buffer;
  /** Seals credentials. */
  readonly secretKey: Buffer;
}

/** What the first start tells, and where the database is. */
export interface Opened {
  readonly foundation: Foundation;
  readonly firstKey: { readonly apiKey: string; readonly listNumber: string } | null;
  readonly databaseMovedTo: string | null;
}

/** Opens what everything stands on, in order: data folder, database with its schema, directory, log. */
export async function openFoundation(
  building: DisposalStack,
  config: Config,
  logger: Logger,
  limits: Limits,
): Promise<Opened> {
  const clock = createSteadyClock();
  const folder = building.use(await openDataFolder(config.dataDir, config.secretKey));
  const database = withIdleLimit(await openDatabase(building, config, logger), limits);
  const openPool = (options: PoolOptions, session: ClientConfig = {}): Pool =>
    building.adopt(createPool({ ...database.connection, ...session }, options), (it) => it.end());
  const pool = openPool({ name: 'api', max: POOL_SIZE, ...API_LIMITS });
  const hotPool = openPool(
    { name: 'pipeline', max: PIPELINE_POOL_SIZE, ...BACKGROUND_LIMITS },
    { options: KEY_LOOKUP_OPTIONS },
  );
  // A migration and the removal of what is old may take any time.
  const upkeepPool = openPool({ name: 'upkeep', max: 1 });
  await migrate(upkeepPool);
  const fileFolder = config.secretKey === null ? folder.path : null;
  const keys = await secrets.bindDataFolder(upkeepPool, folder.secretKey, fileFolder);
  const demo = await accounts.createDemo(upkeepPool, { apiKey: config.firstApiKey ?? undefined, nowMs: clock() });
  if (config.databaseUrl === null) await releaseAllLeases(upkeepPool);
  const onError = createErrorReporter(logger);
  const directory = building.use(
    await accounts.openDirectory({
      pool,
      connect: () => connectListener(database.connection),
      clock,
      secretKey: keys.secretKey,
      staleAfterMs: config.databaseUrl === null ? null : DIRECTORY_STALE_MS,
      onError,
    }),
  );
  const log = building.use(await openLog(config, openPool));
  const foundation = {
    building,
    config,
    limits,
    logger,
    clock,
    connection: database.connection,
    pool,
    hotPool,
    upkeepPool,
    directory,
    log,
    identityKey: keys.identityKey,
    secretKey: keys.secretKey,
  };
  const firstKey = demo.created ? { apiKey: demo.apiKey, listNumber: demo.listNumber } : null;
  return { foundation, firstKey, databaseMovedTo: database.movedTo };
}
