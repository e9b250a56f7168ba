import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The processes of the embedded PostgreSQL of a data folder, the postmaster first. [] when it does not run. */
async function findPostgresProcesses(dataDir: string): Promise<number[]> {
  const file = await readFile(join(dataDir, 'postgresql/data/postmaster.pid'), 'utf8').catch(() => '');
  const postmaster = Number.parseInt(file, 10);
  if (!(postmaster > 1) || !isRunning(postmaster)) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map(readParent));
  return [postmaster, ...pids.filter((_, index) => parents[index] === postmaster)];
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** `/proc/<pid>/stat`: the parent is the second field after the name in brackets. */
async function readParent(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Sends a signal to all of them. Resolves with how many there were. */
export async function signalPostgres(dataDir: string, signal: NodeJS.Signals): Promise<number> {
  const pids = await findPostgresProcesses(dataDir);
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }
  return pids.length;
}
