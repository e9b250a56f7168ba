import { int2Array, int8Array, textArray } from './array-parameters.ts';
import { copyRows, CopyRows } from './copy-rows.ts';
import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** A message that reaches the gate for the first time, with what became of it there. */
export interface NewMessageRow {
  readonly listId: number;
  readonly number: number;
  readonly phone: number;
  readonly state: number;
  readonly lane: number;
  readonly source: number;
  readonly flags: number;
  readonly encoding: number | null;
  readonly segments: number | null;
  readonly characters: number | null;
  readonly decisions: number;
  /** Signed 64-bit decimal. */
  readonly textHash: bigint | null;
  readonly createdMs: number;
  readonly sendAtMs: number | null;
  readonly submittedMs: number | null;
  readonly finalMs: number | null;
  readonly updatedMs: number;
  readonly detail: string | null;
  readonly template: string;
  /** null when it is the template. */
  readonly body: string | null;
  readonly contactData: string | null;
  readonly metadata: string | null;
  readonly firstLink: number | null;
  readonly linkCount: number;
  readonly holdUntilMs: number | null;
  /** The rule that held or dropped it. */
  readonly holdRule: string | null;
}

const COLUMNS = `list_id, number, phone, state, lane, source, flags, encoding, segments, characters, decisions, text_hash,
  created_ms, send_at_ms, submitted_ms, final_ms, updated_ms, detail, template, body, contact_data, metadata, first_link,
  link_count, hold_until_ms, hold_rule`;

/**
 * Inserts by binary COPY the rows that `rowAt` gives for the places from 0 to `places` - 1. They are asked for one by one, so
 * that none of them lives. A number that exists already fails the transaction.
 */
export async function insertMessages(
  transaction: Transaction,
  places: number,
  rowAt: (place: number) => NewMessageRow | undefined,
): Promise<void> {
  const rows = new CopyRows(places * 400);
  let count = 0;
  for (let place = 0; place < places; place++) {
    const m = rowAt(place);
    if (m === undefined) continue;
    count++;
    rows
      .row(26)
      .int4(m.listId)
      .int8(m.number)
      .int8(m.phone)
      .int2(m.state)
      .int2(m.lane)
      .int2(m.source)
      .int4(m.flags)
      .int2(m.encoding)
      .int2(m.segments)
      .int2(m.characters)
      .int8(m.decisions)
      .bigint8(m.textHash)
      .int8(m.createdMs)
      .int8(m.sendAtMs)
      .int8(m.submittedMs)
      .int8(m.finalMs)
      .int8(m.updatedMs)
      .text(m.detail)
      .text(m.template)
      .text(m.body)
      .jsonb(m.contactData)
      .jsonb(m.metadata)
      .int8(m.firstLink)
      .int2(m.linkCount)
      .int8(m.holdUntilMs)
      .text(m.holdRule);
  }
  if (count > 0) await copyRows(transaction, `copy message (${COLUMNS}) from stdin`, rows);
}

/** A message that comes back to the gate. */
export interface KnownMessage {
  readonly number: number;
  readonly state: number;
  readonly phone: number;
  readonly lane: number;
  readonly source: number;
  readonly flags: number;
  readonly attempt: number;
  readonly encoding: number;
  readonly segments: number;
  readonly characters: number;
  readonly decisions: number;
  readonly textHash: string;
  readonly createdMs: number;
  readonly sendAtMs: number | null;
  readonly template: string;
  readonly body: string | null;
  readonly heldUntilMs: number | null;
  /** Of marketing messages, whose recipient's place is asked again. */
  readonly contactData: KnownContactData | null;
}

export interface KnownContactData {
  readonly custom_fields?: Readonly<Record<string, string | number | boolean>>;
  readonly timezone?: string;
}

