import { bigInt8Array, int8Array } from './array-parameters.ts';
import type { Pool } from './pool.ts';

/** What personal texts need of a list contact. */
export interface RecipientRow {
  readonly phone: number;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly customFields: Record<string, unknown>;
}

/** List contacts of these phones; phones without one are missing. */
export async function loadRecipients(pool: Pool, listId: number, phones: readonly number[]): Promise<RecipientRow[]> {
  const { rows } = await pool.query<RecipientRow>({
    name: 'recipient.load',
    text: `
      select c.phone, a.first_name as "firstName", a.last_name as "lastName", c.custom_fields as "customFields"
      from list_contact c
        left join account_contact a
          on a.account_id = (select account_id from list where id = $1) and a.phone = c.phone
      where c.list_id = $1 and c.phone = any ($2::bigint[])`,
    values: [listId, int8Array(phones)],
  });
  return rows;
}

/** A message as the checks against stored data see it. */
export interface RecipientQuestion {
  readonly number: number;
  readonly phone: number;
  readonly textHash: bigint;
  readonly createdMs: number;
}

/** Something that speaks against a message. */
export interface RecipientObjection {
  /** Place of the question, from 0. */
  readonly place: number;
  /** The list contact is inactive. */
  readonly inactive: boolean;
  readonly inactiveReason: string | null;
  readonly unsubscribedMs: number | null;
  readonly blocked: boolean;
  /** Number of the earlier message with the same text; null: none. */
  readonly duplicateOf: number | null;
}

export interface RecipientCheck {
  readonly listId: number;
  /** 0 asks for no duplicates. */
  readonly dedupeWindowMs: number;
  /** Sandbox messages and real ones are no duplicates of each other. */
  readonly simulated: boolean;
  /** Bit of `message.flags` that marks sandbox messages. */
  readonly simulatedFlag: number;
  /** States of messages that did not reach their recipient and so are no originals. */
  readonly goneStates: readonly number[];
}

/**
 * Contact state, blocks and duplicates of a whole batch in one round trip. Only questions with an objection come back.
 * A duplicate has the same list, recipient and text as a message of the window before it with lower (created_ms, number).
 * The time is an expression there to keep the index over it out: the recipient has few messages, the window has many.
 * Recipients are looked up in the order of their phones, so that neighbours find their page of the index in the cache
 * (0.4 µs less a message).
 */
export async function checkRecipients(
  pool: Pool,
  check: RecipientCheck,
  questions: readonly RecipientQuestion[],
): Promise<RecipientObjection[]> {
  const { rows } = await pool.query<RecipientObjection>({
    name: 'recipient.check',
    text: `
      select (q.place - 1)::integer as place, c.phone is not null as inactive, c.reason as "inactiveReason",
        c.unsubscribed_ms as "unsubscribedMs", b.phone is not null as blocked, d.number as "duplicateOf"
      from (
          select * from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) with ordinality
            as unordered(phone, text_hash, number, created_ms, place)
          order by phone
        ) q
        left join list_contact c on c.list_id = $1 and c.phone = q.phone and c.phone = any ($2::bigint[])
          and not c.active
        left join list_block b on b.list_id = $1 and b.phone = q.phone and b.phone = any ($2::bigint[])
        left join lateral (
          select m.number from message m
          where m.list_id = $1 and m.phone = q.phone and m.text_hash = q.text_hash
            and m.created_ms + 0 > q.created_ms - $6 and (m.created_ms + 0, m.number) < (q.created_ms, q.number)
            and m.state <> all ($8::smallint[]) and ((m.flags & $9) <> 0) = $7
          limit 1
        ) d on $6 > 0
      where c.phone is not null or b.phone is not null or d.number is not null`,
    values: [
      check.listId,
      int8Array(questions.map((q) => q.phone)),
      bigInt8Array(questions.map((q) => q.textHash)),
      int8Array(questions.map((q) => q.number)),
      int8Array(questions.map((q) => q.createdMs)),
      check.dedupeWindowMs,
      check.simulated,
      check.goneStates,
      check.simulatedFlag,
    ],
  });
  return rows;
}

/** Somebody who must not be written to. */
export interface StoppedRecipient {
  readonly phone: number;
  readonly blocked: boolean;
  /** Why the list contact is inactive; null for a block or when nobody said. */
  readonly inactiveReason: string | null;
}

/** Inactive list contacts and blocks among these phones at this moment. */
export async function findStopped(pool: Pool, listId: number, phones: readonly number[]): Promise<StoppedRecipient[]> {
  const { rows } = await pool.query<StoppedRecipient>({
    name: 'recipient.find_stopped',
    text: `
      select phone, false as blocked, reason as "inactiveReason"
      from list_contact where list_id = $1 and phone = any ($2::bigint[]) and not active
      union all
      select phone, true, null from list_block where list_id = $1 and phone = any ($2::bigint[])`,
    values: [listId, int8Array(phones)],
  });
  return rows;
}
