import { type Clock, MINUTE_MS } from '../lib/clock.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { adoptNextSecret, makeNextSecret } from '../store/data-folder.ts';
import { isSecretKeyOf, resealKeys } from '../store/installation-store.ts';
import type { Pool } from '../store/pool.ts';
import { type Transaction, withTransaction } from '../store/transaction.ts';
import { findLiveWorker } from '../store/worker-store.ts';

/** A process that lives says so more often. */
const SEEN_MS = MINUTE_MS;

export interface ReplaceDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly secretKey: Buffer;
}

/** Where the new secret key comes from: the settings, or made in the data folder. */
export type NewSecret = { readonly key: Buffer } | { readonly folder: string };

/**
 * Seals the keys of the installation under a new secret key, in one transaction; ids and credentials stay as they are. A
 * secret of the data folder is on disk before the database has it and takes its place after, so that no moment has none.
 * @returns the new secret key
 * @throws OperatorError `invalid` while a server runs: it would have the old one
 */
export async function replaceSecretKey(deps: ReplaceDeps, to: NewSecret): Promise<Buffer> {
  const newKey = 'key' in to ? to.key : await makeNextSecret(to.folder);
  // A repetition after the answer was lost.
  if (!(await isSecretKeyOf(deps.pool, newKey))) {
    await withTransaction(deps.pool, async (transaction) => {
      await assertNoServer(transaction, deps.clock());
      await resealKeys(transaction, deps.secretKey, newKey);
    });
  }
  if ('folder' in to) await adoptNextSecret(to.folder);
  return newKey;
}

async function assertNoServer(transaction: Transaction, nowMs: number): Promise<void> {
  const worker = await findLiveWorker(transaction, nowMs - SEEN_MS);
  if (worker === undefined) return;
  throw new OperatorError(
    'invalid',
    `A server runs (process ${worker.pid} on ${worker.host}): stop all of them before the secret key is replaced; after ` +
      'one was killed, wait a minute',
  );
}
