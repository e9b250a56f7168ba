import type { List } from '../../accounts/index.ts';
import { saveProfiles } from '../../store/account-contact-store.ts';
import { claimJobPhones } from '../../store/job-store.ts';
import { countListed } from '../../store/list-contact-store.ts';
import type { Transaction } from '../../store/transaction.ts';
import { findUnsendable } from '../store-contacts.ts';
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
}

/**
 * Stores rows of a file, or tells what storing them would do. Of a number that stands in the file more than once the first
 * row counts.
 */
export async function importBatch(
  deps: SubscriptionDeps,
  transaction: Transaction,
  target: ImportTarget,
  rows: readonly ImportRow[],
  { nowMs, turn }: BatchMoment,
): Promise<BatchResult> {
  const fresh = await claimRows(transaction, target, rows);
  const refused = await findUnsendable(transaction, fresh, () => target.list.settings.rejectVoip);
  const kept = fresh.filter((row) => !refused.has(row));
  const created = target.dryRun
    ? await countNew(transaction, target, kept)
    : await store(deps, transaction, target, kept, { nowMs, turn });
  return {
    created,
    updated: kept.length - created,
    duplicates: rows.length - fresh.length,
    errors: [...refused].map(({ line, phone }) => ({ line, phone: `+${phone}`, code: 'not_sendable' })),
  };
}

/** Rows whose number was not in the file before. */
async function claimRows(
  transaction: Transaction,
  { jobNumber }: ImportTarget,
  rows: readonly ImportRow[],
): Promise<ImportRow[]> {
  const first = new Map<number, ImportRow>();
  for (const row of rows) if (!first.has(row.phone)) first.set(row.phone, row);
  const claimed = await claimJobPhones(transaction, jobNumber, [...first.keys()]);
  return [...first.values()].filter((row) => claimed.has(row.phone));
}

async function countNew(transaction: Transaction, { list }: ImportTarget, rows: readonly ImportRow[]): Promise<number> {
  const listed = await countListed(
    transaction,
    list.id,
    rows.map((row) => row.phone),
  );
  return rows.length - listed;
}

async function store(
  deps: SubscriptionDeps,
  transaction: Transaction,
  { list, actor }: ImportTarget,
  rows: readonly ImportRow[],
  { nowMs, turn }: BatchMoment,
): Promise<number> {
  const named = rows.filter((row) => row.email !== null || row.firstName !== null || row.lastName !== null);
  await saveProfiles(
    transaction,
    list.accountId,
    named.map(({ phone, email, firstName, lastName }) => ({
      phone,
      email,
      firstName,
      lastName,
      timezone: null,
      validationStatus: null,
    })),
  );
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
  const results = await subscribe(deps, transaction, subscriptions, nowMs, turn);
  return results.filter((result) => result.isNewListContact).length;
}
