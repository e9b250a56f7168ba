import { createHash } from 'node:crypto';
import { readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const PID_FILE = 'trackly.pid';
/**
 * A process that starts another has a copy of itself, with its sockets, until that one runs its own program: for a moment a
 * lock outlives its holder.
 */
const WAIT_MS = 500;
const RETRY_MS = 20;

/** Somebody else holds the lock; the message names the folder and the process. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** Held until disposed, or until the process is gone: the system lets go of it then, however it died. */
export interface FolderLock {
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Takes a folder for this process alone; the lock is on the real path, so links lead to the same one.
 * @param what how the refusal calls the folder, such as `data folder`
 * @throws FolderInUseError within a second when another process has it
 */
export async function lockFolder(folder: string, what: string): Promise<FolderLock> {
  const path = await realpath(folder);
  const address = toLockAddress(path);
  const server = await take(address);
  const pidFile = join(path, PID_FILE);
  if (server === null) throw new FolderInUseError(`The ${what} ${folder} is in use by ${await nameHolder(pidFile)}`);
  server.unref();
  await writePid(pidFile);
  return {
    async [Symbol.asyncDispose]() {
      await rm(pidFile, { force: true });
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether some process has the folder now; false for a folder that is not there. */
export async function isFolderLocked(folder: string): Promise<boolean> {
  try {
    return await answers(toLockAddress(await realpath(folder)));
  } catch {
    return false;
  }
}

/** Abstract sockets (Linux) and named pipes (Windows) vanish with their process; elsewhere a socket file can be left over. */
function toLockAddress(path: string): string {
  const name = `trackly-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.lock`);
}

/** null: somebody else has it. */
async function take(address: string): Promise<Server | null> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const server = (await listen(address)) ?? (await takeOver(address));
    if (server !== null || performance.now() > endMs) return server;
    await setTimeout(RETRY_MS);
  }
}

/** null: somebody else listens there. */
async function listen(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}

/** Replaces a socket file that nobody answers on. */
async function takeOver(address: string): Promise<Server | null> {
  if (!address.startsWith('/') || (await answers(address))) return null;
  await rm(address, { force: true });
  return listen(address);
}

async function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Replaced, not written through: the folder can belong to a user that we trust less, and hold a link. */
async function writePid(pidFile: string): Promise<void> {
  await rm(pidFile, { force: true });
  await writeFile(pidFile, `${process.pid}\n`, { mode: 0o644, flag: 'wx' });
}

async function nameHolder(pidFile: string): Promise<string> {
  try {
    return `process ${(await readFile(pidFile, 'utf8')).trim()}`;
  } catch {
    return 'another process';
  }
}
