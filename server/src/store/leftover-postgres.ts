import { execFile } from 'node:child_process';
import { readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POLL_MS = 20;
const STEPS: readonly [signal: NodeJS.Signals, timeoutMs: number][] = [
  ['SIGINT', 15_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
];

/**
 * Stops a server that a killed process of ours left running on these files, so that nothing of its connections goes on
 * beside the new ones, and clears its mark when the process number belongs to something else by now.
 * The caller must hold the lock of the folder.
 * @param dataDir a real path
 * @throws Error when it does not stop
 */
export async function stopLeftoverPostgres(dataDir: string, socketDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  const pid = await readPid(pidFile);
  if (pid === null || !isAlive(pid)) return;
  if (!(await servesFolder(pid, dataDir))) {
    // PostgreSQL itself would refuse to start, because a process with this number lives.
    await rm(pidFile);
    await rm(join(socketDir, '.s.PGSQL.5432.lock'), { force: true });
    return;
  }
  for (const [signal, timeoutMs] of STEPS) {
    sendSignal(pid, signal);
    if (await isGoneWithin(pid, dataDir, timeoutMs)) return;
  }
  throw new Error(`The database in ${dataDir} is still running as process ${pid} and does not stop`);
}

async function readPid(pidFile: string): Promise<number | null> {
  try {
    const pid = Number.parseInt(await readFile(pidFile, 'utf8'), 10);
    return pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** A process of another user counts as gone, as PostgreSQL itself sees it: it cannot have these files open. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A server works in the folder of its files. */
async function servesFolder(pid: number, dataDir: string): Promise<boolean> {
  try {
    if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`)) === dataDir;
    const { stdout } = await run('ps', ['-p', String(pid), '-o', 'args=']);
    return stdout.includes(dataDir);
  } catch {
    return false;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went away by itself.
  }
}

/** A dead process that nobody waits for keeps its number, but not its folder. */
async function isGoneWithin(pid: number, dataDir: string, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(pid) && (await servesFolder(pid, dataDir))) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
