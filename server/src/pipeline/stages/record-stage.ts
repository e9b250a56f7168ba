import { moveCounts } from '../../store/message-count-store.ts';
import { recordSends, takeBackSends } from '../../store/contact-activity-store.ts';
import { insertLinkRange } from '../../store/link-store.ts';
import {
  insertMessageEvents,
  insertMessages,
  updateRegated,
  type NewMessageRow,
  type RegatedMessage,
} from '../../store/message-progress-store.ts';
import type { MessageEvents, MessageNews } from '../../messages/message-events.ts';
import type { NumberBlocks } from '../../store/number-blocks.ts';
import { finishClaims, insertNamedBatch, releaseClaims, type WorkedClaim } from '../../store/outbound-batch-store.ts';
import type { Pool } from '../../store/pool.ts';
import { findSubmission, insertSubmission, type Submission } from '../../store/submission-store.ts';
import { isConnectionError, withTransaction, type Transaction } from '../../store/transaction.ts';
import { LANES } from '../batch.ts';
import { laneOf } from '../lane-of.ts';
import { hasFlag } from '../flags.ts';
import { toEncodingCode } from '../encoding-code.ts';
import { MESSAGE_STATES as S } from '../message-state.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import type { Refusal, Reservation } from '../stage.ts';

/** What the gate decided about the messages of one claim. */
export interface Verdicts {
  readonly listId: number;
  readonly nowMs: number;
  readonly claims: readonly WorkedClaim[];
  /** Messages that go to the carrier. */
  readonly live: readonly OutboundMessage[];
  readonly refused: readonly Refusal[];
  /** What the gate could not promise: may still move messages from `live` to `refused`, in place. Default: nothing. */
  readonly reservations?: readonly Reservation[];
}

export interface RecordStageDeps {
  readonly pool: Pool;
  readonly workerId: number;
  readonly leaseMs: number;
  readonly messageEvents: MessageEvents;
  readonly numbers: Pick<NumberBlocks, 'take'>;
}

/** A number that no batch of this list had before: the first message of the submit that was never submitted as first. */
export type SubmissionIds = () => number;

/**
 * Writes the gate's verdicts and the durable submitting mark, and moves the batches on: one transaction. Afterwards, and
 * not before, the messages may go out.
 *
 * @returns the mark with the messages that really go (one that was cancelled or reported meanwhile does not), or
 *   undefined when none does
 * @throws LeaseLostError when another worker has taken the batch over; nothing is stored then
 */
export async function recordVerdicts(
  deps: RecordStageDeps,
  verdicts: Verdicts,
  newSubmissionId: SubmissionIds,
): Promise<RecordedVerdicts | undefined> {
  const submissionId = newSubmissionId();
  try {
    return await record(deps, verdicts, submissionId);
  } catch (error) {
    const standing = isConnectionError(error) ? await findStanding(deps, verdicts, submissionId) : undefined;
    if (standing === undefined) throw error;
    return standing;
  }
}

export interface RecordedVerdicts {
  readonly submission: Submission;
  readonly messages: OutboundMessage[];
}

/**
 * The answer to a commit was lost and the mark stands: nobody else submits its messages, so they go out now. Letting go of
 * the claims comes first, because it waits for a transaction that the server still works on.
 */
async function findStanding(
  { pool, workerId }: RecordStageDeps,
  { listId, claims, live }: Verdicts,
  submissionId: number,
): Promise<RecordedVerdicts | undefined> {
  try {
    const batchIds = claims.map((claim) => claim.batchId);
    await releaseClaims(pool, listId, workerId, batchIds);
    const submission = await findSubmission(pool, { listId, submissionId, workerId });
    if (submission === undefined) return undefined;
    const marked = new Set(submission.numbers);
    return { submission, messages: live.filter((message) => marked.has(message.number)) };
  } catch {
    // Not there yet: the mark, if there is one, runs out, and its messages are in doubt.
    return undefined;
  }
}

