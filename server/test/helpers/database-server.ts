import { chown, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/store/migrate.ts';
import { chooseDatabaseUser, type OsUser } from '../../src/store/os-user.ts';
import { createPool } from '../../src/store/pool.ts';
import { preparePostgresBinaries } from '../../src/store/postgres-binaries.ts';
import { initialisePostgres, type PostgresProcess, startPostgresProcess } from '../../src/store/postgres-process.ts';

/** How the tests of one run reach their PostgreSQL. */
export interface DatabaseServer {
  readonly host: string;
  readonly user: string;
  /** A migrated database that no test may change. */
  readonly template: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    databaseServer: DatabaseServer;
  }
}

interface RunningServer {
  readonly server: DatabaseServer;
  readonly process: PostgresProcess;
  readonly folder: string;
}

/** One server for all projects of a run; each project loads this module anew. */
interface Shared {
  users: number;
  running: Promise<RunningServer> | null;
}
const shared = ((globalThis as { tracklyTestDatabase?: Shared }).tracklyTestDatabase ??= { users: 0, running: null });

const SETTINGS = {
  listen_addresses: '',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  lc_messages: 'C',
};

const MEMORY = '/dev/shm';
const MEMORY_NEEDED_BYTES = 4 * 1024 ** 3;

export async function setup(project: TestProject): Promise<void> {
  shared.users += 1;
  shared.running ??= startServer();
  project.provide('databaseServer', (await shared.running).server);
}

export async function teardown(): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0 || shared.running === null) return;
  const { process, folder } = await shared.running;
  shared.running = null;
  await process.stop(10_000);
  await rm(folder, { recursive: true, force: true });
}

async function startServer(): Promise<RunningServer> {
  const user = await chooseDatabaseUser();
  const folder = await makeFolder(user);
  const options = { binDir: await findBinDir(user, folder), dataDir: join(folder, 'data'), user };
  await initialisePostgres({ ...options, superuser: 'test', durable: false });
  const settings = { ...SETTINGS, unix_socket_directories: folder };
  const process = await startPostgresProcess({ ...options, settings });
  const server = { host: folder, user: 'test', template: 'test_template' };
  await makeTemplate(server);
  return { server, process, folder };
}

async function makeFolder(user: OsUser | null): Promise<string> {
  const folder = await mkdtemp(join(await chooseParent(), 'trackly-test-'));
  if (user !== null) await chown(folder, user.uid, user.gid);
  return folder;
}

/** Memory where there is enough: a clone of the template is hundreds of files, made five times faster there. */
async function chooseParent(): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(MEMORY);
    return bavail * bsize > MEMORY_NEEDED_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

async function findBinDir(user: OsUser | null, folder: string): Promise<string> {
  if (process.env['TEST_DATABASE'] === 'pg15') return '/usr/lib/postgresql/15/bin';
  const { binDir } = await preparePostgresBinaries(user, folder);
  return binDir;
}

async function makeTemplate({ host, user, template }: DatabaseServer): Promise<void> {
  const admin = new Client({ host, port: 5432, user, database: 'postgres' });
  await admin.connect();
  await admin.query(`create database ${template}`);
  await admin.end();
  const pool = createPool({ host, port: 5432, user, database: template }, { name: 'test template', max: 1 });
  await migrate(pool);
  await pool.end();
}
