import type { Account } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { type LineType, updateLookedUp } from '../store/contact-store.ts';
import { findDoNotCall } from '../store/do-not-call-store.ts';
import { chargeLookups, type LookupRow, readLookups, saveLookups } from '../store/phone-lookup-store.ts';
import type { Pool } from '../store/pool.ts';
import { type Transaction, within } from '../store/transaction.ts';
import type { LookupResult, PhoneLookup } from './phone-lookup.ts';

export const DISPOSITIONS = ['invalid', 'unreachable', 'risky', 'unknown', 'ok'] as const;

export type Disposition = (typeof DISPOSITIONS)[number];

/** What a validation answers (phone.md 1 of the contract), without the number. */
export interface Validation {
  readonly valid: boolean;
  readonly line_type: LookupResult['lineType'];
  readonly carrier: string | null;
  readonly carrier_raw: string | null;
  readonly ported: boolean;
  readonly country: string | null;
  readonly state: string | null;
  readonly city: string | null;
  readonly on_dnc: boolean;
  readonly disposition: Disposition;
  /** What this answer was charged. */
  readonly cost: number;
  readonly cached: boolean;
}

export interface ValidationDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly lookup: PhoneLookup;
}

/** For whom, and the transaction that the effect belongs to, if there is one. */
export interface ValidationScope {
  readonly account: Account;
  readonly transaction: Transaction | null;
}

/** `force`: it is asked anew although the answer is known. */
export interface AskedPhone {
  readonly phone: number;
  readonly force: boolean;
}

const MICROS = 1_000_000;
const AT_ONCE = 20;

/**
 * What look-ups know of these numbers. Answers are kept for ever and cost nothing again; each is charged, remembered, and
 * written into the contact, if there is one. A number whose look-up failed is missing: it is neither charged nor remembered.
 */
export async function validatePhones(
  deps: ValidationDeps,
  { account, transaction }: ValidationScope,
  phones: readonly AskedPhone[],
): Promise<Map<number, Validation>> {
  const { pool, lookup } = deps;
  const forced = new Set(phones.filter(({ force }) => force).map(({ phone }) => phone));
  const all = [...new Set(phones.map(({ phone }) => phone))];
  const known = new Map(
    (await readLookups(transaction ?? pool, account.id, all))
      .filter(({ phone }) => !forced.has(phone))
      .map(({ phone, result }) => [phone, result as LookupResult]),
  );
  const validations = await conclude(deps, { account, transaction }, known, true);
  const open = all.filter((phone) => !known.has(phone));
  for (let at = 0; at < open.length; at += AT_ONCE) {
    const fresh = await ask(lookup, open.slice(at, at + AT_ONCE));
    for (const [phone, validation] of await conclude(deps, { account, transaction }, fresh, false)) {
      validations.set(phone, validation);
    }
  }
  return validations;
}

/** Those whose look-up failed are missing. */
async function ask(lookup: PhoneLookup, phones: readonly number[]): Promise<Map<number, LookupResult>> {
  const answers = await Promise.allSettled(phones.map((phone) => lookup.lookUp(phone)));
  const results = new Map<number, LookupResult>();
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'fulfilled') results.set(phones[index] as number, answer.value);
  }
  return results;
}

/** Writes answers down, fresh ones with their price, and says what they mean. */
function conclude(
  { pool, clock }: ValidationDeps,
  { account, transaction }: ValidationScope,
  results: ReadonlyMap<number, LookupResult>,
  cached: boolean,
): Promise<Map<number, Validation>> {
  if (results.size === 0) return Promise.resolve(new Map());
  const priceMicros = cached ? 0 : account.settings.lookupPriceMicros;
  return within(pool, transaction, async (tx) => {
    const listed = await findDoNotCall(tx, [...results.keys()]);
    const validations = new Map(
      [...results].map(([phone, result]) => [
        phone,
        toValidation(result, { onDnc: listed.has(phone) || result.onDnc === true, priceMicros, cached }),
      ]),
    );
    if (!cached) {
      const nowMs = clock();
      const rows: LookupRow[] = [...results].map(([phone, result]) => ({ phone, result }));
      const charge = { lookups: rows.length, costMicros: rows.length * priceMicros };
      await saveLookups(tx, account.id, rows, nowMs);
      await chargeLookups(tx, account.id, charge, nowMs);
    }
    await updateLookedUp(tx, account.id, [...validations].map(toLookedUp));
    return validations;
  });
}

function toLookedUp([phone, validation]: [number, Validation]) {
  const { carrier, on_dnc: onDnc, disposition } = validation;
  return { phone, lineType: toLineType(validation), carrier, onDnc, disposition };
}

/**
 * Nothing is asked for that the account may not pay.
 * @throws AppError 402 with the state of its billing, when an answer would be charged and billing is enforced
 */
export async function assertPayable(
  { pool }: Pick<ValidationDeps, 'pool'>,
  { account, transaction }: ValidationScope,
  phones: readonly AskedPhone[],
): Promise<void> {
  const { billingProblem } = account.settings;
  if (billingProblem === null || phones.length === 0) return;
  if (await needsLookup(transaction ?? pool, account.id, phones)) throw new AppError(billingProblem);
}

async function needsLookup(
  db: Parameters<typeof readLookups>[0],
  accountId: string,
  phones: readonly AskedPhone[],
): Promise<boolean> {
  if (phones.some(({ force }) => force)) return true;
  const all = new Set(phones.map(({ phone }) => phone));
  return (await readLookups(db, accountId, [...all])).length < all.size;
}

interface Circumstances {
  readonly onDnc: boolean;
  readonly priceMicros: number;
  readonly cached: boolean;
}

function toValidation(result: LookupResult, { onDnc, priceMicros, cached }: Circumstances): Validation {
  return {
    valid: result.valid,
    line_type: result.lineType,
    carrier: result.carrier,
    carrier_raw: result.carrierRaw,
    ported: result.ported,
    country: result.country,
    state: result.state,
    city: result.city,
    on_dnc: onDnc,
    disposition: toDisposition(result, onDnc),
    cost: priceMicros / MICROS,
    cached,
  };
}

/** The first that fits. */
function toDisposition({ valid, lineType }: LookupResult, onDnc: boolean): Disposition {
  if (!valid) return 'invalid';
  if (lineType === 'fixed line') return 'unreachable';
  if (onDnc || lineType === 'voip') return 'risky';
  return lineType === 'mobile' ? 'ok' : 'unknown';
}

const LINE_TYPES: Partial<Record<LookupResult['lineType'], LineType>> = {
  mobile: 'CELL PHONE',
  voip: 'VOIP',
  'fixed line': 'LANDLINE',
};

/** The line type that a validation puts in the place of the number's own; null: none. */
export function toLineType({ line_type: lineType }: Validation): LineType | null {
  return LINE_TYPES[lineType] ?? null;
}
