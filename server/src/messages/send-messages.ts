import type { Caller, Directory } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError, ERRORS, type ErrorCode } from '../lib/errors.ts';
import type { FieldTable, Row } from '../lib/fields.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type { Accept, AcceptItem } from '../pipeline/accept-types.ts';
import { SOURCES, type SourceCode } from '../pipeline/batch.ts';
import type { Transaction } from '../store/transaction.ts';
import { MAX_BULK_MESSAGES, rawSendFields, sendFields } from './send-fields.ts';
import { validateSend, type SendContext } from './validate-send.ts';

export interface SendDeps {
  readonly directory: Pick<Directory, 'list' | 'listByNumber' | 'listByV1Id'>;
  readonly accept: Pick<Accept, 'accept' | 'acceptWithin'>;
  readonly idCodec: Pick<IdCodec, 'encode'>;
  readonly clock: Clock;
}

export interface SendInput {
  /** The request's JSON object. Rows without a list number get the default one written into them. */
  readonly body: Row;
  /** `send-raw` reads four fields more than `send`. */
  readonly raw: boolean;
  /** Set: the messages land in this transaction instead of the log. */
  readonly transaction: Transaction | null;
}

export interface SentMessage {
  readonly success: true;
  readonly message_id: string;
  readonly status: 'queued';
}

export interface BulkRowError {
  readonly index: number;
  readonly code: ErrorCode;
  readonly error: string;
}

export interface SentBulk {
  readonly queued_count: number;
  readonly error_count: number;
  readonly errors: readonly BulkRowError[];
  /** Aligned with the input; null where the row failed. */
  readonly message_ids: readonly (string | null)[];
}

/**
 * Accepts one message. It is durable when the promise resolves.
 * @throws AppError with the codes of the send, LogFullError, LogUnavailableError, DatabaseUnavailableError
 */
export async function sendMessage(deps: SendDeps, caller: Caller, input: SendInput): Promise<SentMessage> {
  const item = validateOneSend(deps, caller, { body: input.body, fields: fieldsOf(input), sends: true });
  const [id] = await acceptItems(deps, caller, { source: SOURCES.api, items: [item], transaction: input.transaction });
  return { success: true, message_id: id as string, status: 'queued' };
}

/**
 * The item of a single send or of a dry run of one.
 * @throws AppError with the codes of the send
 */
export function validateOneSend(
  deps: Pick<SendDeps, 'directory' | 'clock'>,
  caller: Caller,
  { body, fields, sends }: { body: Row; fields: FieldTable; sends: boolean },
): AcceptItem {
  const context = {
    caller,
    directory: deps.directory,
    fields,
    nowMs: deps.clock(),
    defaultListNumber: undefined,
    sends,
  };
  const item = validateSend(body, context);
  if (typeof item === 'string') throw new AppError(item);
  return item;
}

/**
 * Accepts the good rows of up to 1,000 together and tells what is wrong with the others.
 * @throws AppError for what is wrong with the whole request; LogFullError, LogUnavailableError, DatabaseUnavailableError
 */
export async function sendBulk(deps: SendDeps, caller: Caller, input: SendInput): Promise<SentBulk> {
  const rows = toRows(input.body['messages']);
  if (caller.key.requireConfirmation) throw new AppError('confirmation_required');
  const checked = validateRows(rows, {
    caller,
    directory: deps.directory,
    fields: fieldsOf(input),
    nowMs: deps.clock(),
    defaultListNumber: input.body['list_number'],
    sends: true,
  });
  const ids = await acceptItems(deps, caller, {
    source: SOURCES.api,
    items: checked.items,
    transaction: input.transaction,
  });
  return toBulkAnswer(rows.length, ids, checked.errors);
}

function fieldsOf(input: SendInput): FieldTable {
  return input.raw ? rawSendFields : sendFields;
}

/** The rows of a bulk request. @throws AppError `missing_messages`, `invalid_messages`, `too_many_messages` */
export function toRows(messages: unknown, tooManyStatus?: number): readonly unknown[] {
  if (messages === undefined || messages === null || messages === '') throw new AppError('missing_messages');
  if (!Array.isArray(messages)) throw new AppError('invalid_messages');
  if (messages.length === 0) throw new AppError('missing_messages');
  if (messages.length > MAX_BULK_MESSAGES) {
    throw new AppError('too_many_messages', tooManyStatus === undefined ? {} : { status: tooManyStatus });
  }
  return messages;
}

interface CheckedRows {
  readonly items: readonly AcceptItem[];
  readonly errors: readonly BulkRowError[];
}

function validateRows(rows: readonly unknown[], context: SendContext): CheckedRows {
  const items: AcceptItem[] = [];
  const errors: BulkRowError[] = [];
  for (let index = 0; index < rows.length; index++) {
    const item = validateSend(rows[index], context);
    if (typeof item === 'string') errors.push({ index, code: item, error: ERRORS[item].text });
    else items.push(item);
  }
  return { items, errors };
}

function toBulkAnswer(rowCount: number, ids: readonly string[], errors: readonly BulkRowError[]): SentBulk {
  return {
    queued_count: ids.length,
    error_count: errors.length,
    errors,
    message_ids: alignIds(rowCount, ids, errors),
  };
}

/** Puts null where a row failed. `errors` are in the order of the rows. */
export function alignIds(
  rowCount: number,
  ids: readonly string[],
  errors: readonly { readonly index: number }[],
): (string | null)[] {
  const aligned: (string | null)[] = [];
  let failed = 0;
  for (let index = 0; index < rowCount; index++) {
    if (errors[failed]?.index === index) {
      aligned.push(null);
      failed++;
    } else {
      aligned.push(ids[index - failed] ?? null);
    }
  }
  return aligned;
}

export interface Acceptance {
  readonly source: SourceCode;
  readonly items: readonly AcceptItem[];
  readonly transaction: Transaction | null;
}

/** Makes items durable and gives their public ids, in order; those of a sandbox key can be told by their prefix. */
export async function acceptItems(
  deps: Pick<SendDeps, 'accept' | 'idCodec'>,
  { key }: Caller,
  { source, items, transaction }: Acceptance,
): Promise<string[]> {
  const numbers =
    transaction === null
      ? await deps.accept.accept(source, key.sandbox, items)
      : await deps.accept.acceptWithin(transaction, source, key.sandbox, items);
  const prefix = key.sandbox ? 'sandbox_' : '';
  return numbers.map((number) => prefix + deps.idCodec.encode(number));
}
