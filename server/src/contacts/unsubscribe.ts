import { appendConsents } from '../compliance/index.ts';
import { phoneFacts } from '../phone/index.ts';
import { insertContacts } from '../store/contact-store.ts';
import type { InactiveReason, ListContactState, StoredListContact } from '../store/list-contact-store.ts';
import type { Transaction } from '../store/transaction.ts';
import type { UnsubscribeEvent } from '../webhooks/index.ts';
import { changeListContacts, type ListContactChange } from './change-list-contacts.ts';
import type { Evidence } from './evidence.ts';
import { emitSubscriptionEvents, type OptOutDeps } from './subscription-deps.ts';

/** One number's end of one subscription. An opt-out of a whole account is one of these for each of its lists. */
export interface OptOut {
  readonly accountId: string;
  readonly listId: number;
  readonly phone: number;
  readonly reason: OptOutReason;
  readonly atMs: number;
  readonly evidence: Evidence;
  /**
   * What happens when the number is not on the list. `create`: an inactive list contact is made, so that the opt-out holds
   * against whoever adds the number later; `hold`: the same, but nothing has ended and nobody is told, for the other lists
   * of an account; `ignore`: nothing.
   */
  readonly whenUnknown: 'create' | 'hold' | 'ignore';
}

export type OptOutReason = Exclude<InactiveReason, 'no_consent'>;

/**
 * Ends subscriptions: the one road of every opt-out, whoever says it. From the commit on the gate refuses what has not
 * left, and what waits for a carrier does not start. Each change is told to the account's webhooks and recorded in the consent ledger in the same transaction, so call
 * this after everything else that takes locks, but before the books are moved. A number that is opted out already keeps
 * its first reason and is told to nobody, but the newer opt-out counts: only a consent after it ends it. At most one
 * opt-out a list and number.
 * @returns those that ended something, in order; a list contact that was inactive without having consented counts too
 */
export async function unsubscribe(
  deps: OptOutDeps,
  transaction: Transaction,
  optOuts: readonly OptOut[],
  nowMs: number,
): Promise<OptOut[]> {
  const fresh = optOuts.filter((optOut) => optOut.whenUnknown !== 'ignore');
  await insertContacts(
    transaction,
    fresh.map((optOut) => phoneFacts(optOut.phone)),
    nowMs,
  );
  await deps.withdraw(transaction, optOuts);
  const changes = await changeListContacts(transaction, optOuts, decide, nowMs);
  const recorded = optOuts.filter((_, index) => changes[index]?.after !== changes[index]?.before);
  const ended = optOuts.filter((optOut, index) => isEnded(optOut, changes[index]));
  await emitSubscriptionEvents<UnsubscribeEvent>(deps, transaction, ended.map(toEvent));
  await appendConsents(transaction, recorded.map(toConsent), nowMs);
  return ended;
}

function toEvent({ accountId, listId, phone, reason, atMs, evidence }: OptOut) {
  const keyword = evidence.keyword ?? null;
  return { event: 'unsubscribe' as const, accountId, listId, phone, keyword, reason, atMs };
}

function decide(optOut: OptOut, before: StoredListContact | null): ListContactState | undefined {
  const { reason, atMs, listId, phone } = optOut;
  const ended = { active: false, reason, unsubscribedMs: atMs };
  if (before !== null) {
    if (!isOptedOut(before)) return { ...before, ...ended };
    return atMs > (before.unsubscribedMs ?? 0) ? { ...before, unsubscribedMs: atMs } : undefined;
  }
  if (optOut.whenUnknown === 'ignore') return undefined;
  return {
    ...ended,
    listId,
    phone,
    signupMs: atMs,
    signupMethod: 'inbound',
    adNetworkSource: null,
    adNetworkId: null,
    customFields: {},
  };
}

function isOptedOut({ active, reason }: StoredListContact): boolean {
  return !active && reason !== 'no_consent';
}

function isEnded({ whenUnknown }: OptOut, change: ListContactChange | undefined): boolean {
  if (change === undefined || change.after === change.before) return false;
  return change.before === null ? whenUnknown === 'create' : !isOptedOut(change.before);
}

function toConsent({ accountId, listId, phone, atMs, reason, evidence }: OptOut) {
  return { ...evidence, accountId, listId, phone, kind: 'opt_out' as const, atMs, source: evidence.source ?? reason };
}
