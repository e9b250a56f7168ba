import type { List } from '../../accounts/index.ts';
import { areKnown, loadProfiles, type Profile, saveProfiles } from '../../store/account-contact-store.ts';
import { claimJobPhones } from '../../store/job-store.ts';
import { findListed } from '../../store/list-contact-store.ts';
import type { Transaction } from '../../store/transaction.ts';
import { findUnsendable, isSuspect } from '../store-contacts.ts';
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
  /** Phones of the batch before, whose rows may not be seen yet. */
  readonly justMet: ReadonlySet<number>;
  /** Loads nothing: somebody else has stored one of the numbers between our look and our load. */
  readonly isContended: boolean;
}

/**
 * Stores rows of a file, or tells what storing them would do. Of a number that stands in the file more than once the first
 * row counts: those that the job put on the list are known by their list contact, others by `job_phone`.
 * @throws Error that `isUniqueViolation` tells: nothing is stored, and the batch is to be repeated as a contended one
 */
export async function importBatch(
  deps: SubscriptionDeps,
  transaction: Transaction,
  target: ImportTarget,
  rows: readonly ImportRow[],
  moment: BatchMoment,
): Promise<BatchResult> {
  const unmet = firstRows(rows, moment.justMet);
  const phones = unmet.map((row) => row.phone);
  const listed = await findListed(transaction, target.list.id, phones);
  const { rejectVoip } = target.list.settings;
  const leavesMark = (row: ImportRow): boolean =>
    !target.dryRun && !listed.has(row.phone) && !isSuspect(row.facts, rejectVoip);
  const claimed = await claimJobPhones(
    transaction,
    target.jobNumber,
    unmet.filter((row) => !leavesMark(row) && listed.get(row.phone) !== target.jobNumber).map((row) => row.phone),
  );
  const fresh = unmet.filter((row) => leavesMark(row) || claimed.has(row.phone));
  const refused = await findUnsendable(transaction, fresh, () => rejectVoip);
  const kept = fresh.filter((row) => !refused.has(row));
  const created = target.dryRun
    ? kept.filter((row) => !listed.has(row.phone)).length
    : await store(deps, transaction, target, { rows: kept, areListed: listed.size > 0, leavesMark }, moment);
  return {
    created,
    updated: kept.length - created,
    duplicates: rows.length - fresh.length,
    errors: [...refused].map(({ line, phone }) => ({ line, phone: `+${phone}`, code: 'not_sendable' })),
  };
}

/** The first row of each number that the batch before had not, in the order in which all lock them. */
function firstRows(rows: readonly ImportRow[], justMet: ReadonlySet<number>): ImportRow[] {
  const first = new Map<number, ImportRow>();
  for (const row of rows) if (!first.has(row.phone) && !justMet.has(row.phone)) first.set(row.phone, row);
  return [...first.values()].sort((a, b) => a.phone - b.phone);
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
  { list, actor, jobNumber }: ImportTarget,
  { rows, areListed, leavesMark }: Kept,
  { nowMs, turn, isContended }: BatchMoment,
): Promise<number> {
  const phones = rows.map((row) => row.phone);
  const known = isContended ? ALL_KNOWN : await areKnown(transaction, list.accountId, phones);
  const saveAll = known.profiles ? saveProfiles : loadProfiles;
  await saveAll(transaction, list.accountId, toProfiles(rows));
  const evidence = { actor };
  const subscriptions = rows.map((row): Subscription => {
    const { facts } = row;
    return {
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
      facts: { ...facts, lineType: row.lineType ?? facts.lineType, carrier: row.carrier },
    };
  });
  const results = await subscribe(deps, transaction, subscriptions, nowMs, {
    turn,
    importNumber: jobNumber,
    areNew: { contacts: !known.contacts, listContacts: !isContended && !areListed },
  });
  const others = rows.filter((row, index) => results[index]?.isNewListContact === false && leavesMark(row));
  // Somebody else has put them on the list just now.
  await claimJobPhones(
    transaction,
    jobNumber,
    others.map((row) => row.phone),
  );
  return results.filter((result) => result.isNewListContact).length;
}

const ALL_KNOWN = { contacts: true, profiles: true };

function toProfiles(rows: readonly ImportRow[]): Profile[] {
  return rows
    .filter((row) => row.email !== null || row.firstName !== null || row.lastName !== null)
    .map(({ phone, email, firstName, lastName }) => ({
      phone,
      email,
      firstName,
      lastName,
      timezone: null,
      validationStatus: null,
    }));
}