/** Those of the named messages that are in one of the states, by number. Others have moved on meanwhile. */
export async function loadKnownMessages(
  pool: Pool,
  listId: number,
  numbers: readonly number[],
  states: readonly number[],
): Promise<KnownMessage[]> {
  const { rows } = await pool.query<KnownMessage>({
    name: 'message.load_known',
    text: `
      select number, state, phone, lane, source, flags, attempt, encoding, segments, characters, decisions,
        text_hash::text as "textHash", created_ms as "createdMs", send_at_ms as "sendAtMs", template, body,
        hold_until_ms as "heldUntilMs", case when lane = 1 then contact_data end as "contactData"
      from message
      where list_id = $1 and number = any ($2::bigint[]) and state = any ($3::smallint[])
      order by number`,
    values: [listId, numbers, states],
  });
  return rows;
}

/** A new verdict of the gate about messages that have rows. */
export interface RegatedMessage {
  readonly number: number;
  readonly state: number;
  readonly detail: string | null;
  readonly decisions: number;
  readonly submittedMs: number | null;
  readonly finalMs: number | null;
  /** null: those of the last hold stay. */
  readonly holdUntilMs: number | null;
  readonly holdRule: string | null;
}

/** Writes new verdicts; returns the numbers that were still waiting (`fromStates`), others are left alone. */
export async function updateRegated(
  transaction: Transaction,
  listId: number,
  messages: readonly RegatedMessage[],
  fromStates: readonly number[],
  nowMs: number,
): Promise<number[]> {
  if (messages.length === 0) return [];
  const { rows } = await transaction.query<{ number: number }>({
    name: 'message.update_regated',
    text: `
      update message m
      set state = r.state, detail = r.detail, decisions = r.decisions,
        submitted_ms = coalesce(r.submitted_ms, m.submitted_ms), final_ms = r.final_ms,
        hold_until_ms = coalesce(r.hold_until_ms, m.hold_until_ms), hold_rule = coalesce(r.hold_rule, m.hold_rule),
        updated_ms = $8
      from unnest($2::bigint[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $10::bigint[],
          $11::text[])
        as r(number, state, detail, decisions, submitted_ms, final_ms, hold_until_ms, hold_rule)
      where m.list_id = $1 and m.number = r.number and m.number = any ($2::bigint[]) and m.state = any ($9::smallint[])
      returning m.number`,
    values: [
      listId,
      messages.map((m) => m.number),
      messages.map((m) => m.state),
      messages.map((m) => m.detail),
      messages.map((m) => m.decisions),
      messages.map((m) => m.submittedMs),
      messages.map((m) => m.finalMs),
      nowMs,
      fromStates,
      messages.map((m) => m.holdUntilMs),
      messages.map((m) => m.holdRule),
    ],
  });
  return rows.map((row) => row.number);
}

/** The answer of a carrier to one submit. */
export interface OutcomeRow {
  readonly number: number;
  readonly state: number;
  readonly detail: string | null;
  readonly permanent: boolean | null;
  readonly carrierCode: string | null;
  /** null leaves what is there. */
  readonly carrierIds: readonly string[] | null;
  readonly sentMs: number | null;
  readonly finalMs: number | null;
  /** Tries that the message had behind it when it was submitted: tells this submit from a later one. */
  readonly triesBefore: number;
  readonly triesAfter: number;
}

/** Unit separator: joins carrier ids on their way into an array column. */
const SEPARATOR = '\u001f';

/** A message that the carrier took. */
export interface SentMessage {
  readonly number: number;
  readonly carrierIds: readonly string[];
  /** As in `OutcomeRow`. */
  readonly triesBefore: number;
}

/** What all of them have in common. */
export interface SentMove {
  readonly from: number;
  readonly to: number;
  readonly detail: string | null;
}

/**
 * The plain end of a submit, which nearly all messages have: moves those that still are in `from` by that submit. Returns
 * the numbers that are not any more, for `updateOutcomes` to look at. Rows are locked in the order of their numbers, as
 * by every statement here that writes many.
 */
