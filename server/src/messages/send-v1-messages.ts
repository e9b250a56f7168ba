import { type Caller, findV1Sender, isV1Sender, type List } from '../accounts/index.ts';
import { AppError, ERRORS, type ErrorCode } from '../lib/errors.ts';
import { normaliseV1Phone } from '../lib/e164.ts';
import { isCleanText, isMissing, isPlainObject, type Row } from '../lib/fields.ts';
import { compileTemplate, renderTemplate } from '../lib/macros.ts';
import { countSegments, toSmartEncoding, type SegmentCount } from '../lib/segments.ts';
import type { AcceptItem } from '../pipeline/accept-types.ts';
import { LANES, SOURCES } from '../pipeline/batch.ts';
import type { Transaction } from '../store/transaction.ts';
import { affixesFor, brandNameOf } from './affixes.ts';
import { bodyKind, bodyLimit, metadataKind, metadataLimit, sendFields } from './send-fields.ts';
import { acceptItems, alignIds, toRows, type SendDeps } from './send-messages.ts';
import { findListError, toStoredJson } from './validate-send.ts';

export interface V1SendInput {
  readonly body: Row;
  readonly transaction: Transaction | null;
}

export interface V1SentMessage {
  readonly message_id: string;
  readonly id: string;
  readonly status: 'queued';
  readonly segments: number;
  readonly gsm7: boolean;
  readonly deprecated: true;
}

export interface V1RowError {
  readonly index: number;
  /** As it was sent; null when it was no text. */
  readonly to_msisdn: string | null;
  readonly error: string;
}

export interface V1SentBulk {
  readonly queued_count: number;
  readonly error_count: number;
  readonly errors: readonly V1RowError[];
  readonly message_ids: readonly (string | null)[];
  readonly deprecated: true;
}

/** Version 1 says some things in other words. */
const V1_TEXTS: Partial<Record<ErrorCode, string>> = {
  missing_to: 'Recipient phone number (to_msisdn) is required',
  missing_body: 'Message body is required',
  invalid_phone: 'Invalid phone number format',
  missing_messages: 'Messages array is required',
  list_not_found: 'Sending number not found',
};
const V1_STATUSES: Partial<Record<ErrorCode, number>> = { list_not_found: 404 };
const TOO_MANY_STATUS = 400;

function toV1Text(code: ErrorCode): string {
  return V1_TEXTS[code] ?? ERRORS[code].text;
}

function toV1Error(code: ErrorCode): AppError {
  const status = V1_STATUSES[code];
  return new AppError(code, { text: toV1Text(code), ...(status === undefined ? {} : { status }) });
}

/**
 * `POST /api/v1/messages`. Durable when the promise resolves; always transactional, links are left alone.
 * @throws AppError with the codes of version 1, LogFullError, LogUnavailableError, DatabaseUnavailableError
 */
export async function sendV1Message(
  deps: SendDeps,
  caller: Caller,
  { body, transaction }: V1SendInput,
): Promise<V1SentMessage> {
  const from = body['from_phone_number_id'];
  const error = findPresenceError(body) ?? (isEmpty(from) ? 'missing_from' : undefined) ?? findFormError(body, from);
  if (error !== undefined) throw toV1Error(error);
  const list = findV1List(deps, caller, from);
  const items = [toV1Item(body, list)];
  const [plainId] = await acceptItems(deps, caller, { source: SOURCES.v1, items, transaction });
  const counted = countAsSent(list, caller, body['body'] as string, plainId as string);
  const id = `msg_${plainId as string}`;
  return {
    message_id: id,
    id,
    status: 'queued',
    segments: counted.segments,
    gsm7: counted.encoding === 'GSM-7',
    deprecated: true,
  };
}

/**
 * `POST /api/v1/messages/bulk`: one sender for up to 1,000 messages; good rows are accepted together.
 * @throws AppError for what is wrong with the whole request; LogFullError, LogUnavailableError, DatabaseUnavailableError
 */
