import type { Pool } from '../store/pool.ts';
import type { Caller, Directory } from './directory-types.ts';
import { pauseKey } from './manage-keys.ts';

export interface PauseCallingKeyDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'refresh'>;
}

export interface PausedKey {
  readonly success: true;
  readonly status: 'paused';
}

/** Pauses the key that asks. It holds for this process when the promise resolves; only a person can resume the key. */
export async function pauseCallingKey(deps: PauseCallingKeyDeps, { key }: Caller): Promise<PausedKey> {
  await pauseKey(deps, { id: key.id });
  await deps.directory.refresh();
  return { success: true, status: 'paused' };
}