export async function updateSent(
  transaction: Transaction,
  listId: number,
  messages: readonly SentMessage[],
  { from, to, detail }: SentMove,
  nowMs: number,
): Promise<number[]> {
  if (messages.length === 0) return [];
  const inOrder = messages.toSorted((a, b) => a.number - b.number);
  const { rows } = await transaction.query<{ number: number }>({
    name: 'message.update_sent',
    text: `
      with moved as (
        update message m
        set state = $6, detail = $7, permanent = null, carrier_code = null, final_ms = null, sent_ms = coalesce(m.sent_ms, $8),
          carrier_ids = string_to_array(o.carrier_ids, '${SEPARATOR}'), updated_ms = $8
        from unnest($2::bigint[], $3::text[], $4::smallint[]) as o(number, carrier_ids, tries_before)
        where m.list_id = $1 and m.number = o.number and m.number = any ($2::bigint[]) and m.state = $5
          and m.attempt = o.tries_before
        returning m.number
      )
      select number from unnest($2::bigint[]) as o(number)
      where (select count(*) from moved) < cardinality($2::bigint[]) and number not in (select number from moved)`,
    values: [
      listId,
      int8Array(inOrder.map((m) => m.number)),
      textArray(inOrder.map((m) => m.carrierIds.join(SEPARATOR))),
      int2Array(inOrder.map((m) => m.triesBefore)),
      from,
      to,
      detail,
      nowMs,
    ],
  });
  return rows.map((row) => row.number);
}

/**
 * Writes the answers of a submit to the messages that still are in `fromState` by that submit; a receipt that came first
 * wins, then only the carrier ids and the time of sending are added. Answers that were written before (the commit's answer
 * was lost) change nothing, though the messages may be on their next try by now. Returns the numbers whose state changed.
 */
export async function updateOutcomes(
  transaction: Transaction,
  listId: number,
  outcomes: readonly OutcomeRow[],
  fromState: number,
  nowMs: number,
): Promise<Set<number>> {
  if (outcomes.length === 0) return new Set();
  const { rows } = await transaction.query<{ number: number; changed: boolean }>({
    name: 'message.update_outcomes',
    text: `
      with old as materialized (
        select number, state, attempt from message
        where list_id = $1 and number = any ($2::bigint[]) order by number for update
      ), answered as (
        select o.*, old.state = $12 and old.attempt = o.tries_before as fits, old.attempt = o.tries_before as is_newest
        from unnest($2::bigint[], $3::smallint[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::bigint[],
            $9::bigint[], $10::smallint[], $11::smallint[])
            as o(number, state, detail, permanent, carrier_code, carrier_ids, sent_ms, final_ms, tries_before, tries_after)
          join old on old.number = o.number
      )
      update message m
      set state = case when o.fits then o.state else m.state end,
        detail = case when o.fits then o.detail else m.detail end,
        permanent = case when o.fits then o.permanent else m.permanent end,
        carrier_code = case when o.fits then o.carrier_code else m.carrier_code end,
        carrier_ids = case when o.is_newest then coalesce(string_to_array(o.carrier_ids, '${SEPARATOR}'), m.carrier_ids)
          else m.carrier_ids end,
        sent_ms = coalesce(m.sent_ms, o.sent_ms),
        final_ms = case when o.fits then o.final_ms else m.final_ms end,
        attempt = case when o.fits then o.tries_after else m.attempt end,
        updated_ms = $13
      from answered o
      where m.list_id = $1 and m.number = o.number and m.number = any ($2::bigint[])
      returning m.number, o.fits as changed`,
    values: [
      listId,
      outcomes.map((o) => o.number),
      outcomes.map((o) => o.state),
      outcomes.map((o) => o.detail),
      outcomes.map((o) => o.permanent),
      outcomes.map((o) => o.carrierCode),
      outcomes.map((o) => o.carrierIds?.join(SEPARATOR) ?? null),
      outcomes.map((o) => o.sentMs),
      outcomes.map((o) => o.finalMs),
      outcomes.map((o) => o.triesBefore),
      outcomes.map((o) => o.triesAfter),
      fromState,
      nowMs,
    ],
  });
  return new Set(rows.filter((row) => row.changed).map((row) => row.number));
}

