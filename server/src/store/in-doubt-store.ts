import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

export async function insertInDoubt(
  transaction: Transaction,
  listId: number,
  numbers: readonly number[],
  sinceMs: number,
  nextCheckMs: number,
): Promise<void> {
  if (numbers.length === 0) return;
  await transaction.query({
    name: 'in_doubt.insert',
    text: `
      insert into in_doubt (list_id, number, since_ms, next_check_ms)
      select $1, number, $3, $4 from unnest($2::bigint[]) as n(number)
      on conflict (list_id, number) do update
        set since_ms = excluded.since_ms, checks = 0, next_check_ms = excluded.next_check_ms`,
    values: [listId, numbers, sinceMs, nextCheckMs],
  });
}

/** The doubt is over, whichever way. */
export async function deleteInDoubt(
  transaction: Transaction,
  listId: number,
  numbers: readonly number[],
): Promise<void> {
  if (numbers.length === 0) return;
  await transaction.query({
    name: 'in_doubt.delete',
    text: 'delete from in_doubt where list_id = $1 and number = any ($2::bigint[])',
    values: [listId, numbers],
  });
}

/** A message in doubt whose time to ask has come, with what the question needs. */
export interface Doubt {
  readonly listId: number;
  readonly number: number;
  readonly sinceMs: number;
  /** Questions asked before. */
  readonly checks: number;
  readonly phone: number;
  readonly lane: number;
  readonly source: number;
  readonly flags: number;
  readonly attempt: number;
  readonly encoding: number;
  readonly segments: number;
  readonly text: string;
  readonly createdMs: number;
  readonly sendAtMs: number | null;
  readonly submittedMs: number | null;
}

/**
 * Takes up to `limit` due doubts for this process: their next question moves to `retryMs`, so that a process that dies
 * with them loses nothing and two processes ask once.
 */
export async function takeDueDoubts(pool: Pool, nowMs: number, retryMs: number, limit: number): Promise<Doubt[]> {
  const { rows } = await pool.query<Doubt>({
    name: 'in_doubt.take_due',
    text: `
      with due as (
        select list_id, number from in_doubt where next_check_ms <= $1
        order by next_check_ms limit $3 for update skip locked
      ), taken as (
        update in_doubt d set next_check_ms = $2
        from due where d.list_id = due.list_id and d.number = due.number
        returning d.list_id, d.number, d.since_ms, d.checks
      )
      select t.list_id as "listId", t.number, t.since_ms as "sinceMs", t.checks, m.phone, m.lane, m.source, m.flags,
        m.attempt, m.encoding, m.segments, coalesce(m.body, m.template) as text, m.created_ms as "createdMs",
        m.send_at_ms as "sendAtMs", m.submitted_ms as "submittedMs"
      from taken t join message m on m.list_id = t.list_id and m.number = t.number
      order by t.list_id, t.number`,
    values: [nowMs, retryMs, limit],
  });
  return rows;
}

/** A message that a receipt with an unknown id may be about. */
export interface OpenMessage {
  readonly number: number;
  readonly phone: number;
  readonly state: number;
  readonly segments: number;
  readonly submittedMs: number;
  readonly text: string;
}

/** Messages to these recipients that were submitted and are in one of the states. */
export async function findOpenMessages(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
  states: readonly number[],
): Promise<OpenMessage[]> {
  const { rows } = await transaction.query<OpenMessage>({
    name: 'message.find_open',
    text: `
      select number, phone, state, coalesce(segments, 1) as segments, submitted_ms as "submittedMs",
        coalesce(body, template) as text
      from message
      where list_id = $1 and phone = any ($2::bigint[]) and state = any ($3::smallint[])
        and submitted_ms is not null`,
    values: [listId, phones, states],
  });
  return rows;
}

/** Writes when to ask next. */
export async function postponeDoubts(
  pool: Pool,
  listId: number,
  numbers: readonly number[],
  nextCheckMs: readonly number[],
): Promise<void> {
  if (numbers.length === 0) return;
  await pool.query({
    name: 'in_doubt.postpone',
    text: `
      update in_doubt d set checks = least(d.checks + 1, 1000), next_check_ms = n.next_check_ms
      from unnest($2::bigint[], $3::bigint[]) as n(number, next_check_ms)
      where d.list_id = $1 and d.number = n.number and d.number = any ($2::bigint[])`,
    values: [listId, numbers, nextCheckMs],
  });
}