export async function sendV1Bulk(
  deps: SendDeps,
  caller: Caller,
  { body, transaction }: V1SendInput,
): Promise<V1SentBulk> {
  const from = body['from_phone_number_id'];
  if (isEmpty(from)) throw toV1Error('missing_from');
  const rows = toV1Rows(body['messages'], from);
  const list = findV1List(deps, caller, from);
  const items: AcceptItem[] = [];
  const errors: V1RowError[] = [];
  for (const [index, row] of rows.entries()) {
    const error = findRowError(row);
    if (error === undefined) items.push(toV1Item(toKnownFields(row as Row), list));
    else errors.push({ index, to_msisdn: toShownPhone(row), error: toV1Text(error) });
  }
  const ids = await acceptItems(deps, caller, { source: SOURCES.v1, items, transaction });
  return {
    queued_count: ids.length,
    error_count: errors.length,
    errors,
    message_ids: alignIds(rows.length, ids, errors).map((id) => (id === null ? null : `msg_${id}`)),
    deprecated: true,
  };
}

/** Presence of the array comes before the form of the sender, and its length after. */
function toV1Rows(messages: unknown, from: unknown): readonly unknown[] {
  if (isEmpty(messages) || (Array.isArray(messages) && messages.length === 0)) throw toV1Error('missing_messages');
  if (!isV1Sender(from)) throw toV1Error('invalid_from');
  return toRows(messages, TOO_MANY_STATUS);
}

function toKnownFields(row: Row): Row {
  return { to_msisdn: toOf(row), body: row['body'] };
}

function findRowError(row: unknown): ErrorCode | undefined {
  if (!isPlainObject(row)) return 'invalid_message';
  return findPresenceError(row) ?? findPhoneError(row) ?? findBodyError(row);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** `to` is read when `to_msisdn` is absent or empty. */
function toOf(body: Row): unknown {
  return isEmpty(body['to_msisdn']) ? body['to'] : body['to_msisdn'];
}

function toShownPhone(row: unknown): string | null {
  const to = isPlainObject(row) ? toOf(row) : undefined;
  return typeof to === 'string' ? to.toWellFormed() : null;
}

function findPresenceError(body: Row): ErrorCode | undefined {
  if (isEmpty(toOf(body))) return 'missing_to';
  return isMissing(bodyKind, body['body']) ? 'missing_body' : undefined;
}

function findFormError(body: Row, from: unknown): ErrorCode | undefined {
  return (
    findPhoneError(body) ??
    findBodyError(body) ??
    findMetadataError(body['metadata']) ??
    (isV1Sender(from) ? undefined : 'invalid_from')
  );
}

function findPhoneError(body: Row): ErrorCode | undefined {
  const to = toOf(body);
  return typeof to === 'string' && isCleanText(to) && normaliseV1Phone(to) !== undefined ? undefined : 'invalid_phone';
}

function findBodyError(body: Row): ErrorCode | undefined {
  const text = body['body'];
  if (!bodyKind.isValid(text, 0)) return 'invalid_body';
  return bodyLimit.exceeds(text) ? 'body_too_long' : undefined;
}

function findMetadataError(metadata: unknown): ErrorCode | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (!metadataKind.isValid(metadata, 0)) return 'invalid_metadata';
  return metadataLimit.exceeds(metadata) ? 'metadata_too_large' : undefined;
}

/** @throws AppError `list_not_found` (also when it is not active), `list_not_allowed`, and what else refuses a list */
function findV1List(deps: SendDeps, caller: Caller, from: unknown): List {
  const list = findV1Sender(deps.directory, caller, from);
  if (list === undefined || list.status !== 'active') throw toV1Error('list_not_found');
  const error = findListError(list, caller, true);
  if (error !== undefined) throw toV1Error(error);
  return list;
}

function toV1Item(body: Row, list: List): AcceptItem {
  const row = { to: normaliseV1Phone(toOf(body) as string), body: body['body'], metadata: body['metadata'] };
  return { listId: list.id, lane: LANES.transactional, dueMs: 0, json: toStoredJson(sendFields, row, 0) };
}

/** Counts the text with affixes and with the macros that are known at intake. */
function countAsSent(list: List, caller: Caller, body: string, id: string): SegmentCount {
  const { prepend, append } = affixesFor(list, caller.account, 'transactional', false);
  const text = renderTemplate(
    compileTemplate(prepend + body + append),
    (name) => {
      if (name === 'brand_name') return brandNameOf(list, caller.account);
      return name === 'messageId' || name === 'sendId' ? id : undefined;
    },
    { keepLinks: true },
  );
  return countSegments(list.settings.smartEncoding ? toSmartEncoding(text) : text);
}
