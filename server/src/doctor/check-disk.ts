import { statfs } from 'node:fs/promises';
import { healthy, type HealthCheck, unhealthy } from './health-check.ts';

const GIB = 1024 ** 3;
const MIN_FREE_BYTES = GIB;

/** Free space of the data folder. */
export async function checkDisk(dataDir: string): Promise<HealthCheck> {
  try {
    const { bavail, bsize } = await statfs(dataDir);
    return toDiskCheck(dataDir, bavail * bsize);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return healthy('disk', `There is no data folder ${dataDir} on this machine.`, { data_dir: dataDir });
  }
}

export function toDiskCheck(dataDir: string, freeBytes: number): HealthCheck {
  const details = { data_dir: dataDir, free_bytes: freeBytes };
  const text = `${(freeBytes / GIB).toFixed(1)} GiB are free for ${dataDir}.`;
  if (freeBytes >= MIN_FREE_BYTES) return healthy('disk', text, details);
  return unhealthy('disk', text, 'Make room: a full disk stops accepting.', details);
}
