import { type CountryCode, Metadata } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/metadata.max';

const SHORTEST_DIGITS = 7;
const LONGEST_DIGITS = 15;
const ZERO = 48;
const PLUS = 43;

interface CallingCodes {
  /** By the first three digits: bit n is set when n digits in all are possible. */
  readonly lengthBits: Uint16Array;
  /** By the first three digits: ISO 3166-1 alpha-2 of the main country, or `001`. */
  readonly countries: readonly string[];
}

const WORLD = '001';
const CALLING_CODES = readCallingCodes();

/** Which lengths are possible, by the first three digits of an E.164 number: bit n is set when n digits in all are. */
export const CALLING_CODE_LENGTH_BITS: Uint16Array = CALLING_CODES.lengthBits;

/**
 * Calling codes are prefix-free and have one to three digits (ITU-T E.164 §6.2), so the first three digits name one.
 * Lengths are those of the code's main country, as in libphonenumber's own `isPossibleNumber`.
 */
function readCallingCodes(): CallingCodes {
  const lengthBits = new Uint16Array(1_000);
  const countries = Array.from({ length: 1_000 }, () => WORLD);
  const plans = new Metadata(metadata);
  const codes = [...Object.keys(metadata.country_calling_codes), ...Object.keys(metadata.nonGeographic)];
  for (const code of codes) {
    // The types name countries only; the method documents calling codes too.
    plans.selectNumberingPlan(code as CountryCode);
    const bits = toLengthBits(code, plans.numberingPlan?.possibleLengths() ?? []);
    const span = 10 ** (3 - code.length);
    const first = Number(code) * span;
    lengthBits.fill(bits, first, first + span);
    countries.fill(mainCountryOf(code), first, first + span);
  }
  return { lengthBits, countries };
}

function toLengthBits(code: string, nationalLengths: readonly number[]): number {
  return nationalLengths
    .map((length) => length + code.length)
    .filter((digits) => digits >= SHORTEST_DIGITS && digits <= LONGEST_DIGITS)
    .reduce((bits, digits) => bits | (1 << digits), 0);
}

function mainCountryOf(code: string): string {
  const codes: Readonly<Record<string, readonly string[]>> = metadata.country_calling_codes;
  return codes[code]?.[0] ?? WORLD;
}

/**
 * True for `^\+[1-9][0-9]{6,14}$` with a length that is possible for its country calling code (ITU-T E.164, lengths by
 * libphonenumber metadata). Trims nothing, knows no other format, and does not ask whether the number is assigned.
 * A national prefix after the calling code (`+4402…`) counts as a digit. Costs about 20 ns.
 */
export function isE164(text: string): boolean {
  const digits = text.length - 1;
  if (digits < SHORTEST_DIGITS || digits > LONGEST_DIGITS || text.charCodeAt(0) !== PLUS) return false;
  for (let i = 1; i <= digits; i++) {
    const value = text.charCodeAt(i) - ZERO;
    if (value < 0 || value > 9) return false;
  }
  const bits = CALLING_CODES.lengthBits[firstThreeDigits(text)] as number;
  return ((bits >> digits) & 1) === 1;
}

function firstThreeDigits(e164: string): number {
  return (e164.charCodeAt(1) - ZERO) * 100 + (e164.charCodeAt(2) - ZERO) * 10 + (e164.charCodeAt(3) - ZERO);
}

/** True for a sender of 5 or 6 digits without `+`. */
export function isShortCode(text: string): boolean {
  return /^[0-9]{5,6}$/.test(text);
}

/** True for what a list can send from: E.164 or a short code. */
export function isListNumber(text: string): boolean {
  return isE164(text) || isShortCode(text);
}

/** The digits of an E.164 number as an integer (at most 15 digits, so exact). The input must have passed `isE164`. */
export function phoneToNumber(e164: string): number {
  let value = 0;
  for (let i = 1; i < e164.length; i++) value = value * 10 + (e164.charCodeAt(i) - ZERO);
  return value;
}

/** The reverse of `phoneToNumber`. */
export function numberToPhone(value: number): string {
  return `+${value}`;
}

/**
 * A number as carriers spell it (digits alone, with `00`, with `+`) in our form: E.164, or a short code as it is. What is
 * no number comes out as something that is neither.
 */
export function normaliseCarrierNumber(text: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith('+') || isShortCode(trimmed)) return trimmed;
  return `+${trimmed.startsWith('00') ? trimmed.slice(2) : trimmed}`;
}

/**
 * E.164 of the loose spellings that version 1 of the API takes: everything but digits and a leading `+` is cut out, ten
 * digits are a US number, and so are eleven that start with 1. Undefined when that gives no possible number.
 */
export function normaliseV1Phone(text: string): string | undefined {
  const digits = text.replace(/[^0-9]/g, '');
  const e164 = toV1E164(digits, /^[^0-9+]*\+/.test(text));
  return e164 !== undefined && isE164(e164) ? e164 : undefined;
}

function toV1E164(digits: string, hasPlus: boolean): string | undefined {
  if (hasPlus) return `+${digits}`;
  if (digits.length === 10) return `+1${digits}`;
  return digits.length === 11 && digits.startsWith('1') ? `+${digits}` : undefined;
}

/** True for the ISO 3166-1 alpha-2 code of a country that has phone numbers. */
export function isCountryCode(text: string): boolean {
  return Object.hasOwn(metadata.countries, text);
}

/**
 * ISO 3166-1 alpha-2 country of a list number: US for short codes and all of +1, else the main country of the calling
 * code. `001` (the world) for codes of no country, such as +800.
 */
export function countryOf(listNumber: string): string {
  if (!listNumber.startsWith('+')) return 'US';
  return CALLING_CODES.countries[firstThreeDigits(listNumber)] ?? WORLD;
}
