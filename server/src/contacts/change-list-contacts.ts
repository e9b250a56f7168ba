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
 * it (or its absence) as it is. Keys must not repeat. One round trip to look at each list, one to change each, and one for
 * what is new; once more for list contacts that somebody else made in the same moment.
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
    const stored = await lockAll(transaction, open);
    const inserts: ListContactState[] = [];
    const updates: StoredListContact[] = [];
    for (const key of open) {
      const before = stored.get(toKey(key)) ?? null;
      const next = decide(key, before);
      if (next === undefined) changes.set(toKey(key), { before, after: before });
      else if (before === null) inserts.push(next);
      else {
        const after = { ...next, id: before.id };
        updates.push(after);
        changes.set(toKey(key), { before, after });
      }
    }
    for (const [listId, ofList] of byList(updates)) await updateListContacts(transaction, listId, ofList);
    const ids = new Map((await insertListContacts(transaction, inserts, nowMs)).map((row) => [toKey(row), row.id]));
    for (const state of inserts) {
      const id = ids.get(toKey(state));
      if (id !== undefined) changes.set(toKey(state), { before: null, after: { ...state, id } });
    }
    open = open.filter((key) => !changes.has(toKey(key)));
  }
  return keys.map((key) => changes.get(toKey(key)) as ListContactChange);
}

async function lockAll(
  transaction: Transaction,
  keys: readonly ListContactKey[],
): Promise<ReadonlyMap<string, StoredListContact>> {
  const stored = new Map<string, StoredListContact>();
  for (const [listId, ofList] of byList(keys)) {
    const phones = ofList.map((key) => key.phone);
    for (const contact of await lockListContacts(transaction, listId, phones)) stored.set(toKey(contact), contact);
  }
  return stored;
}

/** By id, so that all who lock several lists take them in one order. */
function byList<K extends ListContactKey>(keys: readonly K[]): [listId: number, keys: K[]][] {
  const groups = new Map<number, K[]>();
  for (const key of keys) {
    const group = groups.get(key.listId);
    if (group === undefined) groups.set(key.listId, [key]);
    else group.push(key);
  }
  return [...groups].sort(([a], [b]) => a - b);
}

function toKey({ listId, phone }: ListContactKey): string {
  return `${listId} ${phone}`;
}
