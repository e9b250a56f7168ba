import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientConfig } from 'pg';
import type { Env } from '../../../cli/test/helpers/run-cli.ts';
import { stopLeftoverPostgres } from '../../src/store/leftover-postgres.ts';
import { chooseDatabaseUser } from '../../src/store/os-user.ts';
import { preparePostgresBinaries } from '../../src/store/postgres-binaries.ts';
import { initialisePostgres, type PostgresProcess, startPostgresProcess } from '../../src/store/postgres-process.ts';
import { findRunningPostgres } from '../../src/store/running-postgres.ts';
import { signalPostgres } from './embedded-postgres-processes.ts';

/** A PostgreSQL that a test may stop and kill, whoever owns it. */
export interface FaultyPostgres {
  /** To every process of it. Resolves with how many there were. */
  signal(signal: NodeJS.Signals): Promise<number>;
  /** What brings it back after it was killed. */
  readonly keeper: 'the server' | 'the operator';
  /** Starts it again where the operator must. */
  restart(): Promise<void>;
  /** How a test reaches it while it runs. */
  connection(): Promise<ClientConfig>;
}

/** The embedded one of a server's data folder. */
export function embeddedPostgresOf(dataDir: string): FaultyPostgres {
  return {
    signal: (signal) => signalPostgres(dataDir, signal),
    keeper: 'the server',
    restart: async () => {},
    async connection() {
      const connection = await findRunningPostgres(dataDir);
      if (connection === null) throw new Error(`The database of ${dataDir} does not run`);
      return connection;
    },
  };
}

/** A PostgreSQL of the test's own, durable, for a server with DATABASE_URL. */
export interface OwnPostgres extends FaultyPostgres, AsyncDisposable {
  /** Points a server to it. */
  readonly env: Env;
}

const SUPERUSER = 'test';

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const user = await chooseDatabaseUser();
  const folder = await mkdtemp(join(tmpdir(), 'trackly-own-'));
  const home = join(folder, 'postgresql');
  await mkdir(home);
  if (user !== null) for (const path of [folder, home]) await chown(path, user.uid, user.gid);
  const { binDir } = await preparePostgresBinaries(user, folder);
  const dataDir = join(home, 'data');
  await initialisePostgres({ binDir, dataDir, user, superuser: SUPERUSER, durable: true });
  const settings = { listen_addresses: '', unix_socket_directories: home, lc_messages: 'C' };
  const start = (): Promise<PostgresProcess> => startPostgresProcess({ binDir, dataDir, user, settings });
  let running = await start();
  return {
    env: { DATABASE_URL: `postgres:///postgres?host=${home}&user=${SUPERUSER}` },
    signal: (signal) => signalPostgres(folder, signal),
    keeper: 'the operator',
    async restart() {
      await running.exited;
      await stopLeftoverPostgres(dataDir, home);
      running = await start();
    },
    connection: async () => ({ host: home, port: 5432, user: SUPERUSER, database: 'postgres' }),
    async [Symbol.asyncDispose]() {
      await signalPostgres(folder, 'SIGCONT');
      await running.stop(10_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
