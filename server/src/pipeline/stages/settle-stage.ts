import type { CarrierConnection, CarrierEvents, CarrierReport, LookUpResult } from '../../carriers/carrier.ts';
import type { List } from '../../accounts/directory-types.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type Clock } from '../../lib/clock.ts';
import { numberToPhone } from '../../lib/e164.ts';
import type { IdCodec } from '../../lib/public-id.ts';
import { takeBackSends } from '../../store/contact-activity-store.ts';
import { findRecipientReports, lockCarrierRefs } from '../../store/carrier-ref-store.ts';
import {
  findOpenMessages,
  deleteInDoubt,
  postponeDoubts,
  takeDueDoubts,
  insertInDoubt,
  type Doubt,
} from '../../store/in-doubt-store.ts';
import { moveCounts } from '../../store/message-count-store.ts';
import { countAttempts, insertMessageEvents, moveState, saveCarrierIds } from '../../store/message-progress-store.ts';
import type { MessageEvents } from '../../messages/message-events.ts';
import type { NumberBlocks } from '../../store/number-blocks.ts';
import { insertNamedBatch } from '../../store/outbound-batch-store.ts';
import type { Pool } from '../../store/pool.ts';
import { takeExpiredSubmissions } from '../../store/submission-store.ts';
import { withTransaction, type Transaction } from '../../store/transaction.ts';
import { LANES } from '../batch.ts';
import { toEncoding } from '../encoding-code.ts';
import { FLAGS, hasFlag } from '../flags.ts';
import { matchReceipts } from '../match-receipts.ts';
import { MESSAGE_STATES as S } from '../message-state.ts';
import type { ApplyScope } from '../apply-reports.ts';
import { conclude, type ContactEffects, moveBooks, type Moved } from '../contact-effects.ts';
import { lockIds, registerIds, type TakenMessage } from '../register-ids.ts';

/** When the carrier is asked, counted from the beginning of the doubt. */
export const FIRST_LOOK_UP_MS = 30 * SECOND_MS;
const LOOK_UPS_MS = [FIRST_LOOK_UP_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS] as const;
/** A complete search proves absence only when the doubt is this old. */
const PROOF_OF_ABSENCE_MS = 10 * MINUTE_MS;
/** Then nobody will ever know. */
const GIVE_UP_MS = 72 * HOUR_MS;
const MAX_DOUBTS = 200;

export interface SettleDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly numbers: NumberBlocks;
  readonly ids: IdCodec;
  readonly messageEvents: MessageEvents;
  readonly contactEffects: ContactEffects;
  readonly listOf: (listId: number) => List | undefined;
  readonly connectionOf: (list: List) => CarrierConnection | undefined;
  /** The carrier knows a repeated own id, so that a second submit cannot send twice. */
  readonly deduplicates: (list: List) => boolean;
  /** Stores what a look-up found like any other report. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  readonly onRequeued: (listId: number) => void;
}

/**
 * Turns the marks of dead workers into doubts: their messages may or may not be on the wire, and are never submitted
 * again on that ground alone. Returns how many messages that were.
 */
export async function recoverSubmissions(deps: Pick<SettleDeps, 'pool' | 'clock' | 'messageEvents'>): Promise<number> {
  const { pool, clock, messageEvents } = deps;
  return await withTransaction(pool, async (transaction) => {
    const nowMs = clock();
    const byList = new Map<number, number[]>();
    for (const { listId, numbers } of await takeExpiredSubmissions(transaction, nowMs, 100)) {
      byList.set(listId, [...(byList.get(listId) ?? []), ...numbers]);
    }
    // In order, and the books of all of them last, as everywhere.
    const inOrder = [...byList].sort((a, b) => a[0] - b[0]);
    const moved: Moved[] = [];
    let count = 0;
    for (const [listId, numbers] of inOrder) {
      const doubtful = (await doubt(transaction, { listId, messageEvents, nowMs }, numbers)).length;
      const moves = new Map([
        [S.submitting, -doubtful],
        [S.in_doubt, doubtful],
      ]);
      moved.push({ listId, moves, failures: [] });
      count += doubtful;
    }
    await moveBooks(transaction, moved);
    return count;
  });
}

async function doubt(
  transaction: Transaction,
  { listId, messageEvents, nowMs }: ApplyScope,
  numbers: readonly number[],
): Promise<number[]> {
  const move = { from: S.submitting, to: S.in_doubt, detail: 'in_doubt', finalMs: null };
  const moved = await moveState(transaction, listId, numbers, move, nowMs);
  await insertInDoubt(transaction, listId, moved, nowMs, nowMs + FIRST_LOOK_UP_MS);
  const events = moved.map((number) => ({ number, state: S.in_doubt, detail: 'in_doubt' }));
  await insertMessageEvents(transaction, listId, events, nowMs);
  await messageEvents.tell(transaction, listId, () => ({
    changed: events.map((event) => ({ ...event, atMs: nowMs })),
  }));
  return moved;
}

