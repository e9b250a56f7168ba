import { int8Array } from './array-parameters.ts';
import type { Transaction } from './transaction.ts';

/** How often the last messages of a list were complained about. */
export interface ComplaintWatch {
  /** Of each complaint how many messages of the list had finished with it, oldest first. */
  readonly places: readonly number[];
  /** Until then complaints end no subscription. */
  readonly guardedUntilMs: number;
}

/** Locks the watch of a list, which is made when there is none. */
export async function lockComplaintWatch(transaction: Transaction, listId: number): Promise<ComplaintWatch> {
  const { rows } = await transaction.query<ComplaintWatch>({
    name: 'complaint_watch.lock',
    text: `
      insert into complaint_watch as w (list_id) values ($1)
      on conflict (list_id) do update set list_id = w.list_id
      returning places, guarded_until_ms as "guardedUntilMs"`,
    values: [listId],
  });
  return rows[0] as ComplaintWatch;
}

/** Writes a watch that the transaction has locked. */
export async function saveComplaintWatch(
  transaction: Transaction,
  listId: number,
  { places, guardedUntilMs }: ComplaintWatch,
): Promise<void> {
  await transaction.query({
    name: 'complaint_watch.save',
    text: 'update complaint_watch set places = $2::bigint[], guarded_until_ms = $3 where list_id = $1',
    values: [listId, int8Array(places), guardedUntilMs],
  });
}
