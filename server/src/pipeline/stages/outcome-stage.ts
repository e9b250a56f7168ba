import type { SubmitOutcome } from '../../carriers/carrier.ts';
import { retryDelayMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { takeBackSends } from '../../store/contact-activity-store.ts';
import type { MessageEvents, MessageNews } from '../../messages/message-events.ts';
import { deleteInDoubt, insertInDoubt } from '../../store/in-doubt-store.ts';
import {
  insertMessageEvents,
  updateOutcomes,
  updateSent,
  type OutcomeRow,
  type SentMessage,
} from '../../store/message-progress-store.ts';
import type { NumberBlocks } from '../../store/number-blocks.ts';
import { insertNamedBatch } from '../../store/outbound-batch-store.ts';
import type { Pool } from '../../store/pool.ts';
import { holdSubmission, type Submission } from '../../store/submission-store.ts';
import { withTransaction, type Transaction } from '../../store/transaction.ts';
import { conclude, type ContactEffects, findFailures } from '../contact-effects.ts';
import { hasFlag } from '../flags.ts';
import { laneOf } from '../lane-of.ts';
import { MESSAGE_STATES as S } from '../message-state.ts';
import type { OutboundMessage } from '../outbound-message.ts';
import { lockIds, registerIds, type TakenMessage } from '../register-ids.ts';
import { FIRST_LOOK_UP_MS } from './settle-stage.ts';

/** A message and what its carrier answered. */
export interface Settled {
  readonly message: OutboundMessage;
  readonly outcome: SubmitOutcome;
}

export interface OutcomeStageDeps {
  readonly pool: Pool;
  readonly numbers: NumberBlocks;
  readonly messageEvents: MessageEvents;
  readonly contactEffects: ContactEffects;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface Outcomes {
  readonly submission: Submission;
  readonly settled: readonly Settled[];
  /** No more answers of this submission will come. */
  readonly done: boolean;
}

/** What follows from recorded outcomes, after the commit. */
export interface Recorded {
  /** Earliest time that one of the messages may be tried again. */
  readonly retryAtMs: number | null;
}

/**
 * Writes a group of carrier answers in one transaction: states, carrier ids, parts, doubts, and the next try of those
 * that were definitely not taken. Reports that had come before the answer and match it now are applied with it.
 *
 * When the mark was taken over, its messages are in doubt. An answer that came too late for the mark still is what the
 * carrier said to the one submit that they had, so it ends their doubt; what a receipt or a look-up has ended stays.
 */
export async function recordOutcomes(deps: OutcomeStageDeps, outcomes: Outcomes): Promise<Recorded> {
  return await withTransaction(deps.pool, async (transaction) => {
    const { submission, done } = outcomes;
    const held = await holdSubmission(transaction, submission, done);
    const from = held ? S.submitting : S.in_doubt;
    const settled = held ? outcomes.settled : outcomes.settled.filter(({ outcome }) => outcome.kind !== 'in_doubt');
    if (settled.length === 0) return { retryAtMs: null };
    const nowMs = deps.clock();
    const { listId } = submission;
    const taken = takenOf(settled);
    await lockIds(transaction, listId, taken);
    const sent = await recordSent(transaction, listId, settled, from, nowMs);
    const rows = sent.others.map(({ message, outcome }) => toOutcomeRow(message, outcome, nowMs));
    const changed = await updateOutcomes(transaction, listId, rows, from, nowMs);
    const moved = sent.others.filter(({ message }) => changed.has(message.number));
    if (!held) await endDoubts(transaction, listId, [...sent.moved, ...moved], nowMs);
    const news = { sent: sent.moved, rows: rows.filter(({ number }) => changed.has(number)), settled };
    await deps.messageEvents.tell(transaction, listId, () => newsOf(news, from, nowMs));
    const unparked = await registerIds(transaction, { ...deps, listId, nowMs }, taken);
    await recordDoubts(transaction, listId, moved, nowMs);
    const refused = moved.filter(
      ({ message, outcome }) => outcome.kind === 'refused' && !hasFlag(message.flags, 'simulated'),
    );
    await takeBackSends(
      transaction,
      listId,
      refused.map(({ message }) => message.phone),
    );
    const retryAtMs = await scheduleRetries(transaction, deps, outcomes, moved, nowMs);
    const moves = addMoves(countMoves(from, sent.moved.length, rows, changed), unparked.moves);
    const failures = [...findFailures(news.rows), ...unparked.failures];
    await conclude(transaction, deps.contactEffects, [{ listId, moves, failures }], nowMs);
    return { retryAtMs };
  });
}

interface Sent {
  /** Were taken and are `sent` now. */
  readonly moved: readonly Settled[];
  /** Answers that need a closer look: other ones, and those to messages that are not in `from` any more. */
  readonly others: readonly Settled[];
}

/** Records the answers that nearly all messages get: taken, with the same word. */
async function recordSent(
  transaction: Transaction,
  listId: number,
  settled: readonly Settled[],
  from: number,
  nowMs: number,
): Promise<Sent> {
  const plain: Settled[] = [];
  const rows: SentMessage[] = [];
  const others: Settled[] = [];
  let detail: string | null | undefined;
  for (const one of settled) {
    const { message, outcome } = one;
    if (outcome.kind === 'accepted' && outcome.detail === (detail ??= outcome.detail)) {
      plain.push(one);
      rows.push({ number: message.number, carrierIds: outcome.carrierIds, triesBefore: message.attempt });
    } else others.push(one);
  }
  const move = { from, to: S.sent, detail: detail ?? null };
  const left = new Set(await updateSent(transaction, listId, rows, move, nowMs));
  if (left.size === 0) return { moved: plain, others };
  const isLeft = ({ message }: Settled): boolean => left.has(message.number);
  return { moved: plain.filter((one) => !isLeft(one)), others: [...others, ...plain.filter(isLeft)] };
}

interface Written {
  /** Taken, with the same word. */
  readonly sent: readonly Settled[];
  /** Of the others those that were written. */
  readonly rows: readonly OutcomeRow[];
  readonly settled: readonly Settled[];
}

/** Tries that are repeated are no news. */
function newsOf({ sent, rows, settled }: Written, from: number, nowMs: number): MessageNews {
  const taken = rows.filter(({ state }) => state === S.sent);
  const ended = rows.filter(({ state }) => state !== from && (state === S.failed || state === S.in_doubt));
  return {
    sent: [...sent.map(({ message }) => message), ...taken].map(({ number }) => ({ number, atMs: nowMs })),
    changed: ended.map(({ number, state, detail }) => ({ number, state, detail, atMs: nowMs })),
    facts: settled.map(({ message }) => message),
  };
}

function toOutcomeRow(message: OutboundMessage, outcome: SubmitOutcome, nowMs: number): OutcomeRow {
  const base = {
    number: message.number,
    detail: null,
    permanent: null,
    carrierCode: null,
    carrierIds: null,
    sentMs: null,
    finalMs: null,
    triesBefore: message.attempt,
    triesAfter: message.attempt,
  };
  switch (outcome.kind) {
    case 'accepted':
      return { ...base, state: S.sent, detail: outcome.detail, carrierIds: outcome.carrierIds, sentMs: nowMs };
    case 'refused':
      return {
        ...base,
        state: S.failed,
        detail: outcome.detail,
        permanent: outcome.permanent,
        carrierCode: outcome.code,
        finalMs: nowMs,
      };
    case 'retry':
      return {
        ...base,
        state: S.queued,
        detail: outcome.detail,
        carrierCode: outcome.code,
        triesAfter: message.attempt + 1,
      };
    case 'in_doubt':
      return {
        ...base,
        state: S.in_doubt,
        detail: 'in_doubt',
        carrierCode: outcome.code,
        carrierIds: outcome.carrierIds ?? null,
      };
    default:
      return outcome satisfies never;
  }
}

/** Messages whose carrier ids have to be kept beside the message itself. */
function takenOf(settled: readonly Settled[]): TakenMessage[] {
  const taken: TakenMessage[] = [];
  for (const { message, outcome } of settled) {
    if (outcome.kind === 'in_doubt' && outcome.carrierIds !== undefined) {
      taken.push({ number: message.number, carrierIds: outcome.carrierIds, echoesOwnId: false });
    }
    if (outcome.kind !== 'accepted' || (outcome.echoesOwnId && outcome.carrierIds.length === 1)) continue;
    taken.push({ number: message.number, carrierIds: outcome.carrierIds, echoesOwnId: outcome.echoesOwnId });
  }
  return taken;
}

async function recordDoubts(
  transaction: Transaction,
  listId: number,
  moved: readonly Settled[],
  nowMs: number,
): Promise<void> {
  const doubtful = moved.filter(({ outcome }) => outcome.kind === 'in_doubt').map(({ message }) => message.number);
  if (doubtful.length === 0) return;
  await insertInDoubt(transaction, listId, doubtful, nowMs, nowMs + FIRST_LOOK_UP_MS);
  const events = doubtful.map((number) => ({ number, state: S.in_doubt, detail: 'in_doubt' }));
  await insertMessageEvents(transaction, listId, events, nowMs);
}

async function endDoubts(
  transaction: Transaction,
  listId: number,
  moved: readonly Settled[],
  nowMs: number,
): Promise<void> {
  const numbers = moved.map(({ message }) => message.number);
  await deleteInDoubt(transaction, listId, numbers);
  const events: { number: number; state: number; detail: string | null }[] = [];
  for (const { message, outcome } of moved) {
    if (outcome.kind !== 'accepted') continue;
    events.push({ number: message.number, state: S.sent, detail: outcome.detail });
  }
  await insertMessageEvents(transaction, listId, events, nowMs);
}

/** Puts messages that were definitely not taken back into the queue, those with as many tries behind them together. */
async function scheduleRetries(
  transaction: Transaction,
  { numbers, random }: OutcomeStageDeps,
  { submission }: Outcomes,
  moved: readonly Settled[],
  nowMs: number,
): Promise<number | null> {
  const groups = new Map<string, OutboundMessage[]>();
  for (const { message, outcome } of moved) {
    if (outcome.kind !== 'retry') continue;
    const key = `${message.attempt} ${message.source} ${laneOf(message)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [message]);
    else group.push(message);
  }
  let earliestMs: number | null = null;
  for (const group of groups.values()) {
    const first = group[0];
    if (first === undefined) continue;
    const dueMs = nowMs + retryDelayMs(first.attempt + 1, random);
    earliestMs = Math.min(earliestMs ?? dueMs, dueMs);
    await insertNamedBatch(transaction, {
      listId: submission.listId,
      batchId: await numbers.take(1),
      lane: laneOf(first),
      source: first.source,
      simulated: hasFlag(first.flags, 'simulated'),
      createdMs: nowMs,
      dueMs,
      numbers: group.map((message) => message.number),
    });
    const events = group.map((message) => ({ number: message.number, state: S.queued, detail: 'retry' }));
    await insertMessageEvents(transaction, submission.listId, events, nowMs);
  }
  return earliestMs;
}

function addMoves(moves: Map<number, number>, more: ReadonlyMap<number, number>): Map<number, number> {
  for (const [state, count] of more) moves.set(state, (moves.get(state) ?? 0) + count);
  return moves;
}

function countMoves(
  from: number,
  sent: number,
  rows: readonly OutcomeRow[],
  changed: ReadonlySet<number>,
): Map<number, number> {
  const moves = new Map<number, number>([
    [from, -sent - changed.size],
    [S.sent, sent],
  ]);
  for (const row of rows) {
    if (changed.has(row.number)) moves.set(row.state, (moves.get(row.state) ?? 0) + 1);
  }
  return moves;
}
