import {
  insertListContacts,
  type ListContactKey,
  type ListContactState,
  lockListContacts,
  type Origin,
  type StoredListContact,
  updateListContacts,
} from '../store/list-contact-store.ts';
import { hexIds } from '../lib/public-id.ts';
import type { Transaction } from '../store/transaction.ts';

type Decide<K extends ListContactKey> = (key: K, before: StoredListContact | null) => ListContactState | undefined;

/** What a list contact was and what it is now. `after` is `before` when nothing was to be changed. */
export interface ListContactChange {
  readonly before: StoredListContact | null;
  readonly after: StoredListContact | null;
}

/**
 * Changes list contacts by a rule that sees each as it is now, locked: `decide` gives the new state, or undefined to leave
 * it (or its absence) as it is. Keys must not repeat. Three round trips a list at the most; two more when somebody else
 * made some of them in the same moment. Lists are taken by id, so that all who change several take them in one order.
 * `importNumber`: `number` of the job that puts them on the list; null: none does.
 * @returns a change a key, in order
 */
export async function changeListContacts<K extends ListContactKey>(
  transaction: Transaction,
  keys: readonly K[],
  decide: Decide<K>,
  nowMs: number,
  importNumber: number | null = null,
): Promise<ListContactChange[]> {
  const rule: Rule<K> = { decide, nowMs, importNumber };
  const byList = new Map<number, Map<number, ListContactChange>>();
  for (const listId of [...new Set(keys.map((key) => key.listId))].sort((a, b) => a - b)) {
    const ofList = keys.filter((key) => key.listId === listId);
    byList.set(listId, await changeList(transaction, listId, ofList, rule));
  }
  return keys.map(({ listId, phone }) => byList.get(listId)?.get(phone) ?? UNCHANGED);
}

const UNCHANGED: ListContactChange = { before: null, after: null };

interface Rule<K extends ListContactKey> extends Origin {
  readonly decide: Decide<K>;
}

async function changeList<K extends ListContactKey>(
  transaction: Transaction,
  listId: number,
  keys: readonly K[],
  rule: Rule<K>,
): Promise<Map<number, ListContactChange>> {
  const phones = keys.map((key) => key.phone);
  const stored = new Map((await lockListContacts(transaction, listId, phones)).map((row) => [row.phone, row]));
  const changes = new Map<number, ListContactChange>();
  const updates: StoredListContact[] = [];
  const inserts: StoredListContact[] = [];
  const ids = hexIds(rule.nowMs, keys.length - stored.size);
  for (const key of keys) {
    const before = stored.get(key.phone) ?? null;
    const next = rule.decide(key, before);
    if (next === undefined) changes.set(key.phone, { before, after: before });
    else {
      const after: StoredListContact = { ...next, id: before?.id ?? ids.pop() ?? '' };
      (before === null ? inserts : updates).push(after);
      changes.set(key.phone, { before, after });
    }
  }
  await updateListContacts(transaction, listId, updates);
  const inserted = await insertListContacts(transaction, inserts, rule);
  if (inserted < inserts.length) {
    const others = await findOthers(transaction, listId, inserts);
    const again = keys.filter((key) => others.has(key.phone));
    for (const [phone, change] of await changeList(transaction, listId, again, rule)) changes.set(phone, change);
  }
  return changes;
}

/** Phones that somebody else put on the list between our look and our insert. */
async function findOthers(
  transaction: Transaction,
  listId: number,
  inserts: readonly StoredListContact[],
): Promise<Set<number>> {
  const ours = new Set(inserts.map((contact) => contact.id));
  const phones = inserts.map((contact) => contact.phone);
  const now = await lockListContacts(transaction, listId, phones);
  return new Set(now.filter((contact) => !ours.has(contact.id)).map((contact) => contact.phone));
}
