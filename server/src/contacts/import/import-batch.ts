import type { List } from '../../accounts/index.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import { areKnown, loadProfiles, type Profile, saveProfiles } from '../../store/account-contact-store.ts';
import { claimJobPhones } from '../../store/job-store.ts';
import { findListed } from '../../store/list-contact-store.ts';
import type { Transaction } from '../../store/transaction.ts';
import { loadSubscriptions } from '../load-subscriptions.ts';
import { findOverfull, findUnsendable, isSuspect } from '../store-contacts.ts';
import { subscribe, type Subscription } from '../subscribe.ts';
import type { SubscriptionDeps } from '../subscription-deps.ts';
import type { ImportError, ImportRow } from './parse-import-row.ts';

/** Where an import goes, and who asked for it. */
export interface ImportTarget {
  readonly jobNumber: number;
  readonly list: List;
  /** For the ledger. */
  readonly actor: string;
  readonly dryRun: boolean;
}

export interface BatchResult {
  readonly created: number;
  readonly updated: number;
  readonly duplicates: number;
  readonly errors: readonly ImportError[];
}

export interface BatchMoment {
  readonly nowMs: number;
  /** Resolves when the batch before is committed. Awaited once all other locks are held. */
  readonly turn: () => Promise<void>;
  /** Rows of the batch before, which may not be seen yet, by their phones. */
  readonly before: ReadonlyMap<number, unknown>;
  /** Loads nothing: somebody else has stored one of the numbers between our look and our load. */
  readonly isContended: boolean;
}

/**
 * Stores rows of a file, or tells what storing them would do. Of a number that stands in the file more than once the first
 * row counts: those that the job put on the list are known by their list contact, others by `job_phone`. A batch of numbers
 * that are new to the list is loaded, any other goes the way of all subscriptions.
 * @param rows by their phones
 * @throws Error that `isUniqueViolation` tells: nothing is stored, and the batch is to be repeated as a contended one
 */
export async function importBatch(
  deps: SubscriptionDeps,
  transaction: Transaction,
  target: ImportTarget,
  rows: ReadonlyMap<number, ImportRow>,
  moment: BatchMoment,
): Promise<BatchResult> {
  const { jobNumber, list, dryRun } = target;
  const { rejectVoip } = list.settings;
  const unmet = inOrder(rows).filter((row) => !moment.before.has(row.phone));
  const listed = await findListed(transaction, list.id, toPhones(unmet));
  const leavesMark = (row: ImportRow): boolean =>
    !dryRun && !listed.has(row.phone) && !isSuspect(row.facts, rejectVoip);
  const others = unmet.filter((row) => !leavesMark(row) && listed.get(row.phone) !== jobNumber);
  const claimed = await claimJobPhones(transaction, jobNumber, toPhones(others));
  const fresh = unmet.filter((row) => leavesMark(row) || claimed.has(row.phone));
  const refused = new Map<ImportRow, ErrorCode>();
  for (const row of await findUnsendable(transaction, fresh, () => rejectVoip)) refused.set(row, 'not_sendable');
  const changed = fresh.filter((row) => listed.has(row.phone) && row.customFields !== null);
  for (const { row } of await findOverfull(transaction, toPatches(changed, list))) {
    refused.set(row, 'invalid_custom_fields');
  }
  const kept = refused.size === 0 ? fresh : fresh.filter((row) => !refused.has(row));
  const created = dryRun
    ? kept.filter((row) => !listed.has(row.phone)).length
    : await store(deps, transaction, target, { rows: kept, areListed: listed.size > 0, leavesMark }, moment);
  return {
    created,
    updated: kept.length - created,
    duplicates: rows.size - fresh.length,
    errors: [...refused].map(([{ line, phone }, code]) => ({ line, phone: `+${phone}`, code })),
  };
}

/** In the order in which all lock them. */
function inOrder(rows: ReadonlyMap<number, ImportRow>): ImportRow[] {
  return Array.from(Float64Array.from(rows.keys()).sort(), (phone) => rows.get(phone) as ImportRow);
}

/** The custom fields of rows as changes of what is stored. */
function toPatches(rows: readonly ImportRow[], list: List) {
  return rows.map((row) => {
    const customFields = { fields: row.customFields ?? {}, replace: false };
    return { row, list, phone: row.phone, customFields };
  });
}

function toPhones(rows: readonly ImportRow[]): number[] {
  return rows.map((row) => row.phone);
}

interface Kept {
  readonly rows: readonly ImportRow[];
  readonly areListed: boolean;
  /** Whether a row is known again by the list contact that it makes. */
  readonly leavesMark: (row: ImportRow) => boolean;
}

/** @returns how many list contacts are new */
async function store(
  deps: SubscriptionDeps,
  transaction: Transaction,
  target: ImportTarget,
  { rows, areListed, leavesMark }: Kept,
  { nowMs, turn, isContended }: BatchMoment,
): Promise<number> {
  if (rows.length === 0) return 0;
  const { accountId } = target.list;
  const importNumber = target.jobNumber;
  const known = isContended ? ALL : await areKnown(transaction, accountId, toPhones(rows));
  if (known.profiles) await saveProfiles(transaction, accountId, [...toProfiles(rows)]);
  else await loadProfiles(transaction, accountId, toProfiles(rows));
  if (!isContended && !areListed) {
    const order = { accountId, importNumber, nowMs, areNewContacts: !known.contacts, turn };
    await loadSubscriptions(transaction, () => toSubscriptions(rows, target), order);
    return rows.length;
  }
  const results = await subscribe(deps, transaction, [...toSubscriptions(rows, target)], nowMs, { turn, importNumber });
  // Those that somebody else has put on the list just now.
  const late = rows.filter((row, index) => results[index]?.isNewListContact === false && leavesMark(row));
  await claimJobPhones(transaction, importNumber, toPhones(late));
  return results.filter((result) => result.isNewListContact).length;
}

const ALL = { contacts: true, profiles: true };

function* toProfiles(rows: readonly ImportRow[]): Generator<Profile> {
  for (const { phone, email, firstName, lastName } of rows) {
    if (email === null && firstName === null && lastName === null) continue;
    yield { phone, email, firstName, lastName, timezone: null, validationStatus: null };
  }
}

function* toSubscriptions(rows: readonly ImportRow[], { list, actor }: ImportTarget): Generator<Subscription> {
  const evidence = { actor };
  for (const row of rows) {
    const { facts } = row;
    yield {
      accountId: list.accountId,
      listId: list.id,
      phone: row.phone,
      method: 'import',
      consentMs: row.consentMs,
      evidence,
      isConsent: row.consentMs !== null,
      customFields: row.customFields === null ? undefined : { fields: row.customFields, replace: false },
      adNetworkSource: row.adNetworkSource,
      adNetworkId: row.adNetworkId,
      facts: {
        phone: row.phone,
        isValid: facts.isValid,
        lineType: row.lineType ?? facts.lineType,
        country: facts.country,
        state: facts.state,
        carrier: row.carrier,
      },
    };
  }
}
