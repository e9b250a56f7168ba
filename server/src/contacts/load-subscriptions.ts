import { loadConsents } from '../compliance/index.ts';
import { phoneFacts } from '../phone/index.ts';
import { insertContacts, loadContacts, type NewContact } from '../store/contact-store.ts';
import { loadListContacts } from '../store/list-contact-store.ts';
import type { Transaction } from '../store/transaction.ts';
import { type Subscription, toConsent, toNewListContact } from './subscribe.ts';

export interface LoadOrder {
  readonly accountId: string;
  /** `number` of the job that puts them on the list. */
  readonly importNumber: number;
  readonly nowMs: number;
  /** The installation knows none of the numbers either. */
  readonly areNewContacts: boolean;
  /** Awaited before the ledger is locked. */
  readonly turn: () => Promise<void>;
}

/**
 * Does what `subscribe` does, for numbers none of which is on its list and of which nobody is to be told, at a third of the
 * cost: nothing has to be looked at, and COPY writes whole pages. Subscriptions are asked for three times, so that none of
 * them stays in memory; of one account, each number once.
 * @throws Error that `isUniqueViolation` tells, when one of the numbers is there after all
 */
export async function loadSubscriptions(
  transaction: Transaction,
  subscriptions: () => Iterable<Subscription>,
  { accountId, importNumber, nowMs, areNewContacts, turn }: LoadOrder,
): Promise<void> {
  function* inTurn<T>(make: (subscription: Subscription) => T): Generator<T> {
    for (const subscription of subscriptions()) yield make(subscription);
  }
  const facts = ({ facts: given, phone }: Subscription): NewContact => given ?? phoneFacts(phone);
  if (areNewContacts) await loadContacts(transaction, inTurn(facts), nowMs);
  else await insertContacts(transaction, [...inTurn(facts)], nowMs);
  await loadListContacts(
    transaction,
    inTurn((subscription) => toNewListContact(subscription, nowMs)),
    { nowMs, importNumber },
  );
  await turn();
  await loadConsents(
    transaction,
    accountId,
    inTurn((subscription) => toConsent(subscription, false, nowMs)),
    nowMs,
  );
}
