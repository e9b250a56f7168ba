import type { Caller, List } from '../accounts/index.ts';
import type { ErrorCode } from '../lib/errors.ts';
import { findFieldError, isMissing, isPlainObject, type Row } from '../lib/fields.ts';
import { phoneToNumber } from '../lib/e164.ts';
import { compactJsonBytes } from '../lib/json-limits.ts';
import { parseTimeMs } from '../lib/parse-time.ts';
import { listNumberKind } from '../lib/value-kinds.ts';
import { contactFields } from './contact-fields.ts';
import type { ContactDeps } from './contact-deps.ts';
import type { FieldsPatch } from './subscribe.ts';

const MAX_CONTACT_BYTES = 4_000;

/** A contact that shall be stored on a list, checked. */
export interface ContactInput {
  readonly phone: number;
  readonly list: List;
  readonly useJourneys: boolean;
  /** null: nothing was said. Never ahead of now. */
  readonly consentMs: number | null;
  readonly ipAddress: string | null;
  readonly url: string | null;
  readonly customFields: FieldsPatch | undefined;
  readonly adNetworkSource: string | null;
  readonly adNetworkId: string | null;
  readonly email: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly timezone: string | null;
  readonly useValidation: boolean;
  readonly forceValidation: boolean;
}

export interface ParseContext {
  readonly caller: Caller;
  readonly directory: Pick<ContactDeps['directory'], 'listByNumber'>;
  readonly nowMs: number;
  /** For rows that name no list. */
  readonly defaultListNumber?: unknown;
}

/**
 * Checks one contact in the contract's order; gives the code of the first thing that is wrong as a value, because in a bulk
 * request a bad row is nothing unusual.
 */
export function parseContact(given: unknown, context: ParseContext): ContactInput | ErrorCode {
  if (!isPlainObject(given)) return 'invalid_contact';
  if (compactJsonBytes(given) > MAX_CONTACT_BYTES) return 'payload_too_large';
  const row = withDefaultList(given, context.defaultListNumber);
  const error = findFieldError(contactFields, row, context.nowMs);
  if (error !== undefined) return error;
  const list = findOwnList(context, row['list_number'] as string);
  if (list === undefined) return 'list_not_found';
  return toInput(row, list, context.nowMs);
}

function withDefaultList(row: Row, listNumber: unknown): Row {
  const isNamed = !isMissing(listNumberKind, row['list_number']);
  return listNumber === undefined || isNamed ? row : { ...row, list_number: listNumber };
}

/** A list of the account that is not deleted. */
export function findOwnList(
  { directory, caller }: Pick<ParseContext, 'caller' | 'directory'>,
  number: string,
): List | undefined {
  const list = directory.listByNumber(number);
  return list?.accountId === caller.account.id ? list : undefined;
}

function toInput(row: Row, list: List, nowMs: number): ContactInput {
  const text = (name: string): string | null => {
    const value = row[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const fields = row['custom_fields'];
  const replace = row['replace_custom_fields'] === true;
  const signupDate = text('signup_date');
  return {
    phone: phoneToNumber(row['phone_number'] as string),
    list,
    useJourneys: row['use_journeys'] === true,
    consentMs: signupDate === null ? null : Math.min(parseTimeMs(signupDate) ?? nowMs, nowMs),
    ipAddress: text('ip_address'),
    url: text('url'),
    customFields: isPlainObject(fields) ? { fields, replace } : undefined,
    adNetworkSource: text('ad_network_source'),
    adNetworkId: text('ad_network_id'),
    email: text('email'),
    firstName: text('first_name'),
    lastName: text('last_name'),
    timezone: text('timezone'),
    useValidation: row['use_validation'] === true,
    forceValidation: row['force_validation'] === true,
  };
}
