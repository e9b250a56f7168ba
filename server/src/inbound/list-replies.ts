import { Type } from 'typebox';
import type { Caller, Directory } from '../accounts/index.ts';
import { INBOUND_CLASSES } from '../compliance/index.ts';
import { isE164, isListNumber, numberToPhone, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { wordSchema } from '../lib/fields.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { LIMIT_TEXT, readLimit, readParam, readTimeRange } from '../lib/query-params.ts';
import { type ListedReply, listReplies as listStoredReplies, type ReplyFilter } from '../store/inbound-store.ts';
import type { Pool } from '../store/pool.ts';

/** For `openapi.json`; the verb judges. */
export const replyQueryFields = {
  phone_number: Type.String({ description: 'Who wrote, E.164', examples: ['+13125550142'] }),
  list_number: Type.String({ description: 'Number of one of your lists', examples: ['+18445550111'] }),
  class: wordSchema(INBOUND_CLASSES),
  created_from: Type.String({ description: 'Date or time, inclusive' }),
  created_to: Type.String({ description: 'Date or time, exclusive' }),
  limit: Type.String({ description: LIMIT_TEXT }),
  cursor: Type.String({ description: 'next_cursor of the page before' }),
};

const NULLABLE_TEXT = Type.Union([Type.String(), Type.Null()]);

export const replyPageSchema = Type.Object({
  replies: Type.Array(
    Type.Object({
      id: Type.String(),
      phone_number: Type.String(),
      list_id: Type.Integer(),
      list_number: Type.String(),
      body: Type.String(),
      class: wordSchema(INBOUND_CLASSES, { description: 'What the text was taken for' }),
      rule: { ...NULLABLE_TEXT, description: 'Step and pattern that matched' },
      label: { ...NULLABLE_TEXT, description: 'Group of the abuse word' },
      in_reply_to: { ...NULLABLE_TEXT, description: 'Newest message of the list to the number within 7 days' },
      received_at: Type.String({ format: 'date-time' }),
    }),
  ),
  pagination: Type.Object({ limit: Type.Integer(), next_cursor: NULLABLE_TEXT }),
});

/** `GET /api/v2/replies`. */
export interface ReplyPage {
  readonly replies: readonly ReplyView[];
  readonly pagination: { readonly limit: number; readonly next_cursor: string | null };
}

interface ReplyView {
  readonly id: string;
  readonly phone_number: string;
  readonly list_id: number;
  readonly list_number: string;
  readonly body: string;
  readonly class: string;
  readonly rule: string | null;
  readonly label: string | null;
  readonly in_reply_to: string | null;
  readonly received_at: string;
}

export interface ReplyReaderDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'list' | 'listByNumber' | 'listsOf'>;
  readonly messageIds: Pick<IdCodec, 'encode'>;
}

type Query = Readonly<Record<string, string | undefined>>;

/**
 * One page of the texts that people wrote to the account's numbers, newest first, whatever they were taken for.
 * @throws AppError `invalid_limit`, `invalid_cursor`, `invalid_phone`, `invalid_list_number`, `invalid_class`,
 *   `invalid_created_from`, `invalid_created_to`, `invalid_date_range`, `list_not_found`
 */
export async function listReplies(deps: ReplyReaderDeps, caller: Caller, query: Query): Promise<ReplyPage> {
  const limit = readLimit(query['limit']);
  const before = readParam(query['cursor'], 'invalid_cursor', parseCursor);
  const phone = readParam(
    query['phone_number'],
    'invalid_phone',
    (text) => (isE164(text) ? phoneToNumber(text) : undefined),
    'phone_number must be in E.164 format',
  );
  const number = readParam(query['list_number'], 'invalid_list_number', (text) =>
    isListNumber(text) ? text : undefined,
  );
  const kind = readParam(query['class'], 'invalid_class', (text) => INBOUND_CLASSES.find((word) => word === text));
  const { createdFromMs: fromMs, createdToMs: toMs } = readTimeRange(query['created_from'], query['created_to']);
  const listIds = chooseLists(deps, caller, number);
  const filter: ReplyFilter = { listIds, phone, class: kind, fromMs, toMs, before };
  const rows = await listStoredReplies(deps.pool, filter, limit + 1);
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    replies: shown.map((row) => toView(deps, row)),
    pagination: { limit, next_cursor: last === undefined ? null : toCursor(last) },
  };
}

function chooseLists({ directory }: ReplyReaderDeps, { account }: Caller, number: string | null): number[] {
  if (number === null) return directory.listsOf(account.id).map((list) => list.id);
  const list = directory.listByNumber(number);
  if (list?.accountId !== account.id) throw new AppError('list_not_found');
  return [list.id];
}

function toView({ directory, messageIds }: ReplyReaderDeps, row: ListedReply): ReplyView {
  return {
    id: row.id,
    phone_number: numberToPhone(row.phone),
    list_id: row.listId,
    list_number: directory.list(row.listId)?.number ?? '',
    body: row.body,
    class: row.class,
    rule: row.rule,
    label: row.label,
    in_reply_to: row.inReplyTo === null ? null : messageIds.encode(row.inReplyTo),
    received_at: new Date(row.receivedMs).toISOString(),
  };
}

/** Changes with the meaning of a cursor, so that old ones are refused instead of misread. */
const VERSION = 'r1';

function toCursor({ receivedMs, id }: Pick<ListedReply, 'receivedMs' | 'id'>): string {
  return Buffer.from(`${VERSION}.${receivedMs}.${id}`, 'latin1').toString('base64url');
}

function parseCursor(cursor: string): { receivedMs: number; id: string } | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (Buffer.from(text, 'latin1').toString('base64url') !== cursor) return undefined;
  const [, time, id = ''] = /^r1\.([0-9]{1,15})\.([0-9a-f]{24})$/.exec(text) ?? [];
  return time === undefined ? undefined : { receivedMs: Number(time), id };
}
