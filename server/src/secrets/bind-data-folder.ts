import { adoptNextSecret, readNextSecret } from '../store/data-folder.ts';
import { bindSecretKey, isSecretKeyOf, WrongSecretKeyError } from '../store/installation-store.ts';
import type { Pool } from '../store/pool.ts';

/** The keys of an installation, opened. */
export interface InstallationKeys {
  /** Seals the data keys. */
  readonly secretKey: Buffer;
  /** Of the permutations of ids; it never changes. */
  readonly identityKey: Buffer;
}

/**
 * Binds the database to the secret key of the settings or of the data folder. Where a change of the folder's secret was cut
 * off after the database had it, the folder gets it now.
 * @param folder null: the secret is from the settings
 * @throws WrongSecretKeyError
 */
export async function bindDataFolder(pool: Pool, secretKey: Buffer, folder: string | null): Promise<InstallationKeys> {
  try {
    return { secretKey, identityKey: await bindSecretKey(pool, secretKey) };
  } catch (error) {
    const next = folder === null || !(error instanceof WrongSecretKeyError) ? null : await readNextSecret(folder);
    if (folder === null || next === null || !(await isSecretKeyOf(pool, next))) throw error;
    await adoptNextSecret(folder);
    return { secretKey: next, identityKey: await bindSecretKey(pool, next) };
  }
}