async function record(
  { pool, workerId, leaseMs, messageEvents, numbers }: RecordStageDeps,
  verdicts: Verdicts,
  submissionId: number,
): Promise<RecordedVerdicts | undefined> {
  return await withTransaction(pool, async (transaction) => {
    const { listId, nowMs } = verdicts;
    // They wait for others, so nothing is locked before them.
    for (const reserve of verdicts.reservations ?? []) await reserve(transaction);
    await finishClaims(transaction, listId, workerId, verdicts.claims);
    await insertMessages(transaction, verdicts.live.length + verdicts.refused.length, (place) =>
      rowAt(verdicts, place),
    );
    const moved = await updateKnown(transaction, verdicts);
    const messages = verdicts.live.filter((message) => !message.hasRow || moved.has(message.number));
    await insertLinks(transaction, verdicts);
    await scheduleHolds(transaction, numbers, verdicts, moved);
    const submission = {
      listId,
      submissionId,
      workerId,
      numbers: messages.map((message) => message.number),
      createdMs: nowMs,
      leaseUntilMs: nowMs + leaseMs,
    };
    if (messages.length > 0) {
      await insertSubmission(transaction, submission);
      const contacts = messages.filter((message) => message.attempt === 0 && !hasFlag(message.flags, 'simulated'));
      await recordSends(
        transaction,
        listId,
        contacts.map((message) => message.phone),
        nowMs,
      );
    }
    await takeBackSends(transaction, listId, phonesTakenBack(verdicts, moved));
    await messageEvents.tell(transaction, listId, () => newsOf(verdicts, moved));
    await moveCounts(transaction, listId, countMoves(verdicts, moved));
    return messages.length === 0 ? undefined : { submission, messages };
  });
}

/** Messages that end here; those that are held come again. */
function newsOf({ refused, nowMs }: Verdicts, moved: ReadonlySet<number>): MessageNews {
  const ended = refused.filter(
    ({ message, outcome }) => outcome.state !== 'held' && (!message.hasRow || moved.has(message.number)),
  );
  return {
    changed: ended.map(({ message, outcome }) => ({
      number: message.number,
      state: S[outcome.state],
      detail: outcome.reason,
      atMs: nowMs,
    })),
    facts: ended.map(({ message }) => message),
  };
}

/** Messages that were counted as sent when they were tried first and now end without having been taken. */
function phonesTakenBack({ refused }: Verdicts, moved: ReadonlySet<number>): number[] {
  const ended = refused.filter(
    ({ message, outcome }) => moved.has(message.number) && message.attempt > 0 && outcome.state !== 'held',
  );
  return ended.filter(({ message }) => !hasFlag(message.flags, 'simulated')).map(({ message }) => message.phone);
}

/** Of the message in this place, live ones first; undefined when it has a row. */
function rowAt(verdicts: Verdicts, place: number): NewMessageRow | undefined {
  const { live, refused } = verdicts;
  const refusal = refused[place - live.length];
  const message = refusal?.message ?? live[place];
  return message === undefined || message.hasRow ? undefined : toRow(verdicts, message, refusal);
}

/** Without a refusal the message goes to the carrier. */
function toRow({ listId, nowMs }: Verdicts, message: OutboundMessage, refusal: Refusal | undefined): NewMessageRow {
  const holdUntilMs = refusal === undefined ? null : heldUntil(refusal);
  const state = refusal === undefined ? S.submitting : S[refusal.outcome.state];
  const rendered = message.segments > 0;
  return {
    listId,
    number: message.number,
    phone: message.phone,
    state,
    lane: message.category === 'marketing' ? LANES.marketing : LANES.transactional,
    source: message.source,
    flags: message.flags,
    encoding: rendered ? toEncodingCode(message.encoding) : null,
    segments: rendered ? message.segments : null,
    characters: rendered ? message.characters : null,
    decisions: message.decisions,
    textHash: rendered ? message.textHash : null,
    createdMs: message.createdMs,
    sendAtMs: message.sendAtMs,
    submittedMs: refusal === undefined ? nowMs : null,
    finalMs: refusal === undefined || holdUntilMs !== null ? null : nowMs,
    updatedMs: nowMs,
    detail: refusal?.outcome.reason ?? null,
    template: message.template,
    body: rendered && message.body !== message.template ? message.body : null,
    contactData: message.contactData === null ? null : JSON.stringify(message.contactData),
    metadata: message.metadata,
    firstLink: message.firstLink,
    linkCount: message.destinations.length,
    holdUntilMs,
    holdRule: refusal?.rule ?? null,
  };
}

function heldUntil({ outcome }: Refusal): number | null {
  return outcome.state === 'held' ? outcome.untilMs : null;
}

