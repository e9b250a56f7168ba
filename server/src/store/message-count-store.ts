import type { Pool } from './pool.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** Key of the counter of everything that was accepted; the others are codes of pipeline/message-state.ts. */
export const ACCEPTED = -1;

/**
 * Adds to the books of one list in the caller's transaction. Counters of states cover rows of `message` only: a message
 * that gets its row adds 1 to the state of the row, one that moves takes 1 from the old state and adds 1 to the new one,
 * one that waits in a batch is in `ACCEPTED` alone. Sandbox messages are in the books like all others.
 * Rows are taken in the order of their state, so that two transactions on one list cannot wait for each other.
 */
export async function moveCounts(
  transaction: Transaction,
  listId: number,
  deltas: ReadonlyMap<number, number>,
): Promise<void> {
  const changes = [...deltas].filter(([, delta]) => delta !== 0).sort(([a], [b]) => a - b);
  if (changes.length === 0) return;
  await transaction.query({
    name: 'message_count.move',
    text: `insert into message_count (list_id, state, count)
           select $1, state, delta from unnest($2::smallint[], $3::bigint[]) with ordinality as change (state, delta, place)
           order by place
           on conflict (list_id, state) do update set count = message_count.count + excluded.count`,
    values: [listId, changes.map(([state]) => state), changes.map(([, delta]) => delta)],
  });
}

export interface CountSum {
  readonly state: number;
  readonly count: number;
}

/** The books of all lists together. */
export async function sumCounts(pool: Pool): Promise<CountSum[]> {
  const { rows } = await pool.query<CountSum>({
    name: 'message_count.sum',
    text: 'select state, sum(count)::bigint as count from message_count group by state order by state',
  });
  return rows;
}

/** How many messages of a list are in these states, as the books say it. */
export async function countInStates(db: Queryable, listId: number, states: readonly number[]): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'message_count.in_states',
    text: `select coalesce(sum(count), 0)::bigint as count from message_count
           where list_id = $1 and state = any ($2::smallint[])`,
    values: [listId, states],
  });
  return rows[0]?.count ?? 0;
}
