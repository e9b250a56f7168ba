import { isE164, phoneToNumber } from '../../lib/e164.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import { isCleanText } from '../../lib/fields.ts';
import { parseTimeMs } from '../../lib/parse-time.ts';
import { isCustomValue, isEmail } from '../../lib/value-kinds.ts';
import { type PhoneFacts, phoneFacts } from '../../phone/index.ts';
import type { LineType } from '../../store/contact-store.ts';
import type { CustomFields } from '../../store/list-contact-store.ts';
import { contactErrorText } from '../contact-fields.ts';
import { fromCell } from './csv-cells.ts';
import type { ColumnName, ImportColumns } from './import-columns.ts';
import type { CsvRow } from './read-csv.ts';

/** A good row of a file. null: the file does not say. */
export interface ImportRow {
  readonly line: number;
  readonly phone: number;
  readonly facts: PhoneFacts;
  readonly consentMs: number | null;
  readonly email: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly carrier: string | null;
  readonly lineType: LineType | null;
  readonly adNetworkSource: string | null;
  readonly adNetworkId: string | null;
  readonly customFields: CustomFields | null;
}

/** A row that is not stored, and why. */
export interface ImportError {
  readonly line: number;
  /** As it was written. */
  readonly phone: string;
  readonly code: ErrorCode;
}

const MAX_TEXT_LENGTH = 255;
/** Of the phone number in a report of errors. */
const MAX_SHOWN_LENGTH = 40;
const LINE_TYPES: readonly LineType[] = ['CELL PHONE', 'VOIP', 'LANDLINE', 'FAKE', 'UNKNOWN'];
const TEXT_COLUMNS = [
  ['first_name', 'invalid_first_name'],
  ['last_name', 'invalid_last_name'],
  ['carrier', 'invalid_carrier'],
  ['ad_network_source', 'invalid_ad_network_source'],
  ['ad_network_id', 'invalid_ad_network_id'],
] as const satisfies readonly (readonly [ColumnName, ErrorCode])[];

export function importErrorText(code: ErrorCode): string {
  return code === 'invalid_phone'
    ? 'the number must be in E.164 format, or ten digits of a US number'
    : contactErrorText(code);
}

/** Checks one row in the order of the columns of the contract. */
export function parseImportRow(row: CsvRow, columns: ImportColumns, nowMs: number): ImportRow | ImportError {
  const { line, fields } = row;
  const text = (name: ColumnName): string => fromCell(fields[columns.places[name] ?? -1] ?? '');
  const written = text('phone_number');
  const fail = (code: ErrorCode): ImportError => ({ line, phone: toShown(written), code });
  if (row.isBroken || fields.length > columns.count) return fail('invalid_row');
  if (fields.includes(null)) return fail('invalid_encoding');
  if (written === '') return fail('missing_phone_number');
  const e164 = /^[0-9]{10}$/.test(written) ? `+1${written}` : written;
  if (!isE164(e164)) return fail('invalid_phone');
  if (text('unsubscribed_at') !== '') return fail('unsubscribed');
  const email = text('email');
  if (email !== '' && !isEmail(email)) return fail('invalid_email');
  for (const [name, code] of TEXT_COLUMNS) {
    const value = text(name);
    if (value.length > MAX_TEXT_LENGTH || !isCleanText(value)) return fail(code);
  }
  const lineType = text('line_type').toUpperCase();
  if (lineType !== '' && !LINE_TYPES.includes(lineType as LineType)) return fail('invalid_line_type');
  const consentMs = toConsentMs(text('consent_date'), nowMs);
  if (consentMs === undefined) return fail('invalid_consent_date');
  const customFields = toCustomFields(row, columns);
  if (customFields === undefined) return fail('invalid_custom_fields');
  const phone = phoneToNumber(e164);
  return {
    line,
    phone,
    facts: phoneFacts(phone),
    consentMs,
    email: orNull(email),
    firstName: orNull(text('first_name')),
    lastName: orNull(text('last_name')),
    carrier: orNull(text('carrier')),
    lineType: lineType === '' ? null : (lineType as LineType),
    adNetworkSource: orNull(text('ad_network_source')),
    adNetworkId: orNull(text('ad_network_id')),
    customFields,
  };
}

function toShown(text: string): string {
  return text.slice(0, MAX_SHOWN_LENGTH).toWellFormed().replaceAll('\u0000', '\uFFFD');
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

/** `MM/DD/YYYY` or `MM-DD-YYYY`. */
const US_DATE = /^([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})$/;

/** null: none; undefined: no date, or one that is to come. */
function toConsentMs(text: string, nowMs: number): number | null | undefined {
  if (text === '') return null;
  const [, month, day, year] = US_DATE.exec(text) ?? [];
  const iso = year === undefined ? text : `${year}-${month?.padStart(2, '0')}-${day?.padStart(2, '0')}`;
  const atMs = parseTimeMs(iso.replace(' ', 'T'));
  return atMs === undefined || atMs > nowMs ? undefined : atMs;
}

/** null: none; undefined: one is wrong. An empty field says nothing. */
function toCustomFields({ fields }: CsvRow, { customFields }: ImportColumns): CustomFields | null | undefined {
  let result: Record<string, unknown> | null = null;
  for (const [place, key] of customFields) {
    const value = fromCell(fields[place] ?? '');
    if (value === '') continue;
    if (!isCustomValue(value)) return undefined;
    // A column may be named after what every object has.
    result ??= Object.create(null) as Record<string, unknown>;
    result[key] = value;
  }
  return result;
}

export function isImportError(row: ImportRow | ImportError): row is ImportError {
  return 'code' in row;
}