/** Moves messages that have rows already; returns those that still waited. */
async function updateKnown(transaction: Transaction, verdicts: Verdicts): Promise<Set<number>> {
  const { listId, live, refused, nowMs } = verdicts;
  const changes: RegatedMessage[] = [];
  for (const { number, decisions, hasRow } of live) {
    if (!hasRow) continue;
    const going = { state: S.submitting, detail: null, submittedMs: nowMs, finalMs: null };
    changes.push({ number, decisions, ...going, holdUntilMs: null, holdRule: null });
  }
  for (const refusal of refused) {
    const { message, outcome, rule } = refusal;
    if (!message.hasRow) continue;
    const holdUntilMs = heldUntil(refusal);
    changes.push({
      number: message.number,
      decisions: message.decisions,
      state: S[outcome.state],
      detail: outcome.reason,
      submittedMs: null,
      finalMs: holdUntilMs === null ? nowMs : null,
      holdUntilMs,
      holdRule: rule,
    });
  }
  return new Set(await updateRegated(transaction, listId, changes, WAITING_STATES, nowMs));
}

/** Puts held messages into batches that are due when their hold ends. */
async function scheduleHolds(
  transaction: Transaction,
  numbers: RecordStageDeps['numbers'],
  { listId, refused, nowMs }: Verdicts,
  moved: ReadonlySet<number>,
): Promise<void> {
  const groups = new Map<string, { dueMs: number; messages: OutboundMessage[] }>();
  const events: { number: number; state: number; detail: string }[] = [];
  for (const { message, outcome } of refused) {
    if (outcome.state !== 'held' || (message.hasRow && !moved.has(message.number))) continue;
    const key = `${outcome.untilMs} ${message.source} ${laneOf(message)} ${hasFlag(message.flags, 'simulated')}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { dueMs: outcome.untilMs, messages: [message] });
    else group.messages.push(message);
    events.push({ number: message.number, state: S.held, detail: outcome.reason });
  }
  for (const { dueMs, messages } of groups.values()) {
    const first = messages[0] as OutboundMessage;
    await insertNamedBatch(transaction, {
      listId,
      batchId: await numbers.take(1),
      lane: laneOf(first),
      source: first.source,
      simulated: hasFlag(first.flags, 'simulated'),
      createdMs: nowMs,
      dueMs,
      numbers: messages.map((message) => message.number),
    });
  }
  if (events.length > 0) await insertMessageEvents(transaction, listId, events, nowMs);
}

/** States of rows that a batch may name. */
export const WAITING_STATES = [S.scheduled, S.queued, S.held];

/** Links of messages that go or wait; their texts stay as they were rendered. */
async function insertLinks(transaction: Transaction, { listId, live, refused, nowMs }: Verdicts): Promise<void> {
  const held = refused.filter(({ outcome }) => outcome.state === 'held').map(({ message }) => message);
  const linked: LinkedMessage[] = [...live, ...held].filter(isLinked);
  if (linked.length === 0) return;
  const firstLink = linked.reduce((first, message) => Math.min(first, message.firstLink), Number.POSITIVE_INFINITY);
  const end = linked.reduce((last, message) => Math.max(last, message.firstLink + message.destinations.length), 0);
  // The range is contiguous as it was numbered; links of messages that ended after rendering stay empty.
  const destinations = Array.from({ length: end - firstLink }, (): string | null => null);
  const numbers = Array.from({ length: end - firstLink }, (): number | null => null);
  for (const message of linked) {
    for (const [index, url] of message.destinations.entries()) {
      destinations[message.firstLink - firstLink + index] = url;
      numbers[message.firstLink - firstLink + index] = message.number;
    }
  }
  await insertLinkRange(transaction, { listId, firstLink, destinations, numbers, createdMs: nowMs });
}

type LinkedMessage = OutboundMessage & { readonly firstLink: number };

function isLinked(message: OutboundMessage): message is LinkedMessage {
  return message.firstLink !== null && message.destinations.length > 0;
}

function countMoves({ live, refused }: Verdicts, moved: ReadonlySet<number>): Map<number, number> {
  const moves = new Map<number, number>();
  const add = (message: OutboundMessage, state: number): void => {
    if (message.hasRow && !moved.has(message.number)) return;
    moves.set(state, (moves.get(state) ?? 0) + 1);
    if (message.hasRow) moves.set(message.waitedAs, (moves.get(message.waitedAs) ?? 0) - 1);
  };
  for (const message of live) add(message, S.submitting);
  for (const { message, outcome } of refused) add(message, S[outcome.state]);
  return moves;
}
