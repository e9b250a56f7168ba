import { stateOf, timeZonesOf } from '../phone/index.ts';
import { countryOf, numberToPhone } from '../lib/e164.ts';
import { type QuietRule, termOf } from './quiet-rule.ts';
import { QUIET_RULES } from './quiet-rules-data.ts';

/** All zones in which somebody in the United States may be. */
const US_ZONES: readonly string[] = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Phoenix',
  'America/Los_Angeles',
  'America/Anchorage',
  'America/Adak',
  'Pacific/Honolulu',
];

const STATES: ReadonlySet<string> = new Set(
  (
    'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA ' +
    'RI SC SD TN TX UT VT VA WA WV WI WY'
  ).split(' '),
);

/** What is known of where a recipient may be. */
export interface RecipientPlace {
  readonly phone: number;
  /** The zone that the message, else the contact, names. */
  readonly explicitZone: string | null;
  readonly accountZone: string | null;
  /** What the contact's own fields call their state; anything that is no code of a US state counts for nothing. */
  readonly stateFields: readonly unknown[];
}

/**
 * Every zone in which the recipient may be: the one that is named; else all of the area code; else the account's; else all
 * of the United States. Never empty.
 */
export function candidateZones({
  phone,
  explicitZone,
  accountZone,
}: Omit<RecipientPlace, 'stateFields'>): readonly string[] {
  if (explicitZone !== null) return [explicitZone];
  const ofNumber = timeZonesOf(phone);
  if (ofNumber.length > 0) return ofNumber;
  return accountZone === null ? US_ZONES : [accountZone];
}

/** All US states in which the recipient may be: that of the area code and that of the contact's own fields. */
export function candidateStates({ phone, stateFields }: Pick<RecipientPlace, 'phone' | 'stateFields'>): string[] {
  const states = stateFields
    .map((field) => (typeof field === 'string' ? field.trim().toUpperCase() : ''))
    .filter((state) => STATES.has(state));
  const ofNumber = stateOf(phone);
  return [...new Set(ofNumber === null ? states : [ofNumber, ...states])].sort();
}

/** The rules in force for a number and the states in which its owner may be, on the day of `nowMs` (UTC). */
export function rulesFor(phone: number, states: readonly string[], nowMs: number): readonly QuietRule[] {
  const country = countryOf(numberToPhone(phone));
  return TERMS.filter(
    ({ rule, fromMs, endMs }) =>
      rule.country === country &&
      nowMs >= fromMs &&
      nowMs < endMs &&
      (rule.region === null || states.includes(rule.region)),
  ).map(({ rule }) => rule);
}

/** Rules that are switched on, each with its term. */
const TERMS = QUIET_RULES.filter((rule) => rule.enabled).map((rule) => ({ rule, ...termOf(rule) }));

const CAPS = TERMS.flatMap(({ rule }) => rule.cap ?? []);
/** The widest that caps are. */
export const MAX_CAP = Math.max(...CAPS.map((cap) => cap.messages));
export const MAX_CAP_HOURS = Math.max(...CAPS.map((cap) => cap.hours));
