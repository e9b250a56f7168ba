import { createListWithin } from '../lists/index.ts';
import { hexId, newApiKey } from '../lib/public-id.ts';
import { insertAccount, lockFirstAccount } from '../store/account-store.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';
import { createKeyWithin } from './manage-keys.ts';

const DEMO = {
  name: 'Demo',
  email: 'owner@localhost',
  number: '+18005551000',
  listType: 'simulator',
  keyName: 'first',
};

/** `apiKey` is there only when it was made now: it cannot be read again. */
export type DemoResult =
  | { readonly created: true; readonly apiKey: string; readonly listNumber: string }
  | { readonly created: false };

/**
 * What a new installation starts with: an account, its owner, a list on the simulator and a key. Does nothing once there
 * is any account; of several processes that start at once, one makes it.
 */
export async function createDemo(
  pool: Pool,
  { apiKey, nowMs }: { readonly apiKey?: string | undefined; readonly nowMs: number },
): Promise<DemoResult> {
  return await withTransaction(pool, async (transaction) => {
    if (await lockFirstAccount(transaction)) return { created: false };
    const accountId = hexId(nowMs);
    await insertAccount(transaction, {
      id: accountId,
      name: DEMO.name,
      ownerEmail: DEMO.email,
      status: 'active',
      createdMs: nowMs,
    });
    const list = { accountId, number: DEMO.number, type: DEMO.listType, name: DEMO.name, brandName: DEMO.name };
    await createListWithin(transaction, list, nowMs);
    const secret = apiKey ?? newApiKey();
    await createKeyWithin(transaction, { accountId, name: DEMO.keyName }, { secret, nowMs });
    return { created: true, apiKey: secret, listNumber: DEMO.number };
  });
}