export interface StateMove {
  readonly from: number;
  readonly to: number;
  readonly detail: string | null;
  readonly finalMs: number | null;
}

/** Moves messages from one state to another; returns the numbers that were in `from`. */
export async function moveState(
  transaction: Transaction,
  listId: number,
  numbers: readonly number[],
  move: StateMove,
  nowMs: number,
): Promise<number[]> {
  const { rows } = await transaction.query<{ number: number }>({
    name: 'message.move_state',
    text: `
      update message set state = $4, detail = $5, final_ms = $6, updated_ms = $7
      where list_id = $1 and number = any ($2::bigint[]) and state = $3
      returning number`,
    values: [listId, numbers, move.from, move.to, move.detail, move.finalMs, nowMs],
  });
  return rows.map((row) => row.number);
}

/** Counts one try more: the last submit was not taken, or is to be repeated. */
export async function countAttempts(
  transaction: Transaction,
  listId: number,
  numbers: readonly number[],
): Promise<void> {
  await transaction.query({
    name: 'message.count_attempts',
    text: 'update message set attempt = attempt + 1 where list_id = $1 and number = any ($2::bigint[])',
    values: [listId, numbers],
  });
}

/** Writes the carrier's ids that were learned after the submit. */
export async function saveCarrierIds(
  transaction: Transaction,
  listId: number,
  messages: readonly { readonly number: number; readonly carrierIds: readonly string[] }[],
  nowMs: number,
): Promise<void> {
  await transaction.query({
    name: 'message.save_carrier_ids',
    text: `
      update message m set carrier_ids = string_to_array(f.carrier_ids, '${SEPARATOR}'), updated_ms = $4
      from unnest($2::bigint[], $3::text[]) as f(number, carrier_ids)
      where m.list_id = $1 and m.number = f.number and m.number = any ($2::bigint[])`,
    values: [listId, messages.map((m) => m.number), messages.map((m) => m.carrierIds.join(SEPARATOR)), nowMs],
  });
}

/** An entry of a message's history that its own times do not tell. */
export interface NewMessageEvent {
  readonly number: number;
  readonly state: number;
  readonly detail: string | null;
}

export async function insertMessageEvents(
  transaction: Transaction,
  listId: number,
  events: readonly NewMessageEvent[],
  nowMs: number,
): Promise<void> {
  if (events.length === 0) return;
  await transaction.query({
    name: 'message_event.insert',
    text: `
      insert into message_event (list_id, number, at_ms, state, detail)
      select $1, number, $5, state, detail from unnest($2::bigint[], $3::smallint[], $4::text[]) as e(number, state, detail)`,
    values: [listId, events.map((e) => e.number), events.map((e) => e.state), events.map((e) => e.detail), nowMs],
  });
}

/** A part of a message that has several. */
export interface PartRow {
  readonly number: number;
  /** From 1. */
  readonly part: number;
  readonly carrierId: string | null;
}

export async function insertParts(transaction: Transaction, listId: number, parts: readonly PartRow[]): Promise<void> {
  if (parts.length === 0) return;
  await transaction.query({
    name: 'message_part.insert',
    text: `
      insert into message_part (list_id, number, part, carrier_id)
      select $1, number, part, carrier_id from unnest($2::bigint[], $3::smallint[], $4::text[]) as p(number, part, carrier_id)
      on conflict (list_id, number, part) do update set carrier_id = excluded.carrier_id`,
    values: [listId, parts.map((p) => p.number), parts.map((p) => p.part), parts.map((p) => p.carrierId)],
  });
}
