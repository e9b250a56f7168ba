import { isCleanText } from '../lib/fields.ts';
import { hexIds, hexIdsFrom } from '../lib/public-id.ts';
import {
  appendConsentRows,
  type ConsentHead,
  loadConsentRows,
  lockConsentHead,
  moveConsentHead,
  type StoredConsent,
} from '../store/consent-store.ts';
import type { Transaction } from '../store/transaction.ts';
import { firstHash, hashConsent, type ConsentKind } from './consent-record.ts';

/** Something that a person, or somebody for them, allowed or forbade, with the evidence for it. */
export interface ConsentEntry {
  readonly accountId: string;
  readonly phone: number;
  /** null: all lists of the account. */
  readonly listId: number | null;
  readonly kind: ConsentKind;
  /** When consent was given or taken back, not when it was written down. */
  readonly atMs: number;
  /** The road it came by: a signup method, an unsubscribe reason, or a word of its own such as `block_list`. */
  readonly source: string;
  readonly ipAddress?: string | null | undefined;
  readonly userAgent?: string | null | undefined;
  readonly url?: string | null | undefined;
  /** What the person read or wrote. */
  readonly text?: string | null | undefined;
  /** The word that decided, as it was written. */
  readonly keyword?: string | null | undefined;
  /** Who acted where it was not the person: `key:` and the id of an API key, `operator`, `carrier`. */
  readonly actor?: string | null | undefined;
}

/**
 * Adds one record to the ledger of its account.
 * @returns its id
 */
export async function appendConsent(transaction: Transaction, entry: ConsentEntry, nowMs: number): Promise<string> {
  const [id] = await appendConsents(transaction, [entry], nowMs);
  return id as string;
}

/**
 * Adds records to the ledgers of their accounts, in order. Two round trips an account; about 3 µs a record of our CPU.
 * Records of an account follow each other, so until the commit no other transaction can add to it: call this last.
 * @returns one id an entry, in order
 */
export async function appendConsents(
  transaction: Transaction,
  entries: readonly ConsentEntry[],
  nowMs: number,
): Promise<string[]> {
  const ids = hexIds(nowMs, entries.length);
  for (const accountId of [...new Set(entries.map((entry) => entry.accountId))].sort()) {
    let { seq, hash: prevHash } = await lockConsentHead(transaction, { accountId, seq: 0, hash: firstHash(accountId) });
    const records: StoredConsent[] = [];
    for (const [index, entry] of entries.entries()) {
      if (entry.accountId !== accountId) continue;
      const record = toRecord(entry, { id: ids[index] as string, seq: ++seq, prevHash });
      prevHash = record.hash;
      records.push(record);
    }
    const head: ConsentHead = { accountId, seq, hash: prevHash };
    await appendConsentRows(transaction, head, records);
  }
  return ids;
}

/**
 * The same for very many entries of one account: each is taken, sealed and written before the next, so that none of them
 * stays in memory. Call it last.
 */
export async function loadConsents(
  transaction: Transaction,
  accountId: string,
  entries: Iterable<Omit<ConsentEntry, 'accountId'>>,
  nowMs: number,
): Promise<void> {
  let { seq, hash: prevHash } = await lockConsentHead(transaction, { accountId, seq: 0, hash: firstHash(accountId) });
  const ids = hexIdsFrom(nowMs);
  function* seal(): Generator<StoredConsent> {
    for (const entry of entries) {
      const record = toRecord(entry, { id: ids.next().value, seq: ++seq, prevHash });
      prevHash = record.hash;
      yield record;
    }
  }
  await loadConsentRows(transaction, accountId, seal());
  await moveConsentHead(transaction, { accountId, seq, hash: prevHash });
}

function toRecord(
  entry: Omit<ConsentEntry, 'accountId'>,
  place: Pick<StoredConsent, 'id' | 'seq' | 'prevHash'>,
): StoredConsent {
  const record = {
    seq: place.seq,
    id: place.id,
    prevHash: place.prevHash,
    phone: entry.phone,
    listId: entry.listId,
    kind: entry.kind,
    atMs: entry.atMs,
    source: entry.source,
    ipAddress: clean(entry.ipAddress),
    userAgent: clean(entry.userAgent),
    url: clean(entry.url),
    text: clean(entry.text),
    keyword: clean(entry.keyword),
    actor: clean(entry.actor),
    hash: '',
  };
  record.hash = hashConsent(record);
  return record;
}

/** As the database will give it back, so that the hash stays true. */
function clean(text: string | null | undefined): string | null {
  if (text === undefined || text === null) return null;
  return isCleanText(text) ? text : text.toWellFormed().replaceAll('\u0000', '\uFFFD');
}
