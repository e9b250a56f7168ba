import type { IdCodec } from '../lib/public-id.ts';
import { loadKnownMessages } from '../store/message-progress-store.ts';
import type { ClaimedBatch, WorkedClaim } from '../store/outbound-batch-store.ts';
import type { Pool } from '../store/pool.ts';
import { fromKnownMessage, toOutboundMessage, type AcceptedMessage, type OutboundMessage } from './outbound-message.ts';
import { WAITING_STATES } from './stages/record-stage.ts';

/** Messages of one claim with how far it works off each of its batches. */
export interface Work {
  readonly messages: OutboundMessage[];
  readonly claims: WorkedClaim[];
}

/**
 * Reads the messages of claimed batches, `limit` of them at the most: of the last batch only the front may be taken.
 * Cancelled ones are passed over.
 */
export async function readWork(
  pool: Pool,
  ids: IdCodec,
  claimed: readonly ClaimedBatch[],
  limit: number,
): Promise<Work> {
  const messages: OutboundMessage[] = [];
  const claims: WorkedClaim[] = [];
  let left = limit;
  for (const batch of claimed) {
    const removed = new Set(batch.removed);
    let at = batch.taken;
    const offsets: number[] = [];
    for (; at < batch.count && (left > 0 || removed.has(at)); at++) {
      if (removed.has(at)) continue;
      offsets.push(at);
      left--;
    }
    messages.push(...(await readMessages(pool, ids, batch, offsets)));
    claims.push({ batchId: batch.batchId, fence: batch.fence, taken: at, done: at === batch.count });
  }
  return { messages, claims };
}

async function readMessages(
  pool: Pool,
  ids: IdCodec,
  batch: ClaimedBatch,
  offsets: readonly number[],
): Promise<OutboundMessage[]> {
  if (batch.numbers !== null) {
    const numbers = batch.numbers;
    const named = offsets.map((offset) => numbers[offset]).filter((number) => number !== undefined);
    const known = await loadKnownMessages(pool, batch.listId, named, WAITING_STATES);
    return known.map((message) => fromKnownMessage(message, ids.encode(message.number)));
  }
  const accepted = JSON.parse((batch.payload ?? Buffer.from('[]')).toString('utf8')) as AcceptedMessage[];
  return offsets.map((offset) => {
    const message = accepted[offset];
    if (message === undefined)
      throw new Error(`Batch ${batch.batchId} of list ${batch.listId} has no message ${offset}`);
    const number = batch.batchId + offset;
    const { createdMs, dueMs, simulated, source } = batch;
    return toOutboundMessage(message, { number, id: ids.encode(number), createdMs, dueMs, simulated, source });
  });
}
