import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { startEmbeddedPostgres, toConnection } from './embedded-postgres.ts';
import { FolderInUseError, isFolderLocked } from './folder-lock.ts';

const WAIT_MS = 15_000;
const POLL_MS = 50;
/** Lines of PostgreSQL's postmaster.pid, counted from 0. */
const SOCKET_DIR_LINE = 4;
const STATUS_LINE = 7;

/** The embedded database for the time of one command. */
export interface BorrowedPostgres {
  readonly connection: ClientConfig;
  /** True: no server was running, so the database runs for this process alone. */
  readonly started: boolean;
  /** Stops the database when it was started for us. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Connects to the database of the server that has the data folder, or starts it when none has. Waits for a server that
 * is starting and for another command that has the database.
 * @throws Error with one sentence for the operator
 */
export async function borrowPostgres(dataDir: string): Promise<BorrowedPostgres> {
  const deadlineMs = performance.now() + WAIT_MS;
  for (;;) {
    const borrowed = (await isFolderLocked(dataDir)) ? await findRunning(dataDir) : await tryStart(dataDir, deadlineMs);
    if (borrowed !== null) return borrowed;
    if (performance.now() > deadlineMs) {
      throw new Error(
        `A server has the data folder ${dataDir}, but not its database: when it was started with DATABASE_URL, set that here too`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function findRunning(dataDir: string): Promise<BorrowedPostgres | null> {
  const connection = await findRunningPostgres(dataDir);
  if (connection === null || !(await answers(connection))) return null;
  return { connection, started: false, [Symbol.asyncDispose]: async () => {} };
}

/** null: another command has it; it will be done soon. */
async function tryStart(dataDir: string, deadlineMs: number): Promise<BorrowedPostgres | null> {
  try {
    const server = await startEmbeddedPostgres({ dataDir });
    return {
      connection: server.connection,
      started: true,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    if (error instanceof FolderInUseError && performance.now() < deadlineMs) return null;
    throw error;
  }
}

/** How to reach the database of a data folder by what PostgreSQL itself wrote there; null when it does not run. */
export async function findRunningPostgres(dataDir: string): Promise<ClientConfig | null> {
  try {
    const file = join(await realpath(dataDir), 'postgresql', 'data', 'postmaster.pid');
    const lines = (await readFile(file, 'utf8')).split('\n');
    const socketDir = lines[SOCKET_DIR_LINE]?.trim() ?? '';
    return socketDir === '' || lines[STATUS_LINE]?.trim() !== 'ready' ? null : toConnection(socketDir);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

async function answers(connection: ClientConfig): Promise<boolean> {
  const client = new Client(connection);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
