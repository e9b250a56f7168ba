import { isCustomKey } from '../../lib/value-kinds.ts';

/** What the columns of a file mean. Places count from 0. JSON, because it waits in the database with its file. */
export interface ImportColumns {
  readonly places: Readonly<Partial<Record<ColumnName, number>>>;
  /** Place and key. */
  readonly customFields: readonly (readonly [place: number, key: string])[];
  /** Names of columns that are left out. */
  readonly unknown: readonly string[];
  readonly count: number;
}

export type ColumnName = (typeof NAMES)[number];

const NAMES = [
  'phone_number',
  'email',
  'first_name',
  'last_name',
  'carrier',
  'line_type',
  'consent_date',
  'ad_network_source',
  'ad_network_id',
  /** Exports have it; whoever opted out is not taken in again by importing the export. */
  'unsubscribed_at',
] as const;

const ALIASES: Readonly<Record<string, ColumnName>> = {
  phone: 'phone_number',
  msisdn: 'phone_number',
  consentdate: 'consent_date',
  consent: 'consent_date',
  opted_in_date: 'consent_date',
  optin_date: 'consent_date',
};

const CUSTOM_PREFIX = 'custom_fields.';
const MAX_CUSTOM_FIELDS = 100;

/** undefined: there is no column of phone numbers. Of two columns that mean the same the first counts. */
export function readColumns(header: readonly (string | null)[]): ImportColumns | undefined {
  const places: Partial<Record<ColumnName, number>> = {};
  const customFields = new Map<string, number>();
  const unknown: string[] = [];
  for (const [place, given] of header.entries()) {
    const text = given ?? '';
    const name = toName(text);
    const key = toCustomKey(text);
    if (name !== undefined && places[name] === undefined) places[name] = place;
    else if (key !== undefined && !customFields.has(key) && customFields.size < MAX_CUSTOM_FIELDS) {
      customFields.set(key, place);
    } else if (text !== '') unknown.push(text.slice(0, 100));
  }
  if (places.phone_number === undefined) return undefined;
  return {
    places,
    customFields: [...customFields].map(([key, place]) => [place, key]),
    unknown,
    count: header.length,
  };
}

function toName(text: string): ColumnName | undefined {
  const name = text.toLowerCase();
  return NAMES.find((known) => known === name) ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined);
}

function toCustomKey(text: string): string | undefined {
  if (!text.toLowerCase().startsWith(CUSTOM_PREFIX)) return undefined;
  const key = text.slice(CUSTOM_PREFIX.length);
  return isCustomKey(key) ? key : undefined;
}
