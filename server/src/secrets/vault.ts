import { type DataKey, readDataKeys, readNewestDataKey } from '../store/installation-store.ts';
import type { Pool } from '../store/pool.ts';
import type { Transaction } from '../store/transaction.ts';
import { openText, sealText } from './sealed-text.ts';

/** Seals and opens single texts, such as the secrets that webhooks are signed with. */
export interface Vault {
  /** Sealed with the newest data key; nothing is sealed with one that a rotation is about to delete. */
  seal(transaction: Transaction, text: string, place: string): Promise<string>;
  /** undefined: it cannot be opened. Texts that were opened lately cost no look at the database. */
  open(sealed: string, place: string): Promise<string | undefined>;
}

export interface VaultDeps {
  readonly pool: Pool;
  readonly secretKey: Buffer;
}

const MAX_REMEMBERED = 10_000;

export function createVault({ pool, secretKey }: VaultDeps): Vault {
  const opened = new Map<string, string>();
  let keys: readonly DataKey[] = [];

  async function openAnew(sealed: string, place: string): Promise<string | undefined> {
    const text = openText(keys, sealed, place);
    if (text !== undefined) return text;
    keys = await readDataKeys(pool, secretKey);
    return openText(keys, sealed, place);
  }

  return {
    async seal(transaction, text, place) {
      return sealText(await readNewestDataKey(transaction, secretKey), text, place);
    },
    async open(sealed, place) {
      const name = `${place} ${sealed}`;
      const known = opened.get(name);
      if (known !== undefined) return known;
      const text = await openAnew(sealed, place);
      if (opened.size >= MAX_REMEMBERED) opened.clear();
      if (text !== undefined) opened.set(name, text);
      return text;
    },
  };
}
