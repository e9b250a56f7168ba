import { setImmediate } from 'node:timers/promises';
import type { Caller } from '../accounts/index.ts';
import { AppError } from '../lib/errors.ts';
import { FLAGS } from '../pipeline/flags.ts';
import { listMessages as listStoredMessages, type MessagePlace, type StoredMessage } from '../store/message-store.ts';
import { withSnapshot } from '../store/snapshot.ts';
import type { Transaction } from '../store/transaction.ts';
import { isWaiting, listFreshBatches, readPayload, type WaitingBatch } from '../store/waiting-store.ts';
import { toCursor } from './message-cursor.ts';
import { type MessageQuery, parseMessageQuery, type RawMessageQuery } from './message-query.ts';
import { listIdsOf, listOf, type MessageReaderDeps } from './message-reader.ts';
import { toMessageRow } from './message-view.ts';
import type { MessagePage } from './message-view-schemas.ts';
import { parsePayload, toStoredMessage, waitingState } from './waiting-message.ts';

/** Batches whose heads are read in one go. */
const HEADS_AT_ONCE = 64;

/**
 * One page of the account's messages, newest first, waiting ones included; sandbox messages are left out. A message that
 * exists during a whole walk is on exactly one of its pages: pages are cut by time and number, which never change, and each page
 * sees batches and rows in one moment.
 * @throws AppError the codes of `parseMessageQuery`, `list_not_found`
 */
export async function listMessages(
  deps: MessageReaderDeps,
  caller: Caller,
  input: RawMessageQuery,
): Promise<MessagePage> {
  const query = parseMessageQuery(input, deps.messageIds);
  const listIds = chooseLists(deps, caller, query);
  if (isEmptyByNature(query)) return toPage(deps, caller, query, []);
  if (query.before === null) await deps.landed();
  const messages = await withSnapshot(deps.pool, async (snapshot) => {
    const stored = await readStored(snapshot, query, listIds);
    const waiting = await readWaiting(snapshot, query, { listIds, stored, nowMs: deps.clock() });
    return [...stored, ...waiting].sort(newestFirst);
  });
  return toPage(deps, caller, query, messages);
}

function chooseLists(deps: MessageReaderDeps, caller: Caller, { listNumber }: MessageQuery): number[] {
  if (listNumber === null) return listIdsOf(deps, caller.account);
  const list = deps.directory.listByNumber(listNumber);
  if (list === undefined || list.accountId !== caller.account.id) throw new AppError('list_not_found');
  return [list.id];
}

/** No message has a schedule yet, and a status may exclude a state. */
function isEmptyByNature(query: MessageQuery): boolean {
  return query.scheduleId !== null || query.states?.length === 0;
}

async function readStored(
  snapshot: Transaction,
  query: MessageQuery,
  listIds: readonly number[],
): Promise<StoredMessage[]> {
  return await listStoredMessages(snapshot, { ...query, listIds, withoutFlags: FLAGS.simulated }, query.limit + 1);
}

interface WaitingScope {
  readonly listIds: readonly number[];
  /** What the page has already; waiting messages below all of it are of no use when it is full. */
  readonly stored: readonly StoredMessage[];
  readonly nowMs: number;
}

/** The newest waiting messages that can be on the page, newest first. Reads no more batches than it needs. */
async function readWaiting(snapshot: Transaction, query: MessageQuery, scope: WaitingScope): Promise<StoredMessage[]> {
  const wanted = query.limit + 1;
  const lastUseful = scope.stored[wanted - 1];
  const found: StoredMessage[] = [];
  for await (const batch of freshBatches(snapshot, query, scope.listIds)) {
    if (found.length >= wanted || (lastUseful !== undefined && batch.createdMs < lastUseful.createdMs)) break;
    if (query.states !== null && !query.states.includes(waitingState(batch, scope.nowMs))) continue;
    found.push(...(await readBatch(snapshot, query, batch, scope.nowMs)));
  }
  return found;
}

async function* freshBatches(
  snapshot: Transaction,
  query: MessageQuery,
  listIds: readonly number[],
): AsyncGenerator<WaitingBatch> {
  const containing = query.phone === null ? null : Buffer.from(String(query.phone), 'latin1');
  let { before } = query;
  for (;;) {
    const filter = { ...query, listIds, containing, before, simulated: false };
    const heads = await listFreshBatches(snapshot, filter, HEADS_AT_ONCE);
    yield* heads;
    const last = heads.at(-1);
    if (last === undefined || heads.length < HEADS_AT_ONCE) return;
    before = { createdMs: last.createdMs, number: last.batchId };
  }
}

/** Messages of one batch that wait and pass the filters, newest first. */
async function readBatch(
  snapshot: Transaction,
  query: MessageQuery,
  batch: WaitingBatch,
  nowMs: number,
): Promise<StoredMessage[]> {
  const payload = await readPayload(snapshot, batch.listId, batch.batchId);
  if (payload === undefined) return [];
  // A payload of a thousand messages takes a millisecond to parse; other requests come in between.
  await setImmediate();
  const to = query.phone === null ? null : `+${query.phone}`;
  const isBefore = (number: number): boolean => {
    if (query.before === null || batch.createdMs < query.before.createdMs) return true;
    return batch.createdMs === query.before.createdMs && number < query.before.number;
  };
  const messages = parsePayload(payload).flatMap((accepted, offset) =>
    isWaiting(batch, offset) && isBefore(batch.batchId + offset) && (to === null || accepted.to === to)
      ? [toStoredMessage(batch, offset, accepted, nowMs)]
      : [],
  );
  return messages.toReversed();
}

function newestFirst(a: MessagePlace, b: MessagePlace): number {
  return b.createdMs - a.createdMs || b.number - a.number;
}

function toPage(
  deps: MessageReaderDeps,
  caller: Caller,
  query: MessageQuery,
  messages: readonly StoredMessage[],
): MessagePage {
  const shown = messages.slice(0, query.limit);
  const last = messages.length > query.limit ? shown.at(-1) : undefined;
  return {
    messages: shown.map((message) =>
      toMessageRow(message, { ...deps, account: caller.account, list: listOf(deps, message.listId) }),
    ),
    pagination: {
      limit: query.limit,
      next_cursor: last === undefined ? null : toCursor(deps.messageIds, last),
    },
  };
}
