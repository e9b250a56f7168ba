import { unverifyByoc, writeCredentials } from '../store/credential-store.ts';
import { readNewestDataKey } from '../store/installation-store.ts';
import type { Transaction } from '../store/transaction.ts';
import { type Credentials, sealCredentials } from './credentials.ts';

/** Replaces the credentials of a list, sealed with the newest data key; one with a carrier of its own is to be verified again. */
export async function storeCredentials(
  transaction: Transaction,
  secretKey: Buffer,
  { listId, credentials }: { readonly listId: number; readonly credentials: Credentials },
): Promise<void> {
  const key = await readNewestDataKey(transaction, secretKey);
  await writeCredentials(transaction, listId, sealCredentials(key, listId, credentials));
  await unverifyByoc(transaction, listId);
}
