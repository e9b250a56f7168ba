import type { Directory } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import { isE164, phoneToNumber } from '../lib/e164.ts';
import type { Pool } from '../store/pool.ts';
import { withRepeatedTransaction } from '../store/transaction.ts';
import { contactError } from './contact-fields.ts';
import type { OptOutDeps } from './subscription-deps.ts';
import { unsubscribe } from './unsubscribe.ts';

/**
 * Ends the subscriptions of a number to these lists, or to all of the account (null), as a person at the installation asks.
 * @returns how many ended @throws AppError `invalid_phone`
 */
export async function unsubscribeByOperator(
  deps: OptOutDeps & {
    readonly pool: Pool;
    readonly clock: Clock;
    readonly directory: Pick<Directory, 'listsOf'>;
  },
  {
    accountId,
    phone: text,
    listIds,
  }: { readonly accountId: string; readonly phone: string; readonly listIds: readonly number[] | null },
): Promise<number> {
  if (!isE164(text)) throw contactError('invalid_phone');
  const nowMs = deps.clock();
  const phone = phoneToNumber(text);
  const ids = listIds ?? deps.directory.listsOf(accountId).map((list) => list.id);
  const optOuts = ids.map((listId) => ({
    accountId,
    listId,
    phone,
    reason: 'manual' as const,
    atMs: nowMs,
    evidence: { actor: 'operator' },
    whenUnknown: 'hold' as const,
  }));
  const done = await withRepeatedTransaction(deps.pool, (transaction) =>
    unsubscribe(deps, transaction, optOuts, nowMs),
  );
  return done.length;
}
