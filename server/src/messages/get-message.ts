import type { Caller } from '../accounts/index.ts';
import { DAY_MS } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { hasFlag } from '../pipeline/flags.ts';
import { findMessage, listDestinations, listEvents, listParts, type StoredMessage } from '../store/message-store.ts';
import { findFreshBatch, isWaiting, readPayload } from '../store/waiting-store.ts';
import { type MessageName, parseMessageId } from './message-id.ts';
import { listIdsOf, listOf, type MessageReaderDeps } from './message-reader.ts';
import { type MessageDetails, toMessageView } from './message-view.ts';
import type { MessageView } from './message-view-schemas.ts';
import { parsePayload, toStoredMessage } from './waiting-message.ts';

/** Sandbox messages can be read for so long. */
const SANDBOX_READABLE_MS = 7 * DAY_MS;

/**
 * The whole life of one message of the caller's account.
 * @throws AppError `not_found` for an id that is unknown, foreign, malformed or that of a sandbox message out of its time
 */
export async function getMessage(deps: MessageReaderDeps, caller: Caller, input: { id: string }): Promise<MessageView> {
  const name = parseMessageId(deps.messageIds, input.id);
  const message = name === undefined ? undefined : await find(deps, caller, name);
  if (name === undefined || message === undefined || !isReadable(message, name, deps.clock())) {
    throw new AppError('not_found');
  }
  const context = { ...deps, account: caller.account, list: listOf(deps, message.listId) };
  return toMessageView(message, await readDetails(deps, message), context);
}

/** A sandbox message answers to its sandbox id only, and no other message does. */
export function isReadable(
  message: Pick<StoredMessage, 'flags' | 'createdMs'>,
  name: MessageName,
  nowMs: number,
): boolean {
  if (hasFlag(message.flags, 'simulated') !== name.simulated) return false;
  return !name.simulated || message.createdMs > nowMs - SANDBOX_READABLE_MS;
}

/**
 * Most messages have a row. A message moves only one way, from the log to a batch to its row, so the last two looks,
 * taken in this order after everything has landed, cannot miss it between two places.
 */
async function find(
  deps: MessageReaderDeps,
  caller: Caller,
  { number }: MessageName,
): Promise<StoredMessage | undefined> {
  const listIds = listIdsOf(deps, caller.account);
  const found = (await findMessage(deps.pool, listIds, number)) ?? (await findWaiting(deps, listIds, number));
  if (found !== undefined) return found;
  await deps.landed();
  return (await findWaiting(deps, listIds, number)) ?? (await findMessage(deps.pool, listIds, number));
}

async function findWaiting(
  { pool, clock }: MessageReaderDeps,
  listIds: readonly number[],
  number: number,
): Promise<StoredMessage | undefined> {
  const batch = await findFreshBatch(pool, listIds, number);
  if (batch === undefined || !isWaiting(batch, number - batch.batchId)) return undefined;
  const payload = await readPayload(pool, batch.listId, batch.batchId);
  const accepted = payload === undefined ? undefined : parsePayload(payload)[number - batch.batchId];
  return accepted === undefined ? undefined : toStoredMessage(batch, number - batch.batchId, accepted, clock());
}

async function readDetails({ pool }: MessageReaderDeps, message: StoredMessage): Promise<MessageDetails> {
  const { listId, number, firstLink, linkCount } = message;
  const [parts, events, destinations] = await Promise.all([
    message.carrierIds === null ? [] : listParts(pool, listId, number),
    listEvents(pool, listId, number),
    firstLink === null || linkCount === 0 ? [] : listDestinations(pool, listId, firstLink, linkCount),
  ]);
  return { parts, events, destinations };
}
