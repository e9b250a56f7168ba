import type { Transaction } from './transaction.ts';

export interface StateCount {
  readonly listId: number;
  /** Code of pipeline/message-state.ts, or `ACCEPTED`. */
  readonly state: number;
  readonly count: number;
}

/** The counters of all lists, and by list how many messages wait in fresh batches. */
export async function readCounts(
  snapshot: Transaction,
): Promise<{ counts: StateCount[]; waiting: ReadonlyMap<number, number> }> {
  const counts = await snapshot.query<StateCount>({
    name: 'message_count.all',
    text: 'select list_id as "listId", state, count from message_count order by list_id, state',
  });
  const waiting = await snapshot.query<{ listId: number; count: number }>({
    name: 'outbound_batch.count_waiting',
    text: `select list_id as "listId", sum(count - taken - (
             select count(*) from unnest(removed) as gone (place) where place >= taken
           ))::bigint as count
           from outbound_batch where numbers is null group by list_id`,
  });
  return { counts: counts.rows, waiting: new Map(waiting.rows.map(({ listId, count }) => [listId, count])) };
}

/** What the counters of states should be: reads every row of `message`. */
export async function countRows(snapshot: Transaction): Promise<StateCount[]> {
  const { rows } = await snapshot.query<StateCount>({
    name: 'message.recount',
    text: 'select list_id as "listId", state, count(*) as count from message group by list_id, state',
  });
  return rows;
}