/** Asks carriers about the doubts whose time has come. Returns how many were asked about. */
export async function settleDoubts(deps: SettleDeps): Promise<number> {
  const nowMs = deps.clock();
  const due = await takeDueDoubts(deps.pool, nowMs, nowMs + MINUTE_MS, MAX_DOUBTS);
  for (const [listId, doubts] of groupByList(due)) {
    await settleList(deps, listId, doubts, nowMs);
  }
  return due.length;
}

function groupByList(doubts: readonly Doubt[]): Map<number, Doubt[]> {
  const groups = new Map<number, Doubt[]>();
  for (const item of doubts) {
    const group = groups.get(item.listId);
    if (group === undefined) groups.set(item.listId, [item]);
    else group.push(item);
  }
  return groups;
}

async function settleList(deps: SettleDeps, listId: number, doubts: readonly Doubt[], nowMs: number): Promise<void> {
  const list = deps.listOf(listId);
  const over = doubts.filter((item) => nowMs - item.sinceMs >= GIVE_UP_MS);
  await end(deps, listId, over, { to: S.unknown, detail: 'unknown', isFinal: false });
  const open = doubts.filter((item) => nowMs - item.sinceMs < GIVE_UP_MS);
  const resubmit = open.filter((item) => mayResubmit(deps, list, item));
  await requeue(deps, listId, resubmit);
  const told = await learnFromReceipts(
    deps,
    listId,
    open.filter((item) => !resubmit.includes(item)),
  );
  const asked = open.filter((item) => !resubmit.includes(item) && !told.has(item.number));
  const answers = await Promise.all(asked.map((item) => lookUp(deps, list, item)));
  const absent = asked.filter(
    (item, index) => answers[index]?.kind === 'absent' && nowMs - item.sinceMs >= PROOF_OF_ABSENCE_MS,
  );
  const again = absent.filter((item) => list !== undefined && mayGoAgain(list, item, nowMs));
  await requeue(deps, listId, again);
  await end(
    deps,
    listId,
    absent.filter((item) => !again.includes(item)),
    { to: S.failed, detail: 'NOT_ACCEPTED', isFinal: true },
  );
  await keepFound(deps, listId, asked, answers);
  const waiting = asked.filter((item) => !absent.includes(item));
  await postponeDoubts(
    deps.pool,
    listId,
    waiting.map((item) => item.number),
    waiting.map(nextLookUpMs),
  );
}

/** Doubts that a receipt with an unknown id can only be about: the id is theirs, and the receipt ends the doubt. */
async function learnFromReceipts(
  { pool, clock, messageEvents, contactEffects }: SettleDeps,
  listId: number,
  doubts: readonly Doubt[],
): Promise<ReadonlyMap<number, string>> {
  if (doubts.length === 0) return new Map();
  const phones = [...new Set(doubts.map(({ phone }) => phone))];
  return await withTransaction(pool, async (transaction) => {
    await lockCarrierRefs(transaction, listId);
    const reports = await findRecipientReports(transaction, listId, phones);
    if (reports.length === 0) return new Map();
    const states = [S.in_doubt, S.submitting, S.sent];
    const matched = matchReceipts(await findOpenMessages(transaction, listId, phones, states), reports);
    if (matched.size === 0) return matched;
    const taken = [...matched].map(([number, id]) => ({ number, carrierIds: [id], echoesOwnId: false }));
    const nowMs = clock();
    await saveCarrierIds(transaction, listId, taken, nowMs);
    const moved = await registerIds(transaction, { listId, messageEvents, nowMs }, taken);
    await conclude(transaction, contactEffects, [moved], nowMs);
    return matched;
  });
}

/** What the carrier has: its ids now, because later receipts may carry nothing else; its state like any other report. */
async function keepFound(
  { pool, clock, onEvents, messageEvents, contactEffects }: SettleDeps,
  listId: number,
  asked: readonly Doubt[],
  answers: readonly LookUpResult[],
): Promise<void> {
  const taken: TakenMessage[] = [];
  const reports: CarrierReport[] = [];
  for (const [index, { number }] of asked.entries()) {
    const answer = answers[index];
    if (answer?.kind !== 'found') continue;
    taken.push({ number, carrierIds: answer.carrierIds, echoesOwnId: false });
    reports.push(answer.report);
  }
  if (taken.length === 0) return;
  const nowMs = clock();
  await withTransaction(pool, async (transaction) => {
    await lockIds(transaction, listId, taken);
    await saveCarrierIds(transaction, listId, taken, nowMs);
    const moved = await registerIds(transaction, { listId, messageEvents, nowMs }, taken);
    await conclude(transaction, contactEffects, [moved], nowMs);
  });
  await onEvents({ listId, reports, inbound: [] });
}

/** The schedule's next time, then the end of the doubt. */
function nextLookUpMs(item: Doubt): number {
  const afterMs = LOOK_UPS_MS[item.checks + 1];
  return item.sinceMs + (afterMs ?? GIVE_UP_MS);
}

/**
 * Only where an operator asked for it and the carrier refuses a repeated id, and once. Messages of the sandbox never
 * left, so they may go again.
 */
