import { phoneFacts } from '../phone/index.ts';
import { insertContacts } from '../store/contact-store.ts';
import type { StoredListContact } from '../store/list-contact-store.ts';
import type { Transaction } from '../store/transaction.ts';
import { changeListContacts } from './change-list-contacts.ts';

/** Somebody who wrote to a list. */
export interface Sender {
  readonly listId: number;
  readonly phone: number;
  readonly atMs: number;
}

/**
 * Makes list contacts of those who wrote and are on the list in no way: inactive, because writing is no consent, so that
 * they can be answered and not marketed to. At most one a list and number.
 * @returns all of them as they are, in order
 */
export async function rememberSenders(
  transaction: Transaction,
  senders: readonly Sender[],
  nowMs: number,
): Promise<StoredListContact[]> {
  await insertContacts(
    transaction,
    senders.map((sender) => phoneFacts(sender.phone)),
    nowMs,
  );
  const changes = await changeListContacts(
    transaction,
    senders,
    ({ listId, phone, atMs }, before) =>
      before !== null
        ? undefined
        : {
            listId,
            phone,
            active: false,
            reason: 'no_consent',
            unsubscribedMs: null,
            signupMs: atMs,
            signupMethod: 'inbound',
            adNetworkSource: null,
            adNetworkId: null,
            customFields: {},
          },
    nowMs,
  );
  return changes.map(({ after }) => after as StoredListContact);
}
