import {
  insertListContacts,
  type ListContactKey,
  type ListContactState,
  lockListContacts,
  type StoredListContact,
  updateListContacts,
} from '../store/list-contact-store.ts';
import type { Transaction } from '../store/transaction.ts';

/** What a list contact was and what it is now. `after` is `before` when nothing was to be changed. */
export interface ListContactChange {
  readonly before: StoredListContact | null;
  readonly after: StoredListContact | null;
}

/**
 * Changes list contacts by a rule that sees each as it is now, locked: `decide` gives the new state, or undefined to leave
 * it (or its absence) as it is. Keys must not repeat. Three round trips, two when nothing is inserted; one more for
 * list contacts that somebody else made in the same moment.
 * @returns a change a key, in order
 */
export async function changeListContacts<K extends ListContactKey>(
  transaction: Transaction,
  keys: readonly K[],
  decide: (key: K, before: StoredListContact | null) => ListContactState | undefined,
  nowMs: number,
): Promise<ListContactChange[]> {
  const changes = new Map<string, ListContactChange>();
  let open = keys;
  while (open.length > 0) {
    const stored = new Map((await lockListContacts(transaction, open)).map((contact) => [toKey(contact), contact]));
    const inserts: ListContactState[] = [];
    const updates: StoredListContact[] = [];
    for (const key of open) {
      const before = stored.get(toKey(key)) ?? null;
      const next = decide(key, before);
      if (next === undefined) changes.set(toKey(key), { before, after: before });
      else if (before === null) inserts.push(next);
      else updates.push({ ...next, id: before.id });
    }
    await updateListContacts(transaction, updates);
    for (const after of updates) changes.set(toKey(after), { before: stored.get(toKey(after)) ?? null, after });
    const ids = new Map((await insertListContacts(transaction, inserts, nowMs)).map((row) => [toKey(row), row.id]));
    for (const state of inserts) {
      const id = ids.get(toKey(state));
      if (id !== undefined) changes.set(toKey(state), { before: null, after: { ...state, id } });
    }
    open = open.filter((key) => !changes.has(toKey(key)));
  }
  return keys.map((key) => changes.get(toKey(key)) as ListContactChange);
}

function toKey({ listId, phone }: ListContactKey): string {
  return `${listId} ${phone}`;
}
