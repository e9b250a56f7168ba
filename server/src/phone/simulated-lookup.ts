import { STATE_NAMES } from './area-data.ts';
import type { LookupResult, PhoneLookup } from './phone-lookup.ts';
import { phoneFacts } from './phone-facts.ts';

const LAST_DIGITS = 10_000;

/**
 * Answers without a network (phone.md 3 of the contract): what the number tells, and then what its last four digits are
 * agreed to mean.
 */
export const simulatedLookup: PhoneLookup = {
  async lookUp(phone) {
    const facts = phoneFacts(phone);
    const last = phone % LAST_DIGITS;
    if (last >= 135 && last <= 139) throw new Error('the simulated provider does not answer for this number');
    const place = {
      country: facts.country,
      state: facts.state === null ? null : (STATE_NAMES[facts.state] ?? null),
      city: null,
    };
    const answer = byLastDigits(last) ?? byMetadata(facts.lineType);
    return { ...MOBILE, ...place, ...answer, valid: facts.isValid && answer.valid !== false };
  },
};

const MOBILE: LookupResult = {
  valid: true,
  lineType: 'mobile',
  carrier: 'Sim Mobile',
  carrierRaw: 'SIM MOBILE',
  ported: false,
  country: null,
  state: null,
  city: null,
};
const LANDLINE = { lineType: 'fixed line', carrier: 'Sim Landline', carrierRaw: 'SIM LANDLINE' } as const;
const VOIP = { lineType: 'voip', carrier: 'Sim VoIP', carrierRaw: 'SIM VOIP' } as const;
const UNKNOWN = { lineType: 'unknown', carrier: null, carrierRaw: null } as const;

function byLastDigits(last: number): Partial<LookupResult> | undefined {
  if (last >= 100 && last <= 109) return LANDLINE;
  if (last >= 110 && last <= 119) return VOIP;
  if (last >= 120 && last <= 124) return { ...UNKNOWN, valid: false };
  if (last >= 125 && last <= 129) return UNKNOWN;
  if (last >= 130 && last <= 134) return { onDnc: true };
  if (last === 140 || last === 141) return { ported: true };
  return undefined;
}

function byMetadata(lineType: string): Partial<LookupResult> {
  if (lineType === 'VOIP') return VOIP;
  return lineType === 'LANDLINE' ? LANDLINE : {};
}
