import { hexIdPrefix } from '../lib/public-id.ts';
import { int8Array, textArray } from './array-parameters.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** A text that somebody wrote to a list's number. */
export interface NewInboundText {
  /** List type; with `carrierId` the key against repeats. */
  readonly carrier: string;
  readonly carrierId: string;
  /** 24 hexadecimal characters. */
  readonly id: string;
  readonly phone: number;
  readonly body: string;
  readonly class: string;
  readonly rule: string | null;
  readonly label: string | null;
  readonly receivedMs: number;
}

/** One that is stored now. */
export interface StoredInboundText {
  readonly id: string;
  /** Number of the newest message that went from the list to the phone within the time before; null: none. */
  readonly inReplyTo: number | null;
}

export interface ReplyWindow {
  readonly windowMs: number;
  /** Bit of `message.flags` of messages that no carrier got. */
  readonly simulatedFlag: number;
}

/** Stores texts; those whose key is there already are left alone. @returns the new ones, in any order */
export async function insertInboundTexts(
  transaction: Transaction,
  listId: number,
  texts: readonly NewInboundText[],
  { windowMs, simulatedFlag }: ReplyWindow,
): Promise<StoredInboundText[]> {
  if (texts.length === 0) return [];
  const { rows } = await transaction.query<StoredInboundText>({
    name: 'inbound_text.insert',
    text: `
      insert into inbound_text (list_id, carrier, carrier_inbound_id, id, phone, body, class, rule, label, received_ms,
        in_reply_to)
      select $1, t.*, (
        select m.number from message m
        where m.list_id = $1 and m.phone = t.phone and m.submitted_ms between t.received_ms - $11 and t.received_ms
          and (m.flags & $12) = 0
        order by m.submitted_ms desc, m.number desc limit 1
      )
      from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::bigint[]) as t(carrier, carrier_id, id, phone, body, class, rule, label, received_ms)
      on conflict (list_id, carrier, carrier_inbound_id) do nothing
      returning id, in_reply_to as "inReplyTo"`,
    values: [
      listId,
      textArray(texts.map((text) => text.carrier)),
      textArray(texts.map((text) => text.carrierId)),
      textArray(texts.map((text) => text.id)),
      int8Array(texts.map((text) => text.phone)),
      textArray(texts.map((text) => text.body)),
      textArray(texts.map((text) => text.class)),
      textArray(texts.map((text) => text.rule)),
      textArray(texts.map((text) => text.label)),
      int8Array(texts.map((text) => text.receivedMs)),
      windowMs,
      simulatedFlag,
    ],
  });
  return rows;
}

/** What became of a stored text. */
export interface InboundResult {
  readonly id: string;
  readonly class: string;
  readonly rule: string | null;
  readonly answer: string | null;
}

/** Writes what texts of this transaction turned out to be, and their answers. */
export async function updateInboundTexts(
  transaction: Transaction,
  listId: number,
  results: readonly (InboundResult & { readonly phone: number; readonly receivedMs: number })[],
  nowMs: number,
): Promise<void> {
  if (results.length === 0) return;
  await transaction.query({
    name: 'inbound_text.update',
    text: `
      update inbound_text t set class = r.class, rule = r.rule, answer = r.answer,
        answered_ms = case when r.answer is null then null else $8::bigint end
      from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
        as r(id, phone, received_ms, class, rule, answer)
      where t.list_id = $1 and t.phone = r.phone and t.received_ms = r.received_ms and t.id = r.id`,
    values: [
      listId,
      textArray(results.map((result) => result.id)),
      int8Array(results.map((result) => result.phone)),
      int8Array(results.map((result) => result.receivedMs)),
      textArray(results.map((result) => result.class)),
      textArray(results.map((result) => result.rule)),
      textArray(results.map((result) => result.answer)),
      nowMs,
    ],
  });
}

/** An automatic answer that a phone got. */
export interface GivenAnswer {
  readonly phone: number;
  readonly answer: string;
  readonly answeredMs: number;
}

/** Automatic answers of a list to these phones since a time. */
export async function loadGivenAnswers(
  db: Queryable,
  listId: number,
  phones: readonly number[],
  sinceMs: number,
): Promise<GivenAnswer[]> {
  if (phones.length === 0) return [];
  const { rows } = await db.query<GivenAnswer>({
    name: 'inbound_text.answers',
    text: `
      select phone, answer, answered_ms as "answeredMs" from inbound_text
      where list_id = $1 and phone = any ($2::bigint[]) and answer is not null and answered_ms > $3`,
    values: [listId, int8Array(phones), sinceMs],
  });
  return rows;
}

/** A text as it is listed. */
export interface ListedReply {
  readonly listId: number;
  readonly id: string;
  readonly phone: number;
  readonly body: string;
  readonly class: string;
  readonly rule: string | null;
  readonly label: string | null;
  readonly inReplyTo: number | null;
  readonly receivedMs: number;
}

export interface ReplyFilter {
  readonly listIds: readonly number[];
  readonly phone: number | null;
  readonly class: string | null;
  /** Inclusive. */
  readonly fromMs: number | null;
  /** Exclusive. */
  readonly toMs: number | null;
  /** Only texts older than this one. */
  readonly before: { readonly receivedMs: number; readonly id: string } | null;
}

/** Newest first, over all of the lists. */
export async function listReplies(db: Queryable, filter: ReplyFilter, limit: number): Promise<ListedReply[]> {
  const { rows } = await db.query<ListedReply>({
    name: 'inbound_text.list',
    text: `
      select t.* from unnest($1::integer[]) as l(id) cross join lateral (
        select list_id as "listId", id, phone, body, class, rule, label, in_reply_to as "inReplyTo",
          received_ms as "receivedMs"
        from inbound_text
        where list_id = l.id and ($2::bigint is null or phone = $2) and ($3::text is null or class = $3)
          and received_ms >= coalesce($4::bigint, 0) and received_ms < coalesce($5::bigint, 9223372036854775807)
          and ($6::bigint is null or (received_ms, id) < ($6, $7::text))
        order by received_ms desc, id desc limit $8
      ) t
      order by t."receivedMs" desc, t.id desc limit $8`,
    values: [
      filter.listIds,
      filter.phone,
      filter.class,
      filter.fromMs,
      filter.toMs,
      filter.before?.receivedMs ?? null,
      filter.before?.id ?? null,
      limit,
    ],
  });
  return rows;
}

/**
 * Whether the phone wrote to the list within a time, both ends included: from when by our clock, to the second, because
 * carriers' clocks may be behind; until when by the carrier's or ours, whichever is earlier.
 */
export async function hasInboundText(
  db: Queryable,
  listId: number,
  phone: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>({
    name: 'inbound_text.has',
    text: `select exists (
             select 1 from inbound_text
             where list_id = $1 and phone = $2 and id >= $3 and received_ms <= $4
           ) as found`,
    values: [listId, phone, hexIdPrefix(fromMs), untilMs],
  });
  return rows[0]?.found === true;
}
