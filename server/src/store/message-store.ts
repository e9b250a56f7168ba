import { int8Array } from './array-parameters.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** One message as stored. Codes (`state`, `lane`, `source`, `flags`, `encoding`) are those of the pipeline folder. */
export interface StoredMessage {
  readonly listId: number;
  readonly number: number;
  /** Digits of E.164. */
  readonly phone: number;
  readonly state: number;
  readonly lane: number;
  readonly source: number;
  readonly flags: number;
  /** null until the text was made. */
  readonly encoding: number | null;
  readonly segments: number | null;
  readonly characters: number | null;
  readonly decisions: number;
  readonly createdMs: number;
  readonly sendAtMs: number | null;
  readonly submittedMs: number | null;
  readonly sentMs: number | null;
  readonly finalMs: number | null;
  readonly updatedMs: number;
  readonly permanent: boolean | null;
  readonly detail: string | null;
  readonly carrierCode: string | null;
  readonly template: string;
  /** null: the same as the template, or not made yet (then `segments` is null too). */
  readonly body: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly carrierIds: readonly string[] | null;
  readonly firstLink: number | null;
  readonly linkCount: number;
  readonly holdUntilMs: number | null;
  readonly holdRule: string | null;
}

const COLUMNS = `list_id as "listId", number, phone, state, lane, source, flags, encoding, segments, characters, decisions,
  created_ms as "createdMs", send_at_ms as "sendAtMs", submitted_ms as "submittedMs", sent_ms as "sentMs",
  final_ms as "finalMs", updated_ms as "updatedMs", permanent, detail, carrier_code as "carrierCode", template, body,
  metadata, carrier_ids as "carrierIds", first_link as "firstLink", link_count as "linkCount",
  hold_until_ms as "holdUntilMs", hold_rule as "holdRule"`;

/** The message with this number if it is on one of the lists and has a row. */
export async function findMessage(
  db: Queryable,
  listIds: readonly number[],
  number: number,
): Promise<StoredMessage | undefined> {
  const { rows } = await db.query<StoredMessage>({
    name: 'message.find',
    text: `select ${COLUMNS} from message where list_id = any ($1::int[]) and number = $2`,
    values: [listIds, number],
  });
  return rows[0];
}

/** Where a message stands among the others: by its time, then its number. */
export interface MessagePlace {
  readonly createdMs: number;
  readonly number: number;
}

export interface MessageFilter {
  readonly listIds: readonly number[];
  /** Only messages that are older; null: from the newest on. */
  readonly before: MessagePlace | null;
  readonly phone: number | null;
  /** Codes of states; null: all. */
  readonly states: readonly number[] | null;
  /** Inclusive. */
  readonly createdFromMs: number | null;
  /** Exclusive. */
  readonly createdToMs: number | null;
  /** A row with one of these bits set is left out. */
  readonly withoutFlags: number;
}

/**
 * Up to `limit` messages, newest first: one walk down the index a list, so the cost follows `limit` and the
 * number of lists and not the size of the table (a filter that few rows pass walks on until it has found enough).
 */
export async function listMessages(db: Queryable, filter: MessageFilter, limit: number): Promise<StoredMessage[]> {
  const values: unknown[] = [filter.listIds, limit];
  const conditions = ['list_id = list.id'];
  const add = (sql: (parameter: string) => string, value: unknown): void => {
    if (value !== null) conditions.push(sql(`$${values.push(value)}`));
  };
  if (filter.before !== null) {
    const { createdMs, number } = filter.before;
    conditions.push(`(created_ms, number) < ($${values.push(createdMs)}::bigint, $${values.push(number)}::bigint)`);
  }
  add((p) => `phone = ${p}::bigint`, filter.phone);
  add((p) => `state = any (${p}::smallint[])`, filter.states);
  add((p) => `created_ms >= ${p}::bigint`, filter.createdFromMs);
  add((p) => `created_ms < ${p}::bigint`, filter.createdToMs);
  add((p) => `flags & ${p}::int = 0`, filter.withoutFlags === 0 ? null : filter.withoutFlags);
  const { rows } = await db.query<StoredMessage>({
    text: `select page.* from unnest($1::int[]) as list (id)
           cross join lateral (
             select ${COLUMNS} from message where ${conditions.join(' and ')} order by created_ms desc, number desc limit $2
           ) page
           order by page."createdMs" desc, page.number desc limit $2`,
    values,
  });
  return rows;
}

export interface StoredPart {
  readonly part: number;
  readonly carrierId: string | null;
  /** null: no report yet. */
  readonly state: number | null;
  readonly detail: string | null;
}

