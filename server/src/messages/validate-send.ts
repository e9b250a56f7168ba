import type { Caller, Directory, List } from '../accounts/index.ts';
import type { ErrorCode } from '../lib/errors.ts';
import { findFieldError, isMissing, isPlainObject, type FieldTable, type Row } from '../lib/fields.ts';
import { findUrls } from '../lib/find-urls.ts';
import { listNumberKind } from '../lib/value-kinds.ts';
import type { AcceptItem } from '../pipeline/accept-types.ts';
import { LANES, type LaneCode } from '../pipeline/batch.ts';
import { parseSendAt } from './send-fields.ts';

/** What all rows of one request share. */
export interface SendContext {
  readonly caller: Caller;
  readonly directory: Pick<Directory, 'listByNumber'>;
  readonly fields: FieldTable;
  readonly nowMs: number;
  /** For rows that name no list. */
  readonly defaultListNumber: unknown;
  /** False for a dry run, which needs no confirmation. */
  readonly sends: boolean;
}

/**
 * Checks one send in the contract's order and gives what the pipeline accepts, or the code of the first thing that is
 * wrong: a value, because in a bulk request a bad row is nothing unusual. A row without a list number is given the
 * default one.
 */
export function validateSend(row: unknown, context: SendContext): AcceptItem | ErrorCode {
  if (!isPlainObject(row)) return 'invalid_message';
  if (context.defaultListNumber !== undefined && isMissing(listNumberKind, row['list_number'])) {
    row['list_number'] = context.defaultListNumber;
  }
  const fieldError = findFieldError(context.fields, row, context.nowMs);
  if (fieldError !== undefined) return fieldError;
  const list = context.directory.listByNumber(row['list_number'] as string);
  if (list === undefined || list.accountId !== context.caller.account.id) return 'list_not_found';
  return (
    findListError(list, context.caller, context.sends) ??
    findDomainError(row, list, context.caller) ??
    toItem(row, list, context)
  );
}

/** What a caller's own list may refuse: the key's policy, and a sender that is not ready. */
export function findListError(list: List, { key }: Caller, sends: boolean): ErrorCode | undefined {
  if (key.allowedListIds !== null && !key.allowedListIds.has(list.id)) return 'list_not_allowed';
  if (sends && key.requireConfirmation) return 'confirmation_required';
  if (list.isByoc && !list.verified) return 'webhook_not_configured';
  return undefined;
}

function findDomainError(row: Row, list: List, caller: Caller): ErrorCode | undefined {
  if (row['wrap_links'] !== true || hasLinkDomain(list, caller)) return undefined;
  return findUrls(row['body'] as string).length > 0 ? 'no_domain_configured' : undefined;
}

/** True when short links can be made for the list. */
export function hasLinkDomain(list: List, { account }: Caller): boolean {
  return list.settings.shortenerDomain !== null || account.settings.shortenerDomain !== null;
}

function toItem(row: Row, list: List, context: SendContext): AcceptItem {
  const sendAt = row['send_at'];
  const dueMs = typeof sendAt === 'string' ? (parseSendAt(sendAt, context.nowMs) ?? 0) : 0;
  return { listId: list.id, lane: toLane(row), dueMs, json: toStoredJson(context.fields, row, dueMs) };
}

function toLane(row: Row): LaneCode {
  if (row['skip_rate_limit'] === true) return LANES.express;
  return row['category'] === 'marketing' ? LANES.marketing : LANES.transactional;
}

/**
 * The message as the log keeps it: known fields only, without what the batch says (list, a time that is not ahead) and
 * without flags that are off. `to` has the form of a phone number, so it needs no escaping.
 */
export function toStoredJson(fields: FieldTable, row: Row, dueMs: number): string {
  let json = `{"to":"${row['to'] as string}","body":${JSON.stringify(row['body'])}`;
  for (const { name } of fields.all) {
    const value = row[name];
    if (value === undefined || value === null || value === false || isKeptElsewhere(name, dueMs)) continue;
    json += `,"${name}":${name === 'contact_data' ? toContactJson(value as Row) : JSON.stringify(value)}`;
  }
  return `${json}}`;
}

function isKeptElsewhere(name: string, dueMs: number): boolean {
  return name === 'to' || name === 'body' || name === 'list_number' || (name === 'send_at' && dueMs === 0);
}

function toContactJson(contact: Row): string {
  return JSON.stringify({
    first_name: contact['first_name'] ?? undefined,
    last_name: contact['last_name'] ?? undefined,
    custom_fields: contact['custom_fields'] ?? undefined,
    timezone: contact['timezone'] ?? undefined,
  });
}
