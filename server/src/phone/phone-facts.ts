import type { LineType, NewContact } from '../store/contact-store.ts';
import { STATE_AREA_CODES } from './area-data.ts';
import { NUMBERING_PLANS, type NumberingPlan, type NumberType } from './numbering-plans.ts';

/** What a number tells without anybody being asked. */
export type PhoneFacts = NewContact;

const LINE_TYPES: Readonly<Record<NumberType, LineType>> = {
  MOBILE: 'CELL PHONE',
  FIXED_LINE_OR_MOBILE: 'CELL PHONE',
  VOIP: 'VOIP',
  PERSONAL_NUMBER: 'VOIP',
  FIXED_LINE: 'LANDLINE',
  TOLL_FREE: 'LANDLINE',
  PREMIUM_RATE: 'LANDLINE',
  SHARED_COST: 'LANDLINE',
  UAN: 'LANDLINE',
  VOICEMAIL: 'LANDLINE',
  PAGER: 'LANDLINE',
};

const STATES: ReadonlyMap<string, string> = new Map(
  Object.entries(STATE_AREA_CODES).flatMap(([state, codes]) => codes.split(' ').map((code) => [code, state] as const)),
);

/**
 * Validity, kind of line, country and US state of a number, by the metadata of google/libphonenumber; the same answers as
 * its `isValidNumber` and `getNumberType` give for a number in international form. Valid means that the range is assigned,
 * not that anybody answers there. `phone`: the digits of E.164. Costs about 1 µs.
 */
export function phoneFacts(phone: number): PhoneFacts {
  const digits = String(phone);
  const { plans, national } = findPlans(digits);
  const plan = plans.length === 1 ? plans[0] : plans.find((candidate) => belongsTo(national, candidate));
  const type = plan === undefined ? null : typeOf(national, plan);
  return {
    phone,
    isValid: type !== null,
    lineType: type === null ? 'FAKE' : type === 'UNKNOWN' ? 'UNKNOWN' : LINE_TYPES[type],
    country: plan?.country ?? null,
    state: plan?.country === 'US' ? (STATES.get(national.slice(0, 3)) ?? null) : null,
  };
}

function findPlans(digits: string): { plans: readonly NumberingPlan[]; national: string } {
  for (let length = 1; length <= 3; length++) {
    const plans = NUMBERING_PLANS.get(digits.slice(0, length));
    if (plans !== undefined) return { plans, national: digits.slice(length) };
  }
  return { plans: [], national: digits };
}

function belongsTo(national: string, plan: NumberingPlan): boolean {
  return plan.leadingDigits === null ? typeOf(national, plan) !== null : plan.leadingDigits.test(national);
}

/** null: not a number of this plan. `UNKNOWN`: one, in a plan that tells no types. */
function typeOf(national: string, plan: NumberingPlan): NumberType | 'UNKNOWN' | null {
  if (!plan.isPossible.test(national)) return null;
  const { fixedLine, mobile, special } = plan;
  if (fixedLine?.test(national) === true) {
    return mobile === null || mobile.test(national) ? 'FIXED_LINE_OR_MOBILE' : 'FIXED_LINE';
  }
  if (mobile?.test(national) === true) return 'MOBILE';
  const found = special.find(([, pattern]) => pattern.test(national));
  if (found !== undefined) return found[0];
  return fixedLine === null && mobile === null && special.length === 0 ? 'UNKNOWN' : null;
}

/** US state of a number's area code, two letters, whether or not the number is assigned; null: none, or not of +1. */
export function stateOf(phone: number): string | null {
  const digits = String(phone);
  return digits.length === 11 && digits.startsWith('1') ? (STATES.get(digits.slice(1, 4)) ?? null) : null;
}
