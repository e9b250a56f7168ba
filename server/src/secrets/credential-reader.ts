import { openDataKeys, type SealedKey } from '../store/installation-store.ts';
import { type Credentials, openCredentials } from './credentials.ts';

/** Opens what one reading of the database found; null where it cannot be opened. */
export type CredentialReader = (
  keys: readonly SealedKey[],
) => (listId: number, sealed: Readonly<Record<string, unknown>>) => Credentials | null;

/** Opens each stored form once and remembers the last one of each list: most readings find nothing new. */
export function createCredentialReader(secretKey: Buffer): CredentialReader {
  const known = new Map<number, { readonly form: string; readonly opened: Credentials | null }>();
  return (sealedKeys) => {
    const keys = openDataKeys(secretKey, sealedKeys);
    return (listId, sealed) => {
      const form = JSON.stringify(sealed);
      const last = known.get(listId);
      if (last?.form === form) return last.opened;
      const opened = openCredentials(keys, listId, sealed);
      known.set(listId, { form, opened });
      return opened;
    };
  };
}
