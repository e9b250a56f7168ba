import { boolArray, int2Array, int8Array, textArray } from './array-parameters.ts';
import type { Transaction } from './transaction.ts';

/** What a report has to know of a message. */
export interface ReportedMessage {
  readonly number: number;
  readonly state: number;
  readonly detail: string | null;
  readonly segments: number | null;
  readonly carrierIds: readonly string[] | null;
  readonly carrierMs: number | null;
  readonly sentMs: number | null;
}

/** Locks the messages in the order of their numbers. Unknown numbers are missing from the answer. */
export async function lockReported(
  transaction: Transaction,
  listId: number,
  numbers: readonly number[],
): Promise<ReportedMessage[]> {
  const { rows } = await transaction.query<ReportedMessage>({
    name: 'message.lock_reported',
    text: `
      select number, state, detail, segments, carrier_ids as "carrierIds", carrier_ms as "carrierMs", sent_ms as "sentMs"
      from message where list_id = $1 and number = any ($2::bigint[])
      order by number for update`,
    values: [listId, numbers],
  });
  return rows;
}

/** What a report made of a message. */
export interface ReportedChange {
  readonly number: number;
  readonly state: number;
  readonly detail: string | null;
  readonly permanent: boolean | null;
  readonly carrierCode: string | null;
  readonly carrierMs: number | null;
  readonly sentMs: number | null;
  readonly finalMs: number | null;
}

/** What a report makes of a message that waits for nothing else. */
export interface PlainReport {
  readonly number: number;
  readonly state: number;
  readonly detail: string | null;
  readonly permanent: boolean | null;
  readonly carrierCode: string | null;
  readonly carrierMs: number;
}

/**
 * The plain end of a message, which nearly all have: moves those of one part that are in `from`, without reading them
 * first. At most one report a message. Returns the numbers that are not such, for `lockReported` to look at.
 */
export async function updatePlainReported(
  transaction: Transaction,
  listId: number,
  reports: readonly PlainReport[],
  from: number,
  nowMs: number,
): Promise<number[]> {
  if (reports.length === 0) return [];
  const inOrder = reports.toSorted((a, b) => a.number - b.number);
  const { rows } = await transaction.query<{ number: number }>({
    name: 'message.update_plain_reported',
    text: `
      with moved as (
        update message m
        set state = r.state, detail = r.detail, permanent = r.permanent, carrier_code = r.carrier_code,
          carrier_ms = r.carrier_ms, sent_ms = coalesce(m.sent_ms, $9), final_ms = $9, updated_ms = $9
        from unnest($2::bigint[], $3::smallint[], $4::text[], $5::boolean[], $6::text[], $7::bigint[])
          as r(number, state, detail, permanent, carrier_code, carrier_ms)
        where m.list_id = $1 and m.number = r.number and m.number = any ($2::bigint[]) and m.state = $8
          and coalesce(m.segments, 1) = 1 and coalesce(cardinality(m.carrier_ids), 1) <= 1
        returning m.number
      )
      select number from unnest($2::bigint[]) as r(number)
      where (select count(*) from moved) < cardinality($2::bigint[]) and number not in (select number from moved)`,
    values: [
      listId,
      int8Array(inOrder.map((r) => r.number)),
      int2Array(inOrder.map((r) => r.state)),
      textArray(inOrder.map((r) => r.detail)),
      boolArray(inOrder.map((r) => r.permanent)),
      textArray(inOrder.map((r) => r.carrierCode)),
      int8Array(inOrder.map((r) => r.carrierMs)),
      from,
      nowMs,
    ],
  });
  return rows.map((row) => row.number);
}

/** The caller holds the rows' locks (`lockReported`). */
export async function updateReported(
  transaction: Transaction,
  listId: number,
  changes: readonly ReportedChange[],
  nowMs: number,
): Promise<void> {
  if (changes.length === 0) return;
  await transaction.query({
    name: 'message.update_reported',
    text: `
      update message m
      set state = r.state, detail = r.detail, permanent = r.permanent, carrier_code = r.carrier_code,
        carrier_ms = r.carrier_ms, sent_ms = r.sent_ms, final_ms = r.final_ms, updated_ms = $10
      from unnest($2::bigint[], $3::smallint[], $4::text[], $5::boolean[], $6::text[], $7::bigint[], $8::bigint[],
          $9::bigint[]) as r(number, state, detail, permanent, carrier_code, carrier_ms, sent_ms, final_ms)
      where m.list_id = $1 and m.number = r.number and m.number = any ($2::bigint[])`,
    values: [
      listId,
      changes.map((c) => c.number),
      changes.map((c) => c.state),
      changes.map((c) => c.detail),
      changes.map((c) => c.permanent),
      changes.map((c) => c.carrierCode),
      changes.map((c) => c.carrierMs),
      changes.map((c) => c.sentMs),
      changes.map((c) => c.finalMs),
      nowMs,
    ],
  });
}

export interface ReportedPart {
  readonly number: number;
  readonly part: number;
  readonly carrierId: string | null;
  readonly state: number | null;
  readonly detail: string | null;
  readonly permanent: boolean | null;
  readonly carrierCode: string | null;
  readonly carrierMs: number | null;
}

/** Parts of these messages by number and part. The caller holds the messages' locks. */
export async function loadParts(
  transaction: Transaction,
  listId: number,
  numbers: readonly number[],
): Promise<ReportedPart[]> {
  const { rows } = await transaction.query<ReportedPart>({
    name: 'message_part.load',
    text: `
      select number, part, carrier_id as "carrierId", state, detail, permanent, carrier_code as "carrierCode",
        carrier_ms as "carrierMs"
      from message_part where list_id = $1 and number = any ($2::bigint[])
      order by number, part`,
    values: [listId, numbers],
  });
  return rows;
}

/** Writes what reports said of parts; makes the rows of parts whose submit was not answered yet. */
export async function saveParts(
  transaction: Transaction,
  listId: number,
  parts: readonly ReportedPart[],
): Promise<void> {
  if (parts.length === 0) return;
  await transaction.query({
    name: 'message_part.save',
    text: `
      insert into message_part as old (list_id, number, part, carrier_id, state, detail, permanent, carrier_code, carrier_ms)
      select $1, p.*
      from unnest($2::bigint[], $3::smallint[], $4::text[], $5::smallint[], $6::text[], $7::boolean[], $8::text[], $9::bigint[])
        as p(number, part, carrier_id, state, detail, permanent, carrier_code, carrier_ms)
      on conflict (list_id, number, part) do update
        set carrier_id = coalesce(excluded.carrier_id, old.carrier_id), state = excluded.state, detail = excluded.detail,
          permanent = excluded.permanent, carrier_code = excluded.carrier_code, carrier_ms = excluded.carrier_ms`,
    values: [
      listId,
      parts.map((p) => p.number),
      parts.map((p) => p.part),
      parts.map((p) => p.carrierId),
      parts.map((p) => p.state),
      parts.map((p) => p.detail),
      parts.map((p) => p.permanent),
      parts.map((p) => p.carrierCode),
      parts.map((p) => p.carrierMs),
    ],
  });
}
