import { copyRows, CopyRows } from './copy-rows.ts';
import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** What `insertBatches` needs of a batch; see pipeline/batch.ts. */
export interface NewBatch {
  readonly listId: number;
  readonly batchId: number;
  readonly count: number;
  readonly lane: number;
  readonly source: number;
  readonly simulated: boolean;
  readonly createdMs: number;
  readonly dueMs: number;
  readonly payload: Uint8Array;
}

/** Inserts fresh batches by binary COPY. A batch that exists already fails the transaction. */
export async function insertBatches(transaction: Transaction, batches: readonly NewBatch[]): Promise<void> {
  if (batches.length === 0) return;
  const sizeBytes = batches.reduce((sum, batch) => sum + batch.payload.length + 128, 0);
  const rows = new CopyRows(sizeBytes);
  for (const batch of batches) {
    rows
      .row(9)
      .int4(batch.listId)
      .int8(batch.batchId)
      .int2(batch.lane)
      .int2(batch.source)
      .bool(batch.simulated)
      .int8(batch.dueMs)
      .int8(batch.createdMs)
      .int4(batch.count)
      .bytea(batch.payload);
  }
  await copyRows(
    transaction,
    'copy outbound_batch (list_id, batch_id, lane, source, simulated, due_ms, created_ms, count, payload) from stdin',
    rows,
  );
}

/** Messages that have rows already and shall go through the gate again at `dueMs`. */
export interface NamedBatch {
  readonly listId: number;
  readonly batchId: number;
  readonly lane: number;
  readonly source: number;
  readonly simulated: boolean;
  readonly createdMs: number;
  readonly dueMs: number;
  readonly numbers: readonly number[];
}

export async function insertNamedBatch(transaction: Transaction, batch: NamedBatch): Promise<void> {
  await transaction.query({
    name: 'outbound_batch.insert_named',
    text: `
      insert into outbound_batch
        (list_id, batch_id, lane, source, simulated, due_ms, created_ms, count, numbers)
      values ($1, $2, $3, $4, $5, $6, $7, cardinality($8::bigint[]), $8::bigint[])`,
    values: [
      batch.listId,
      batch.batchId,
      batch.lane,
      batch.source,
      batch.simulated,
      batch.dueMs,
      batch.createdMs,
      batch.numbers,
    ],
  });
}

/** A batch, or the front of one, that this worker holds by lease. */
export interface ClaimedBatch {
  readonly listId: number;
  readonly batchId: number;
  readonly lane: number;
  readonly source: number;
  readonly simulated: boolean;
  readonly createdMs: number;
  readonly dueMs: number;
  readonly count: number;
  readonly taken: number;
  readonly removed: readonly number[];
  readonly numbers: readonly number[] | null;
  readonly payload: Buffer | null;
  readonly fence: number;
}

export interface ClaimRequest {
  readonly listId: number;
  readonly lane: number;
  readonly workerId: number;
  readonly nowMs: number;
  readonly leaseMs: number;
  /** How many messages are wanted; the last batch may hold more. */
  readonly messages: number;
  /** Only batches that were created before. */
  readonly createdBeforeMs: number;
}

/**
 * Leases the next due batches of one lane of a list until they hold `messages` messages, by due time, then id. Batches
 * that somebody else holds or locks are passed over. [] when there are none.
 */
export async function claimBatches(pool: Pool, request: ClaimRequest): Promise<ClaimedBatch[]> {
  const { rows } = await pool.query<ClaimedBatch>({
    name: 'outbound_batch.claim',
    text: `
      with due as (
        select batch_id, due_ms, count - taken as waiting
        from outbound_batch
        where list_id = $1 and lane = $2 and due_ms <= $3 and lease_until_ms <= $3 and created_ms <= $7
        order by due_ms, batch_id
        limit 256
        for update skip locked
      ), enough as (
        select batch_id from (
          select batch_id, sum(waiting) over (order by due_ms, batch_id) - waiting as before from due
        ) ordered
        where before < $6
      ), claimed as (
        update outbound_batch b
        set worker_id = $4, fence = b.fence + 1, lease_until_ms = $3 + $5
        from enough
        where b.list_id = $1 and b.batch_id = enough.batch_id
        returning b.*
      )
      select list_id as "listId", batch_id as "batchId", lane, source, simulated, created_ms as "createdMs",
        due_ms as "dueMs", count, taken, removed, numbers, payload, fence
      from claimed
      order by due_ms, batch_id`,
    values: [
      request.listId,
      request.lane,
      request.nowMs,
      request.workerId,
      request.leaseMs,
      request.messages,
      request.createdBeforeMs,
    ],
  });
  return rows;
}

