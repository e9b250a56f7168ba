import { access, chown, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { type DatabaseHome, findDatabaseHome } from './database-home.ts';
import { lockFolder } from './folder-lock.ts';
import { stopLeftoverPostgres } from './leftover-postgres.ts';
import { preparePostgresBinaries } from './postgres-binaries.ts';
import { keepPostgres, type PostgresKeeper } from './postgres-keeper.ts';
import { initialisePostgres, type PostgresProcess, startPostgresProcess } from './postgres-process.ts';

const ROLE = 'trackly';
const DATABASE = 'trackly';
const PORT = 5432;
/** The room of sun_path less the final zero, on the smallest platform (macOS). */
const SOCKET_PATH_MAX_BYTES = 103;
const STOP_TIMEOUT_MS = 30_000;

/** For two cores and little memory; a commit is on disk when it is acknowledged. */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  port: String(PORT),
  max_connections: '100',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  random_page_cost: '1.1',
  fsync: 'on',
  synchronous_commit: 'on',
  max_wal_size: '4GB',
  wal_buffers: '16MB',
  checkpoint_timeout: '15min',
  // Queue tables turn over all the time: little and often keeps them small.
  autovacuum_naptime: '15s',
  autovacuum_vacuum_scale_factor: '0.05',
  autovacuum_analyze_scale_factor: '0.05',
  autovacuum_vacuum_cost_limit: '1000',
  lc_messages: 'C',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  jit: 'off',
};

export interface EmbeddedPostgresOptions {
  /** The data folder of this installation; the database gets a folder in it. */
  readonly dataDir: string;
  /** Gets each line that the server prints. */
  readonly log?: (line: string) => void;
  /** The server ended by itself, or could not be started again yet. */
  readonly onFailure?: (error: Error) => void;
  /**
   * Where the database and its programs go when we are root and the user that runs them cannot enter the data folder or
   * node_modules, default `/var/lib/trackly`.
   */
  readonly sharedDir?: string;
}

export interface EmbeddedPostgres {
  readonly connection: ClientConfig;
  /** The folder that the database is in, a real path. */
  readonly location: string;
  /** The database is outside of the data folder, because its user cannot enter that. */
  readonly relocated: boolean;
  /** The programs run from a copy outside of node_modules. */
  readonly binariesCopied: boolean;
  /** The exit code when the server is gone for good; null after a signal. One that ends by itself is started again. */
  readonly exited: Promise<number | null>;
  /** Fast shutdown; forced after 30 s. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the PostgreSQL of this installation on a private Unix socket; makes its files on the first start (about a
 * second, later starts a tenth of one). A server that a killed process left running on the same files is stopped first.
 * @throws Error with one sentence for the operator; FolderInUseError when another process of ours runs it
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const sharedDir = options.sharedDir ?? '/var/lib/trackly';
  const dataDir = await realpath(options.dataDir);
  const home = await findDatabaseHome(dataDir, sharedDir);
  const binaries = await preparePostgresBinaries(home.user, home.user === null ? dataDir : sharedDir);
  // A data folder that was copied with its link leads here too.
  const lock = await lockFolder(home.path, 'database');
  const socketDir = await chooseSocketFolder(home);
  const release = async (): Promise<void> => {
    if (socketDir !== home.path) await rm(socketDir, { recursive: true, force: true });
    await lock[Symbol.asyncDispose]();
  };
  try {
    const server = await startServer(home, socketDir, binaries.binDir, options);
    return toEmbeddedPostgres({ home, socketDir, binariesCopied: binaries.copied, server, release });
  } catch (error) {
    await release();
    throw error;
  }
}

async function startServer(
  home: DatabaseHome,
  socketDir: string,
  binDir: string,
  options: EmbeddedPostgresOptions,
): Promise<PostgresKeeper> {
  const dataDir = join(home.path, 'data');
  if (await isMissing(join(dataDir, 'PG_VERSION'))) await makeDatabase(home, binDir);
  async function start(): Promise<PostgresProcess> {
    await stopLeftoverPostgres(dataDir, socketDir);
    return await startPostgresProcess({
      binDir,
      dataDir,
      user: home.user,
      settings: { ...SETTINGS, unix_socket_directories: socketDir },
      ...(options.log === undefined ? {} : { log: options.log }),
    });
  }
  const server = await start();
  try {
    await ensureDatabase(toConnection(socketDir));
  } catch (error) {
    await server.stop(STOP_TIMEOUT_MS);
    throw error;
  }
  return keepPostgres(server, { restart: start, onFailure: options.onFailure ?? (() => {}) });
}

interface Parts {
  readonly home: DatabaseHome;
  readonly socketDir: string;
  readonly binariesCopied: boolean;
  readonly server: PostgresKeeper;
  readonly release: () => Promise<void>;
}

function toEmbeddedPostgres({ home, socketDir, binariesCopied, server, release }: Parts): EmbeddedPostgres {
  let disposed: Promise<void> | undefined;
  return {
    connection: toConnection(socketDir),
    location: home.path,
    relocated: home.relocated,
    binariesCopied,
    exited: server.exited,
    [Symbol.asyncDispose]: () => (disposed ??= server.stop(STOP_TIMEOUT_MS).then(release)),
  };
}

/** Made beside its place and renamed, so that a start that was cut off leaves no half database. */
async function makeDatabase(home: DatabaseHome, binDir: string): Promise<void> {
  const draft = join(home.path, 'data.new');
  await rm(draft, { recursive: true, force: true });
  await initialisePostgres({ binDir, dataDir: draft, user: home.user, superuser: ROLE, durable: true });
  await rename(draft, join(home.path, 'data'));
}

/** The home itself, unless the address of a socket in it would be too long for the system. */
async function chooseSocketFolder({ path, user }: DatabaseHome): Promise<string> {
  if (Buffer.byteLength(`${path}/.s.PGSQL.${PORT}`) <= SOCKET_PATH_MAX_BYTES) return path;
  const folder = await mkdtemp(join(tmpdir(), 'trackly-'));
  if (user !== null) await chown(folder, user.uid, user.gid);
  return folder;
}

/** How to reach the database on a socket in `socketDir`. */
export function toConnection(socketDir: string): ClientConfig {
  return { host: socketDir, port: PORT, user: ROLE, database: DATABASE, ssl: false };
}

async function ensureDatabase(connection: ClientConfig): Promise<void> {
  const client = new Client({ ...connection, database: 'postgres' });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await access(path);
    return false;
  } catch {
    return true;
  }
}
