import { DAY_MS } from '../lib/clock.ts';

/** Local hours on some days. */
export interface RuleWindow {
  /** 0: Sunday. */
  readonly days: readonly (0 | 1 | 2 | 3 | 4 | 5 | 6)[];
  /** `HH:MM`; inclusive. */
  readonly start: string;
  /** `HH:MM`; exclusive. */
  readonly end: string;
}

/** One rule about when, or how often, marketing texts may be sent. */
export interface QuietRule {
  readonly id: string;
  /** ISO 3166-1 alpha-2; US covers all numbers of +1. */
  readonly country: string;
  /** US state; null: the whole country. */
  readonly region: string | null;
  /** When texts are allowed; null: this rule is a cap. */
  readonly windows: readonly RuleWindow[] | null;
  /** Whose public holidays are closed all day. */
  readonly holidays: 'US' | 'FR' | null;
  /** At most so many marketing messages to one recipient by one account in so many hours. */
  readonly cap: { readonly messages: number; readonly hours: number } | null;
  /** Dates, both inclusive; null: before our table began, and without an end. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
  readonly source: string;
  readonly note: string | null;
  readonly checkedOn: string;
  readonly enabled: boolean;
  readonly version: number;
}

/** When a row begins to hold, and the first moment at which it does not hold any more: its dates are days of UTC. */
export function termOf({ validFrom, validTo }: Pick<QuietRule, 'validFrom' | 'validTo'>): {
  readonly fromMs: number;
  readonly endMs: number;
} {
  return {
    fromMs: validFrom === null ? Number.NEGATIVE_INFINITY : Date.parse(validFrom),
    endMs: validTo === null ? Number.POSITIVE_INFINITY : Date.parse(validTo) + DAY_MS,
  };
}

/** A rule as it is kept with the messages that it held or dropped: `US-FED-HOURS@1`. */
export function toRuleName({ id, version }: Pick<QuietRule, 'id' | 'version'>): string {
  return `${id}@${version}`;
}

/** The reverse of `toRuleName`; texts of another form are ids without a version. */
export function parseRuleName(name: string): { id: string; version: number | null } {
  const [, id = name, version] = /^(.+)@([0-9]+)$/.exec(name) ?? [];
  return { id, version: version === undefined ? null : Number(version) };
}
