import type { MessagePlace } from './message-store.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** A batch of `outbound_batch` without its payload. Offsets below `taken` and those in `removed` wait no more. */
export interface WaitingBatch {
  readonly listId: number;
  readonly batchId: number;
  readonly source: number;
  readonly simulated: boolean;
  readonly dueMs: number;
  readonly createdMs: number;
  readonly count: number;
  readonly taken: number;
  readonly removed: readonly number[];
}

const COLUMNS = `list_id as "listId", batch_id as "batchId", source, simulated, due_ms as "dueMs",
  created_ms as "createdMs", count, taken, removed`;

/**
 * The fresh batch whose numbers include `number`, if it is on one of the lists; the message itself may have left it
 * (`isWaiting` tells). Ranges of fresh batches never overlap, so the nearest one below is the only candidate.
 */
export async function findFreshBatch(
  db: Queryable,
  listIds: readonly number[],
  number: number,
): Promise<WaitingBatch | undefined> {
  const { rows } = await db.query<WaitingBatch>({
    name: 'outbound_batch.find_fresh',
    text: `select candidate.* from unnest($1::int[]) as list (id)
           cross join lateral (
             select ${COLUMNS} from outbound_batch
             where list_id = list.id and batch_id <= $2::bigint and numbers is null order by batch_id desc limit 1
           ) candidate
           where candidate."batchId" + candidate.count > $2::bigint`,
    values: [listIds, number],
  });
  return rows[0];
}

/** True while the message at this offset is in the batch and nowhere else. */
export function isWaiting(batch: WaitingBatch, offset: number): boolean {
  return offset >= batch.taken && offset < batch.count && !batch.removed.includes(offset);
}

/** UTF-8 JSON array of the messages of a fresh batch; undefined when the batch is gone. */
export async function readPayload(db: Queryable, listId: number, batchId: number): Promise<Buffer | undefined> {
  const { rows } = await db.query<{ payload: Buffer }>({
    name: 'outbound_batch.payload',
    text: 'select payload from outbound_batch where list_id = $1 and batch_id = $2 and numbers is null',
    values: [listId, batchId],
  });
  return rows[0]?.payload;
}

export interface WaitingFilter {
  readonly listIds: readonly number[];
  /** Only batches that hold older messages; null: all. */
  readonly before: MessagePlace | null;
  /** Bytes that the payload must contain; null: any. */
  readonly containing: Buffer | null;
  readonly createdFromMs: number | null;
  readonly createdToMs: number | null;
  readonly simulated: boolean;
}

/** Up to `limit` fresh batches, newest first, by one walk down the index a list. */
export async function listFreshBatches(db: Queryable, filter: WaitingFilter, limit: number): Promise<WaitingBatch[]> {
  const values: unknown[] = [filter.listIds, limit, filter.simulated];
  const conditions = ['list_id = list.id', 'numbers is null', 'simulated = $3'];
  const add = (sql: (parameter: string) => string, value: unknown): void => {
    if (value !== null) conditions.push(sql(`$${values.push(value)}`));
  };
  if (filter.before !== null) {
    const { createdMs, number } = filter.before;
    conditions.push(`(created_ms, batch_id) < ($${values.push(createdMs)}::bigint, $${values.push(number)}::bigint)`);
  }
  add((p) => `created_ms >= ${p}::bigint`, filter.createdFromMs);
  add((p) => `created_ms < ${p}::bigint`, filter.createdToMs);
  add((p) => `position(${p}::bytea in payload) > 0`, filter.containing);
  const { rows } = await db.query<WaitingBatch>({
    text: `select page.* from unnest($1::int[]) as list (id)
           cross join lateral (
             select ${COLUMNS} from outbound_batch where ${conditions.join(' and ')} order by created_ms desc, batch_id desc limit $2
           ) page
           order by page."createdMs" desc, page."batchId" desc limit $2`,
    values,
  });
  return rows;
}

/** A batch that nobody else can claim or change until the transaction ends. */
export interface LockedBatch extends WaitingBatch {
  readonly leaseUntilMs: number;
  readonly numbers: readonly number[] | null;
}

/** Locks a batch; waits for a claim that is being written. Undefined when it is gone. */
export async function lockBatch(
  transaction: Transaction,
  listId: number,
  batchId: number,
): Promise<LockedBatch | undefined> {
  const { rows } = await transaction.query<LockedBatch>({
    name: 'outbound_batch.lock',
    text: `select ${COLUMNS}, lease_until_ms as "leaseUntilMs", numbers from outbound_batch
           where list_id = $1 and batch_id = $2 for update`,
    values: [listId, batchId],
  });
  return rows[0];
}

/** Ids of the batches of a list that name this message, which has a row already. At most one of them still holds it. */
export async function findNamedBatchIds(db: Queryable, listId: number, number: number): Promise<number[]> {
  const { rows } = await db.query<{ batchId: number }>({
    name: 'outbound_batch.find_named',
    text: `select batch_id as "batchId" from outbound_batch
           where list_id = $1 and numbers is not null and numbers @> array[$2::bigint]`,
    values: [listId, number],
  });
  return rows.map((row) => row.batchId);
}

/**
 * Takes one message out of a locked batch, and the batch away with the last one. The fence grows, so that a worker whose
 * lease ran out cannot record this batch any more.
 */
export async function removeFromBatch(transaction: Transaction, batch: LockedBatch, offset: number): Promise<void> {
  const left = batch.count - batch.taken - batch.removed.filter((removed) => removed >= batch.taken).length;
  await transaction.query(
    left <= 1
      ? {
          name: 'outbound_batch.delete',
          text: 'delete from outbound_batch where list_id = $1 and batch_id = $2',
          values: [batch.listId, batch.batchId],
        }
      : {
          name: 'outbound_batch.remove',
          text: `update outbound_batch
                 set removed = removed || $3::int, fence = fence + 1, worker_id = null, lease_until_ms = 0
                 where list_id = $1 and batch_id = $2`,
          values: [batch.listId, batch.batchId, offset],
        },
  );
}