/** Parts by number; [] for a message that has one part. */
export async function listParts(db: Queryable, listId: number, number: number): Promise<StoredPart[]> {
  const { rows } = await db.query<StoredPart>({
    name: 'message_part.list',
    text: `select part, carrier_id as "carrierId", state, detail from message_part
           where list_id = $1 and number = $2 order by part`,
    values: [listId, number],
  });
  return rows;
}

export interface StoredEvent {
  readonly atMs: number;
  readonly state: number;
  readonly detail: string | null;
}

/** Events by time. */
export async function listEvents(db: Queryable, listId: number, number: number): Promise<StoredEvent[]> {
  const { rows } = await db.query<StoredEvent>({
    name: 'message_event.list',
    text: `select at_ms as "atMs", state, detail from message_event
           where list_id = $1 and number = $2 order by at_ms, ctid`,
    values: [listId, number],
  });
  return rows;
}

/** Where the short links `firstLink` .. `firstLink + count - 1` of one message lead to, in order. */
export async function listDestinations(
  db: Queryable,
  listId: number,
  firstLink: number,
  count: number,
): Promise<string[]> {
  const { rows } = await db.query<{ destinations: string[] }>({
    name: 'link_range.destinations',
    text: `select destinations[$2::bigint - first_link + 1 : $2::bigint - first_link + $3::bigint] as destinations
           from link_range where list_id = $1 and first_link <= $2::bigint order by first_link desc limit 1`,
    values: [listId, firstLink, count],
  });
  return rows[0]?.destinations ?? [];
}

/** A message that is cancelled before it reached the gate. */
export interface NewCancelledMessage {
  readonly listId: number;
  readonly number: number;
  readonly phone: number;
  readonly state: number;
  readonly lane: number;
  readonly source: number;
  readonly flags: number;
  readonly createdMs: number;
  readonly sendAtMs: number | null;
  readonly cancelledMs: number;
  readonly detail: string;
  readonly template: string;
  /** Compact JSON texts. */
  readonly contactData: string | null;
  readonly metadata: string | null;
}

export async function insertCancelledMessage(transaction: Transaction, message: NewCancelledMessage): Promise<void> {
  await transaction.query({
    name: 'message.insert_cancelled',
    text: `insert into message (list_id, number, phone, state, lane, source, flags, created_ms, send_at_ms, final_ms,
             updated_ms, detail, template, contact_data, metadata)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14)`,
    values: [
      message.listId,
      message.number,
      message.phone,
      message.state,
      message.lane,
      message.source,
      message.flags,
      message.createdMs,
      message.sendAtMs,
      message.cancelledMs,
      message.detail,
      message.template,
      message.contactData,
      message.metadata,
    ],
  });
}

export interface EndedMessage {
  readonly listId: number;
  readonly number: number;
  /** The new state, and the ones that it may follow. */
  readonly state: number;
  readonly fromStates: readonly number[];
  readonly atMs: number;
  readonly detail: string;
}

/** Ends a message that has a row. @returns the state it had, undefined when that is none of `fromStates` */
export async function endMessage(transaction: Transaction, ended: EndedMessage): Promise<number | undefined> {
  const { rows } = await transaction.query<{ before: number }>({
    name: 'message.end',
    text: `with found as (
             select list_id, number, state from message
             where list_id = $1 and number = $2 and state = any ($4::smallint[]) for update
           )
           update message m set state = $3, detail = $6, final_ms = $5, updated_ms = $5, hold_until_ms = null,
             hold_rule = null
           from found where m.list_id = found.list_id and m.number = found.number and m.list_id = $1 and m.number = $2
           returning found.state as before`,
    values: [ended.listId, ended.number, ended.state, ended.fromStates, ended.atMs, ended.detail],
  });
  return rows[0]?.before;
}

/** What an event about a message tells of it. */
export interface MessageFacts {
  readonly number: number;
  /** Digits of E.164. */
  readonly phone: number;
  readonly flags: number;
  /** null: it ended before its text was made. */
  readonly segments: number | null;
}

export async function loadMessageFacts(
  transaction: Transaction,
  listId: number,
  numbers: readonly number[],
): Promise<MessageFacts[]> {
  const { rows } = await transaction.query<MessageFacts>({
    name: 'message.load_facts',
    text: 'select number, phone, flags, segments from message where list_id = $1 and number = any ($2::bigint[])',
    values: [listId, int8Array(numbers)],
  });
  return rows;
}
