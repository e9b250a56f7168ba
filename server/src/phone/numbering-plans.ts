import { type CountryCode, Metadata } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/metadata.max';

/** The types of libphonenumber, in the order in which it asks for them. */
const SPECIAL_TYPES = [
  'PREMIUM_RATE',
  'TOLL_FREE',
  'SHARED_COST',
  'VOIP',
  'PERSONAL_NUMBER',
  'PAGER',
  'UAN',
  'VOICEMAIL',
] as const;

export type NumberType = (typeof SPECIAL_TYPES)[number] | 'FIXED_LINE' | 'MOBILE' | 'FIXED_LINE_OR_MOBILE';

/** The numbering plan of a country, or of a calling code of none. Its patterns match whole national numbers. */
export interface NumberingPlan {
  /** ISO 3166-1 alpha-2; null: a calling code of no country. */
  readonly country: string | null;
  /** Numbers that start so belong to this country; null: those that are valid in it. */
  readonly leadingDigits: RegExp | null;
  readonly isPossible: RegExp;
  readonly fixedLine: RegExp | null;
  /** null: cannot be told from fixed lines. */
  readonly mobile: RegExp | null;
  readonly special: readonly (readonly [NumberType, RegExp])[];
}

/** What the types of the package leave out. */
interface PlanMetadata {
  nationalNumberPattern(): string;
  leadingDigits(): string | undefined;
  type(name: string): { pattern(): string; possibleLengths(): readonly number[] | undefined } | undefined;
}

/** Plans by calling code, those of one code in the order in which libphonenumber asks them. */
export const NUMBERING_PLANS: ReadonlyMap<string, readonly NumberingPlan[]> = readPlans();

function readPlans(): Map<string, readonly NumberingPlan[]> {
  const plans = new Map<string, readonly NumberingPlan[]>();
  for (const [code, countries] of Object.entries(metadata.country_calling_codes)) {
    plans.set(
      code,
      countries.map((country) => readPlan(country, country)),
    );
  }
  for (const code of Object.keys(metadata.nonGeographic)) plans.set(code, [readPlan(code, null)]);
  return plans;
}

function readPlan(selector: string, country: string | null): NumberingPlan {
  const reader = new Metadata(metadata);
  // The types name countries only; the method documents calling codes too.
  reader.selectNumberingPlan(selector as CountryCode);
  const plan = reader.numberingPlan as unknown as PlanMetadata;
  const leadingDigits = plan.leadingDigits();
  return {
    country,
    leadingDigits: leadingDigits === undefined || !leadingDigits ? null : new RegExp(`^(?:${leadingDigits})`),
    isPossible: whole(plan.nationalNumberPattern()),
    fixedLine: readType(plan, 'FIXED_LINE'),
    mobile: readType(plan, 'MOBILE'),
    special: SPECIAL_TYPES.flatMap((type): [NumberType, RegExp][] => {
      const pattern = readType(plan, type);
      return pattern === null ? [] : [[type, pattern]];
    }),
  };
}

function readType(plan: PlanMetadata, name: string): RegExp | null {
  const type = plan.type(name);
  const pattern = type?.pattern();
  if (type === undefined || pattern === undefined || pattern === '') return null;
  const lengths = type.possibleLengths();
  return whole(pattern, lengths === undefined ? '' : `(?=(?:${lengths.map((length) => `.{${length}}`).join('|')})$)`);
}

function whole(pattern: string, condition = ''): RegExp {
  return new RegExp(`^${condition}(?:${pattern})$`);
}