/** How far a claim was worked off: `taken` of `count` messages have left the batch. */
export interface WorkedClaim {
  readonly batchId: number;
  readonly fence: number;
  readonly taken: number;
  readonly done: boolean;
}

/** The lease was lost before the work was recorded; somebody else does it. Nothing of it was stored. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/**
 * Ends the claims of a worker: finished batches are deleted, others move on and are free again.
 * @throws LeaseLostError when one of them is not this worker's any more
 */
export async function finishClaims(
  transaction: Transaction,
  listId: number,
  workerId: number,
  claims: readonly WorkedClaim[],
): Promise<void> {
  const { rows } = await transaction.query<{ count: number }>({
    name: 'outbound_batch.finish',
    text: `
      with worked as (
        select * from unnest($3::bigint[], $4::bigint[], $5::integer[], $6::boolean[]) as w(batch_id, fence, taken, done)
      ), deleted as (
        delete from outbound_batch b using worked w
        where b.list_id = $1 and b.batch_id = w.batch_id and b.worker_id = $2 and b.fence = w.fence and w.done
        returning 1
      ), moved as (
        update outbound_batch b set taken = w.taken, worker_id = null, lease_until_ms = 0
        from worked w
        where b.list_id = $1 and b.batch_id = w.batch_id and b.worker_id = $2 and b.fence = w.fence and not w.done
        returning 1
      )
      select ((select count(*) from deleted) + (select count(*) from moved))::integer as count`,
    values: [
      listId,
      workerId,
      claims.map((claim) => claim.batchId),
      claims.map((claim) => claim.fence),
      claims.map((claim) => claim.taken),
      claims.map((claim) => claim.done),
    ],
  });
  if (rows[0]?.count !== claims.length)
    throw new LeaseLostError(`List ${listId}: a lease was lost before its work was recorded`);
}

/** Gives claims back untouched. Those that are not this worker's any more are left alone. */
export async function releaseClaims(
  pool: Pool,
  listId: number,
  workerId: number,
  batchIds: readonly number[],
): Promise<void> {
  await pool.query({
    name: 'outbound_batch.release',
    text: `
      update outbound_batch set worker_id = null, lease_until_ms = 0
      where list_id = $1 and worker_id = $2 and batch_id = any ($3::bigint[])`,
    values: [listId, workerId, batchIds],
  });
}

/** Gives back every claim that a worker has on a list. */
export async function releaseListClaims(pool: Pool, listId: number, workerId: number): Promise<void> {
  await pool.query({
    name: 'outbound_batch.release_list',
    text: `
      update outbound_batch set worker_id = null, lease_until_ms = 0
      where list_id = $1 and worker_id = $2 and lease_until_ms > 0`,
    values: [listId, workerId],
  });
}

export interface DueList {
  readonly listId: number;
  /** Earliest due time of its free batches. */
  readonly dueMs: number;
}

/**
 * Lists that have waiting batches, with the earliest due time of each: a loose index scan over (list, lane), so the cost
 * follows the number of lists and not of batches.
 */
export async function findDueLists(pool: Pool): Promise<DueList[]> {
  const { rows } = await pool.query<DueList>({
    name: 'outbound_batch.due_lists',
    text: `
      with recursive lane as (
        (select list_id, lane, due_ms from outbound_batch order by list_id, lane, due_ms limit 1)
        union all
        select next.list_id, next.lane, next.due_ms
        from lane, lateral (
          select list_id, lane, due_ms from outbound_batch b
          where (b.list_id, b.lane) > (lane.list_id, lane.lane)
          order by list_id, lane, due_ms limit 1
        ) next
      )
      select list_id as "listId", min(due_ms) as "dueMs" from lane group by list_id`,
  });
  return rows;
}

/** Frees every lease of workers that are known to be gone. For a start that holds the data folder alone. */
export async function releaseAllLeases(pool: Pool): Promise<void> {
  await pool.query('update outbound_batch set worker_id = null, lease_until_ms = 0 where lease_until_ms > 0');
  await pool.query('update submission set lease_until_ms = 0');
}
