import type { Caller } from '../accounts/index.ts';
import { phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { LANES } from '../pipeline/batch.ts';
import { FLAGS } from '../pipeline/flags.ts';
import { MESSAGE_STATES, toMessageState } from '../pipeline/message-state.ts';
import { type AcceptedMessage, toFlags } from '../pipeline/outbound-message.ts';
import { takeBackSends } from '../store/contact-activity-store.ts';
import { moveCounts } from '../store/message-count-store.ts';
import { endMessage, findMessage, insertCancelledMessage, type StoredMessage } from '../store/message-store.ts';
import { type Transaction, withTransaction } from '../store/transaction.ts';
import {
  findFreshBatch,
  findNamedBatchIds,
  isWaiting,
  lockBatch,
  type LockedBatch,
  readPayload,
  removeFromBatch,
} from '../store/waiting-store.ts';
import { isReadable } from './get-message.ts';
import type { MessageEvents } from './message-events.ts';
import { type MessageName, parseMessageId, toMessageId } from './message-id.ts';
import { listIdsOf, type MessageReaderDeps } from './message-reader.ts';
import { toShownState } from './message-view.ts';
import type { CancelledMessage } from './message-view-schemas.ts';
import { parsePayload } from './waiting-message.ts';

const DETAIL = 'cancelled';
const { scheduled, queued, held, cancelled } = MESSAGE_STATES;
const CANCELLABLE: readonly number[] = [scheduled, queued, held];
/** What cancelling needs. */
export interface CancelDeps extends MessageReaderDeps {
  readonly messageEvents: MessageEvents;
}

/** A retry may move a message from one batch to another between two looks. */
const MAX_LOOKS = 3;

/** `retry`: it moved while we looked. */
type Outcome = 'cancelled' | 'not_found' | 'retry';

/**
 * Cancels a message that waits and that no sender has claimed. The batch is locked first, as by a claim, so of a cancel
 * and a claim exactly one wins. A second cancel answers the same.
 * @throws AppError `not_found`, `not_cancellable` (its `message` names the state)
 */
export async function cancelMessage(
  deps: CancelDeps,
  caller: Caller,
  input: { id: string },
): Promise<CancelledMessage> {
  const name = parseMessageId(deps.messageIds, input.id);
  if (name === undefined) throw new AppError('not_found');
  const listIds = listIdsOf(deps, caller.account);
  let outcome = await tryCancel(deps, listIds, name);
  if (outcome === 'not_found') {
    await deps.landed();
    outcome = await tryCancel(deps, listIds, name);
  }
  if (outcome === 'not_found') throw new AppError('not_found');
  const id = toMessageId(deps.messageIds, name.number, name.simulated);
  return { success: true, message_id: id, status: 'dropped', status_detail: DETAIL };
}

async function tryCancel(deps: CancelDeps, listIds: readonly number[], name: MessageName): Promise<Outcome> {
  const nowMs = deps.clock();
  for (let look = 1; look <= MAX_LOOKS; look++) {
    const outcome = await withTransaction(deps.pool, async (transaction) => {
      const work = { transaction, listIds, nowMs, messageEvents: deps.messageEvents };
      const fresh = await cancelFresh(work, name);
      return fresh === 'not_found' ? await cancelStored(work, name) : fresh;
    });
    if (outcome !== 'retry') return outcome;
  }
  throw claimed('queued');
}

interface CancelWork {
  readonly transaction: Transaction;
  readonly listIds: readonly number[];
  readonly nowMs: number;
  readonly messageEvents: MessageEvents;
}

async function tell({ transaction, nowMs, messageEvents }: CancelWork, listId: number, number: number): Promise<void> {
  const change = { number, state: cancelled, detail: DETAIL, atMs: nowMs };
  await messageEvents.tell(transaction, listId, () => ({ changed: [change] }));
}

/** Before the gate: the message gets its row now, as cancelled. */
async function cancelFresh(work: CancelWork, name: MessageName): Promise<Outcome> {
  const { transaction, listIds, nowMs } = work;
  const found = await findFreshBatch(transaction, listIds, name.number);
  if (found === undefined) return 'not_found';
  const batch = await lockBatch(transaction, found.listId, found.batchId);
  const offset = name.number - found.batchId;
  if (batch === undefined || !isWaiting(batch, offset)) return 'not_found';
  const accepted = await readAccepted(transaction, batch, offset);
  const flags = toFlags(accepted) | (batch.simulated ? FLAGS.simulated : 0);
  if (!isReadable({ flags, createdMs: batch.createdMs }, name, nowMs)) return 'not_found';
  if (batch.leaseUntilMs > nowMs) throw claimed('queued');
  await insertCancelledMessage(transaction, {
    listId: batch.listId,
    number: name.number,
    phone: phoneToNumber(accepted.to),
    state: cancelled,
    lane: accepted.category === 'marketing' ? LANES.marketing : LANES.transactional,
    source: batch.source,
    flags,
    createdMs: batch.createdMs,
    sendAtMs: batch.dueMs > batch.createdMs ? batch.dueMs : null,
    cancelledMs: nowMs,
    detail: DETAIL,
    template: accepted.body,
    contactData: accepted.contact_data === undefined ? null : JSON.stringify(accepted.contact_data),
    metadata: accepted.metadata === undefined ? null : JSON.stringify(accepted.metadata),
  });
  await removeFromBatch(transaction, batch, offset);
  await tell(work, batch.listId, name.number);
  await moveCounts(transaction, batch.listId, new Map([[cancelled, 1]]));
  return 'cancelled';
}

async function readAccepted(transaction: Transaction, batch: LockedBatch, offset: number): Promise<AcceptedMessage> {
  const payload = await readPayload(transaction, batch.listId, batch.batchId);
  const accepted = payload === undefined ? undefined : parsePayload(payload)[offset];
  if (accepted === undefined)
    throw new Error(`batch ${batch.batchId} of list ${batch.listId} has no message ${offset}`);
  return accepted;
}

/** After the gate: held, or waiting for a repeat. */
async function cancelStored(work: CancelWork, name: MessageName): Promise<Outcome> {
  const { transaction, listIds, nowMs } = work;
  const message = await findMessage(transaction, listIds, name.number);
  if (message === undefined || !isReadable(message, name, nowMs)) return 'not_found';
  if (message.state === cancelled) return 'cancelled';
  if (!CANCELLABLE.includes(message.state)) throw notCancellable(message);
  const place = await lockNamedBatch(transaction, message);
  if (place === undefined) return 'retry';
  if (place.batch.leaseUntilMs > nowMs) throw claimed(toShownState(toMessageState(message.state)));
  const { listId, number } = message;
  const end = { listId, number, state: cancelled, fromStates: CANCELLABLE, atMs: nowMs, detail: DETAIL };
  const before = await endMessage(transaction, end);
  if (before === undefined) return 'retry';
  await removeFromBatch(transaction, place.batch, place.offset);
  // It was counted as sent when it was tried first, and was not taken.
  if (message.submittedMs !== null && !name.simulated) await takeBackSends(transaction, listId, [message.phone]);
  await tell(work, listId, number);
  await moveCounts(
    transaction,
    listId,
    new Map([
      [before, -1],
      [cancelled, 1],
    ]),
  );
  return 'cancelled';
}

async function lockNamedBatch(
  transaction: Transaction,
  { listId, number }: StoredMessage,
): Promise<{ batch: LockedBatch; offset: number } | undefined> {
  for (const batchId of await findNamedBatchIds(transaction, listId, number)) {
    const batch = await lockBatch(transaction, listId, batchId);
    const offset = batch?.numbers?.indexOf(number) ?? -1;
    if (batch !== undefined && isWaiting(batch, offset)) return { batch, offset };
  }
  return undefined;
}

function claimed(state: string): AppError {
  return new AppError('not_cancellable', { message: `The message is ${state} and already claimed by a sender` });
}

function notCancellable(message: StoredMessage): AppError {
  const state = toMessageState(message.state);
  if (state === 'submitting') return claimed(toShownState(state));
  return new AppError('not_cancellable', { message: `The message is ${state}` });
}
