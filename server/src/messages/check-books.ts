import { MESSAGE_STATES, type MessageState, toMessageState } from '../pipeline/message-state.ts';
import { ACCEPTED } from '../store/message-count-store.ts';
import { countRows, readCounts, type StateCount } from '../store/books-store.ts';
import type { Pool } from '../store/pool.ts';
import { withSnapshot } from '../store/snapshot.ts';

/** The books of one list. They balance when both `difference` and `miscounted` are empty of anything. */
export interface ListBooks {
  readonly listId: number;
  readonly accepted: number;
  /** Accepted and not at the gate yet. */
  readonly waiting: number;
  /** Messages that have a row, by state; states without any are left out. */
  readonly byState: Readonly<Partial<Record<MessageState, number>>>;
  /** accepted - waiting - sum of states. Anything but 0: messages were lost or doubled. */
  readonly difference: number;
  /** With `recount`: states whose counter differs from the rows; else null. */
  readonly miscounted: readonly Miscount[] | null;
}

export interface Miscount {
  readonly state: MessageState;
  readonly counted: number;
  readonly rows: number;
}

/**
 * The books of all lists that ever accepted a message, by list id, all of one moment. `recount` reads every row of
 * `message`, which takes minutes for hundreds of millions.
 */
export async function checkBooks(pool: Pool, { recount }: { recount: boolean }): Promise<ListBooks[]> {
  return await withSnapshot(pool, async (snapshot) => {
    const { counts, waiting } = await readCounts(snapshot);
    const rows = recount ? await countRows(snapshot) : null;
    const listIds = new Set([...counts, ...(rows ?? [])].map((count) => count.listId).concat([...waiting.keys()]));
    return [...listIds]
      .sort((a, b) => a - b)
      .map((listId) => toBooks(listId, byStateOf(counts, listId), waiting.get(listId) ?? 0, rows));
  });
}

function byStateOf(counts: readonly StateCount[], listId: number): Map<number, number> {
  return new Map(counts.filter((count) => count.listId === listId).map(({ state, count }) => [state, count]));
}

function toBooks(
  listId: number,
  counts: ReadonlyMap<number, number>,
  waiting: number,
  rows: readonly StateCount[] | null,
): ListBooks {
  const accepted = counts.get(ACCEPTED) ?? 0;
  const states = [...counts].filter(([state, count]) => state !== ACCEPTED && count !== 0);
  const sum = states.reduce((total, [, count]) => total + count, 0);
  return {
    listId,
    accepted,
    waiting,
    byState: Object.fromEntries(states.map(([state, count]) => [toMessageState(state), count])),
    difference: accepted - waiting - sum,
    miscounted: rows === null ? null : findMiscounts(counts, byStateOf(rows, listId)),
  };
}

function findMiscounts(counts: ReadonlyMap<number, number>, rows: ReadonlyMap<number, number>): Miscount[] {
  return Object.values(MESSAGE_STATES)
    .map((state) => ({ state: toMessageState(state), counted: counts.get(state) ?? 0, rows: rows.get(state) ?? 0 }))
    .filter(({ counted, rows }) => counted !== rows);
}