function mayResubmit(deps: SettleDeps, list: List | undefined, item: Doubt): boolean {
  if (hasFlag(item.flags, 'simulated')) return true;
  if (list === undefined || !list.settings.inDoubtResubmit || !deps.deduplicates(list)) return false;
  return item.lane === LANES.transactional && item.checks === 0 && item.attempt === 0;
}

/** Certainly absent: one that was asked for may go again while it is not stale; marketing never. */
function mayGoAgain(list: List, item: Doubt, nowMs: number): boolean {
  const sinceMs = Math.max(item.createdMs, item.sendAtMs ?? 0);
  return item.lane === LANES.transactional && nowMs - sinceMs <= list.settings.staleMinutes * MINUTE_MS;
}

async function lookUp(deps: SettleDeps, list: List | undefined, item: Doubt): Promise<LookUpResult> {
  const connection = list === undefined ? undefined : deps.connectionOf(list);
  if (list === undefined || connection?.lookUp === undefined) return { kind: 'unknown' };
  const message = {
    id: deps.ids.encode(item.number),
    from: list.number,
    to: numberToPhone(item.phone),
    body: item.text,
    encoding: toEncoding(item.encoding),
    segments: item.segments,
    lane: item.lane === LANES.marketing ? ('marketing' as const) : ('transactional' as const),
    validityMinutes: list.settings.validityMinutes,
  };
  try {
    return await connection.lookUp(message, item.submittedMs ?? item.sinceMs);
  } catch {
    return { kind: 'unknown' };
  }
}

interface End {
  readonly to: number;
  readonly detail: string;
  readonly isFinal: boolean;
}

async function end(
  deps: SettleDeps,
  listId: number,
  doubts: readonly Doubt[],
  { to, detail, isFinal }: End,
): Promise<void> {
  if (doubts.length === 0) return;
  const nowMs = deps.clock();
  await withTransaction(deps.pool, async (transaction) => {
    const numbers = doubts.map((item) => item.number);
    const move = { from: S.in_doubt, to, detail, finalMs: isFinal ? nowMs : null };
    const moved = await moveState(transaction, listId, numbers, move, nowMs);
    await deleteInDoubt(transaction, listId, numbers);
    const events = isFinal ? [] : moved.map((number) => ({ number, state: to, detail }));
    await insertMessageEvents(transaction, listId, events, nowMs);
    if (isFinal) await takeBackSends(transaction, listId, phonesOf(doubts, moved));
    await deps.messageEvents.tell(transaction, listId, () => ({
      changed: moved.map((number) => ({ number, state: to, detail, atMs: nowMs })),
      facts: doubts,
    }));
    await moveCounts(
      transaction,
      listId,
      new Map([
        [S.in_doubt, -moved.length],
        [to, moved.length],
      ]),
    );
  });
}

/** Recipients that were counted as written to and were not. */
function phonesOf(doubts: readonly Doubt[], numbers: readonly number[]): number[] {
  const moved = new Set(numbers);
  return doubts
    .filter(({ number, flags }) => moved.has(number) && !hasFlag(flags, 'simulated'))
    .map(({ phone }) => phone);
}

/** Messages of the sandbox and those without a rate have a lane of their own. */
async function requeue(deps: SettleDeps, listId: number, doubts: readonly Doubt[]): Promise<void> {
  if (doubts.length === 0) return;
  for (const flags of [0, FLAGS.skip_rate_limit, FLAGS.simulated, FLAGS.simulated | FLAGS.skip_rate_limit]) {
    const alike = doubts.filter((item) => (item.flags & (FLAGS.simulated | FLAGS.skip_rate_limit)) === flags);
    if (alike.length > 0) await requeueAlike(deps, listId, alike);
  }
  deps.onRequeued(listId);
}

async function requeueAlike(deps: SettleDeps, listId: number, doubts: readonly Doubt[]): Promise<void> {
  const { flags = 0, source = 0 } = doubts[0] ?? {};
  const simulated = hasFlag(flags, 'simulated');
  const lane = simulated || hasFlag(flags, 'skip_rate_limit') ? LANES.express : LANES.transactional;
  const nowMs = deps.clock();
  const batchId = await deps.numbers.take(1);
  await withTransaction(deps.pool, async (transaction) => {
    const numbers = doubts.map((item) => item.number);
    const move = { from: S.in_doubt, to: S.queued, detail: null, finalMs: null };
    const moved = await moveState(transaction, listId, numbers, move, nowMs);
    await deleteInDoubt(transaction, listId, numbers);
    if (moved.length === 0) return;
    await countAttempts(transaction, listId, moved);
    const batch = { listId, batchId, lane, source, simulated, createdMs: nowMs, dueMs: nowMs };
    await insertNamedBatch(transaction, { ...batch, numbers: moved });
    const events = moved.map((number) => ({ number, state: S.queued, detail: 'requeued' }));
    await insertMessageEvents(transaction, listId, events, nowMs);
    await moveCounts(
      transaction,
      listId,
      new Map([
        [S.in_doubt, -moved.length],
        [S.queued, moved.length],
      ]),
    );
  });
}
