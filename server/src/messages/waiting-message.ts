import { LANES } from '../pipeline/batch.ts';
import { FLAGS } from '../pipeline/flags.ts';
import { phoneToNumber } from '../lib/e164.ts';
import { MESSAGE_STATES, type MessageStateCode } from '../pipeline/message-state.ts';
import { type AcceptedMessage, toFlags } from '../pipeline/outbound-message.ts';
import type { StoredMessage } from '../store/message-store.ts';
import type { WaitingBatch } from '../store/waiting-store.ts';

/** What a message of a batch shows before it has a row of its own. */
export function toStoredMessage(
  batch: WaitingBatch,
  offset: number,
  accepted: AcceptedMessage,
  nowMs: number,
): StoredMessage {
  return {
    listId: batch.listId,
    number: batch.batchId + offset,
    phone: phoneToNumber(accepted.to),
    state: waitingState(batch, nowMs),
    lane: accepted.category === 'marketing' ? LANES.marketing : LANES.transactional,
    source: batch.source,
    flags: toFlags(accepted) | (batch.simulated ? FLAGS.simulated : 0),
    encoding: null,
    segments: null,
    characters: null,
    decisions: 0,
    createdMs: batch.createdMs,
    sendAtMs: batch.dueMs > batch.createdMs ? batch.dueMs : null,
    submittedMs: null,
    sentMs: null,
    finalMs: null,
    updatedMs: batch.createdMs,
    permanent: null,
    detail: null,
    carrierCode: null,
    template: accepted.body,
    body: null,
    metadata: accepted.metadata ?? null,
    carrierIds: null,
    firstLink: null,
    linkCount: 0,
    holdUntilMs: null,
    holdRule: null,
  };
}

/** A batch whose due time is its creation is due at once, whatever the clocks of two machines say. */
export function waitingState(batch: Pick<WaitingBatch, 'createdMs' | 'dueMs'>, nowMs: number): MessageStateCode {
  return batch.dueMs > batch.createdMs && batch.dueMs > nowMs ? MESSAGE_STATES.scheduled : MESSAGE_STATES.queued;
}

/** Reads the payload of a fresh batch. */
export function parsePayload(payload: Buffer): AcceptedMessage[] {
  return JSON.parse(payload.toString('utf8')) as AcceptedMessage[];
}
