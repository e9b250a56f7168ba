import type { Clock } from '../lib/clock.ts';
import type { LineType } from '../store/contact-store.ts';
import { type LookupRow, readLookups, saveLookups } from '../store/phone-lookup-store.ts';
import type { Pool } from '../store/pool.ts';
import type { LookupResult, PhoneLookup } from './phone-lookup.ts';

export type Disposition = 'invalid' | 'unreachable' | 'risky' | 'unknown' | 'ok';

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
  readonly cost: number;
  readonly cached: boolean;
}

export interface ValidationDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly lookup: PhoneLookup;
}

const LOOKUP_PRICE = 0.003;
const AT_ONCE = 20;

/**
 * What look-ups know of these numbers; answers are kept for ever and cost nothing again. `force`: numbers that are asked
 * anew. A number whose look-up failed is missing: it is neither charged nor remembered.
 */
export async function validatePhones(
  { pool, clock, lookup }: ValidationDeps,
  accountId: string,
  phones: readonly { readonly phone: number; readonly force: boolean }[],
): Promise<Map<number, Validation>> {
  const forced = new Set(phones.filter(({ force }) => force).map(({ phone }) => phone));
  const all = [...new Set(phones.map(({ phone }) => phone))];
  const known = await readLookups(pool, accountId, all);
  const validations = new Map<number, Validation>();
  for (const { phone, result } of known) {
    if (!forced.has(phone)) validations.set(phone, toValidation(result as LookupResult, { cached: true }));
  }
  const open = all.filter((phone) => !validations.has(phone));
  for (let at = 0; at < open.length; at += AT_ONCE) {
    const asked = open.slice(at, at + AT_ONCE);
    const answers = await Promise.allSettled(asked.map((phone) => lookup.lookUp(phone)));
    const fresh: LookupRow[] = asked.flatMap((phone, index) => {
      const answer = answers[index];
      return answer?.status === 'fulfilled' ? [{ phone, result: answer.value }] : [];
    });
    await saveLookups(pool, accountId, fresh, clock());
    for (const { phone, result } of fresh)
      validations.set(phone, toValidation(result as LookupResult, { cached: false }));
  }
  return validations;
}

/** True when an answer would be charged. */
export async function needsLookup(
  pool: Pool,
  accountId: string,
  phones: readonly { readonly phone: number; readonly force: boolean }[],
): Promise<boolean> {
  if (phones.some(({ force }) => force)) return true;
  const all = new Set(phones.map(({ phone }) => phone));
  return (await readLookups(pool, accountId, [...all])).length < all.size;
}

function toValidation(result: LookupResult, { cached }: { readonly cached: boolean }): Validation {
  return {
    valid: result.valid,
    line_type: result.lineType,
    carrier: result.carrier,
    carrier_raw: result.carrierRaw,
    ported: result.ported,
    country: result.country,
    state: result.state,
    city: result.city,
    on_dnc: result.onDnc,
    disposition: toDisposition(result),
    cost: cached ? 0 : LOOKUP_PRICE,
    cached,
  };
}

/** The first that fits. */
function toDisposition({ valid, lineType, onDnc }: LookupResult): Disposition {
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
