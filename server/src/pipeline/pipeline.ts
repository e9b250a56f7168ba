import { setMaxListeners } from 'node:events';
import type { Account, Directory, List } from '../accounts/directory-types.ts';
import { WITHDRAWN, type CarrierConnection, type CarrierEvents } from '../carriers/carrier.ts';
import type { Look, Withdrawals } from '../contacts/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type { Log } from '../log/log.ts';
import type { CarrierHealth } from '../observe/carrier-health.ts';
import type { MessageEvents } from '../messages/message-events.ts';
import type { PipelineMetrics } from '../observe/metrics.ts';
import type { NumberBlocks } from '../store/number-blocks.ts';
import { LeaseLostError, releaseClaims } from '../store/outbound-batch-store.ts';
import type { Pool } from '../store/pool.ts';
import { renewSubmissions, type Submission } from '../store/submission-store.ts';
import { isConnectionError } from '../store/transaction.ts';
import type { Connections } from './connections.ts';
import type { ContactEffects } from './contact-effects.ts';
import { hasFlag } from './flags.ts';
import type { OutboundMessage } from './outbound-message.ts';
import { runStages, type GateBatch, type Stage } from './stage.ts';
import { createBlockedWordsStage } from './stages/blocked-words-stage.ts';
import { createDispatcher, type Claim, type Dispatcher } from './stages/dispatch-stage.ts';
import { recordOutcomes, type Recorded, type Settled } from './stages/outcome-stage.ts';
import { createQuietHoursStage } from './stages/quiet-hours-stage.ts';
import { createRecipientStage, findOptedOut } from './stages/recipient-stage.ts';
import { recordVerdicts } from './stages/record-stage.ts';
import { createRenderStage } from './stages/render-stage.ts';
import { createSenderStage } from './stages/sender-stage.ts';
import { createStaleStage } from './stages/stale-stage.ts';
import { submitMessages } from './stages/submit-stage.ts';
import { readWork } from './work.ts';

/**
 * The way of a message. Accepting (accept-stage.ts) appends it to the log; landing (land-stage.ts) moves it into
 * `outbound_batch`; dispatching (dispatch-stage.ts) claims it when its list has tokens. From there:
 *
 *   gate     the stages below: may it go, and how does it read
 *   record   verdict and submitting mark in one transaction (record-stage.ts)
 *   submit   opt-outs once more, then to the list's carrier (submit-stage.ts)
 *   outcome  the carrier's answers (outcome-stage.ts)
 *
 * and receipts come back through the event log (apply-stage.ts); doubts are settled by settle-stage.ts.
 */
export function createGate(deps: GateDeps): readonly Stage[] {
  return [
    createSenderStage(), //        1-4  account, list, status, verified
    createStaleStage(), //         7    waited too long
    createRenderStage(deps), //    8    macros, links, affixes, encoding, length
    createBlockedWordsStage(), //  9    blocked words
    createRecipientStage(deps.pool), // 10-11 opt-out, block, duplicate
    createQuietHoursStage(deps.pool, deps.directory), // 14 quiet hours and the states' rules
  ];
}

export interface GateDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'listsOf'>;
  readonly links: NumberBlocks;
  readonly linkIds: IdCodec;
}

export interface PipelineDeps {
  readonly pool: Pool;
  readonly log: Log;
  readonly directory: Directory;
  readonly connections: Connections;
  /** Where messages of sandbox keys go instead of the list's carrier. */
  readonly sandboxOf: (list: List) => CarrierConnection;
  readonly gate: readonly Stage[];
  readonly numbers: NumberBlocks;
  readonly ids: IdCodec;
  readonly messageEvents: MessageEvents;
  readonly contactEffects: ContactEffects;
  readonly clock: Clock;
  readonly random: () => number;
  readonly workerId: number;
  /** Opt-outs that are being written. */
  readonly withdrawals: Pick<Withdrawals, 'look'>;
  readonly owns: (listId: number) => boolean;
  readonly minQueueAgeMs: number;
  /** Of claims and of submitting marks. Default 60,000. */
  readonly leaseMs?: number | undefined;
  readonly metrics: PipelineMetrics;
  /** Hears how submits go; sandbox messages are none. */
  readonly health?: Pick<CarrierHealth, 'onSubmitted' | 'onAnswered' | 'onUnanswered'> | undefined;
  /** A carrier refused the credentials of the list. Called once a group of answers. */
  readonly onCredentialsRefused?: (list: List) => void;
  /** Appends carrier events to the event log; resolves when they are durable. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Leases run this long and are renewed three times in it. */
export const LEASE_MS = 60_000;
const RENEWALS_A_LEASE = 3;
const CLAIMS_AT_ONCE = 4;
const MAX_IN_FLIGHT = 3_000;
const POLL_MS = 500;

export interface Pipeline {
  readonly dispatcher: Dispatcher;
  start(): void;
  /** Stops claiming and waits for the answers that are under way; `signal` tells carriers to start nothing new. */
  stop(): Promise<void>;
}

/** The sending side of a process: claims, gates, records, submits. */
export function createPipeline(deps: PipelineDeps): Pipeline {
  const stopping = new AbortController();
  // Every submit under way listens to it.
  setMaxListeners(0, stopping.signal);
  const { leaseMs = LEASE_MS } = deps;
  const marks = new Set<number>();
  const dispatcher = createDispatcher({
    ...deps,
    leaseMs,
    concurrency: CLAIMS_AT_ONCE,
    maxInFlight: MAX_IN_FLIGHT,
    pollMs: POLL_MS,
    work: (claim, onAnswered) => workOff({ ...deps, leaseMs, marks }, claim, onAnswered, dispatcherOf, stopping.signal),
  });
  const dispatcherOf = (): Dispatcher => dispatcher;
  let renewal: NodeJS.Timeout | undefined;
  return {
    dispatcher,
    start() {
      dispatcher.start();
      renewal = setInterval(() => {
        renewSubmissions(deps.pool, deps.workerId, [...marks], deps.clock() + leaseMs).catch(deps.onError);
      }, leaseMs / RENEWALS_A_LEASE);
    },
    async stop() {
      stopping.abort();
      await dispatcher.stop();
      clearInterval(renewal);
    },
  };
}

interface WorkDeps extends PipelineDeps {
  readonly leaseMs: number;
  /** Ids of the submissions that are under way: only their marks are kept alive. */
  readonly marks: Set<number>;
}

interface WorkedOff {
  readonly sent: number;
  readonly finished: Promise<void>;
}

const NOTHING_SENT: WorkedOff = { sent: 0, finished: Promise.resolve() };

/** Takes one claim through gate, record and submit. A claim whose lease was lost, or that failed, is left to others. */
async function workOff(
  deps: WorkDeps,
  claim: Claim,
  onAnswered: (count: number) => void,
  dispatcherOf: () => Dispatcher,
  signal: AbortSignal,
): Promise<WorkedOff> {
  const { listId } = claim;
  const look = deps.withdrawals.look(listId);
  try {
    const recorded = await gateAndRecord(deps, claim);
    if (recorded === undefined) {
      look.end();
      return NOTHING_SENT;
    }
    const connection = connectionFor(deps, recorded.list, claim);
    const sent = recorded.messages.length;
    const submitting = submit(deps, { ...recorded, claim, look, connection, onAnswered, dispatcherOf, signal });
    return { sent, finished: submitting.finally(() => look.end()) };
  } catch (error) {
    look.end();
    if (error instanceof LeaseLostError) return NOTHING_SENT;
    if (claim.isLastTry && !isConnectionError(error)) return await setAside(deps, claim, error);
    const batchIds = claim.batches.map((batch) => batch.batchId);
    await releaseClaims(deps.pool, listId, deps.workerId, batchIds).catch(() => {});
    throw error;
  }
}

/** A message that cannot be processed even alone ends as failed instead of holding up its list for ever. */
async function setAside(deps: WorkDeps, claim: Claim, error: unknown): Promise<WorkedOff> {
  deps.onError(error);
  const { messages, claims } = await readWork(deps.pool, deps.ids, claim.batches, claim.limit);
  const refused = messages.map((message) => ({
    message: { ...message, metadata: null, contactData: null, segments: 0 },
    check: 'render' as const,
    outcome: { state: 'failed' as const, reason: 'REJECTED_SYSTEM_ERROR' as const },
    detail: null,
    rule: null,
  }));
  const verdicts = { listId: claim.listId, nowMs: deps.clock(), claims, live: [], refused };
  await recordVerdicts(deps, verdicts, () => 0);
  return NOTHING_SENT;
}

interface RecordedWork {
  readonly list: List;
  readonly submission: Submission;
  readonly messages: readonly OutboundMessage[];
}

async function gateAndRecord(deps: WorkDeps, claim: Claim): Promise<RecordedWork | undefined> {
  const { listId, batches, limit } = claim;
  const work = await readWork(deps.pool, deps.ids, batches, limit);
  const list = deps.directory.list(listId);
  const batch = newGateBatch(
    { listId, list, account: accountOf(deps.directory, list), nowMs: deps.clock() },
    work.messages,
  );
  await runStages(deps.gate, batch, (stage, ms) => deps.metrics.onStage(stage, ms));
  const submissionId = await deps.numbers.take(1);
  const { nowMs, live, refused, reservations } = batch;
  const verdicts = { listId, nowMs, claims: work.claims, live, refused, reservations };
  const startedMs = performance.now();
  const recorded = await recordVerdicts(deps, verdicts, () => submissionId);
  deps.metrics.onStage('record', performance.now() - startedMs);
  deps.metrics.onGated(batch.live.length, batch.refused);
  return recorded === undefined || list === undefined ? undefined : { ...recorded, list };
}

function accountOf(directory: Directory, list: List | undefined): Account | undefined {
  return list === undefined ? undefined : directory.account(list.accountId);
}

export function newGateBatch(
  facts: Pick<GateBatch, 'listId' | 'list' | 'account' | 'nowMs'>,
  messages: OutboundMessage[],
  dryRun = false,
): GateBatch {
  return { ...facts, live: messages, refused: [], reservations: [], dryRun };
}

/** A claim holds sandbox messages only or none (dispatch-stage.ts). */
function connectionFor(deps: PipelineDeps, list: List, claim: Claim): CarrierConnection {
  if (!isSandbox(claim.batches)) return deps.connections.of(list) ?? NO_CARRIER;
  return deps.sandboxOf(list);
}

function isSandbox(batches: Claim['batches']): boolean {
  return batches.some((batch) => batch.simulated);
}

/** For lists of a type that nothing here serves: their messages wait, and fail when they are stale. */
const NO_CARRIER = createRefusal({ connectionFailed: true });
/** Nothing goes out, so the messages are tried again. */
const LEASE_OVER = createRefusal({ connectionFailed: false });

function createRefusal({ connectionFailed }: { connectionFailed: boolean }): CarrierConnection {
  return {
    async submit(messages, settle) {
      for (const index of messages.keys()) {
        settle(index, { kind: 'retry', detail: 'CARRIER_UNAVAILABLE', code: null, connectionFailed });
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

interface SubmitWork extends RecordedWork {
  readonly claim: Claim;
  /** What the gate saw of opt-outs. */
  readonly look: Look;
  readonly connection: CarrierConnection;
  readonly onAnswered: (count: number) => void;
  readonly dispatcherOf: () => Dispatcher;
  readonly signal: AbortSignal;
}

/** From here on the messages may be on the wire: whatever goes wrong, they are not submitted again. */
async function submit(deps: WorkDeps, work: SubmitWork): Promise<void> {
  const { list, messages, submission, connection, claim, look, signal } = work;
  claim.breaker.admit();
  const health = isSandbox(claim.batches) ? undefined : deps.health;
  let unanswered = messages.length;
  health?.onSubmitted(list.id, unanswered);
  deps.marks.add(submission.submissionId);
  let lostAnswers = false;
  try {
    await submitMessages({
      // A process that was paused since: the mark is no longer its own, and what it still sent nobody would know of.
      connection: () => (deps.clock() < submission.leaseUntilMs ? connection : LEASE_OVER),
      list,
      messages,
      signal,
      findStopped: (marked) => findStopped(deps, list.id, marked),
      isWithdrawn: ({ phone, flags }) => !hasFlag(flags, 'skip_contact_validation') && look.isWithdrawn(phone),
      async record(settled, done) {
        const answers = settled.filter(({ outcome }) => outcome !== WITHDRAWN);
        noteConnection(claim, answers);
        unanswered -= answers.length;
        health?.onAnswered(list.id, answers);
        if (answers.some(isRefusedByCredentials)) deps.onCredentialsRefused?.(list);
        // With answers of an earlier group lost the mark stays: it runs out, and their messages are in doubt.
        const recorded = await recordWithPatience(deps, { submission, settled, done: done && !lostAnswers });
        if (recorded === GIVEN_UP) lostAnswers = true;
        deps.metrics.onAnswered(answers);
        work.onAnswered(settled.length);
        const retryAtMs = recorded === GIVEN_UP ? null : recorded.retryAtMs;
        if (retryAtMs !== null) work.dispatcherOf().wakeAt(list.id, retryAtMs);
      },
    });
  } finally {
    if (unanswered > 0) health?.onUnanswered(list.id, unanswered);
    deps.marks.delete(submission.submissionId);
  }
}

function isRefusedByCredentials({ outcome }: Settled): boolean {
  return outcome.kind === 'retry' && outcome.detail === 'REJECTED_CREDENTIALS';
}

/** While nobody can say who has opted out, nothing goes. */
async function findStopped(
  { pool, onError }: PipelineDeps,
  listId: number,
  marked: readonly OutboundMessage[],
): Promise<ReadonlySet<OutboundMessage>> {
  try {
    return await findOptedOut(pool, listId, marked);
  } catch (error) {
    onError(error);
    return new Set(marked);
  }
}

/** The sandbox says nothing about the carrier. */
function noteConnection({ breaker, batches }: Claim, settled: readonly Settled[]): void {
  if (isSandbox(batches)) return;
  for (const { outcome } of settled) {
    if (outcome.kind === 'retry' && outcome.connectionFailed) breaker.fail();
    else if (outcome.kind !== 'in_doubt') breaker.succeed();
  }
}

const GIVEN_UP = Symbol('given up');

/**
 * Tries for as long as the database is away: an answer ends the doubt of its message whenever it is recorded. One that the
 * database refuses is given up when the lease is over; then recovery takes over.
 */
async function recordWithPatience(
  deps: WorkDeps,
  outcomes: Parameters<typeof recordOutcomes>[1],
): Promise<Recorded | typeof GIVEN_UP> {
  const giveUpMs = deps.clock() + deps.leaseMs;
  for (;;) {
    const startedMs = performance.now();
    try {
      const recorded = await recordOutcomes(deps, outcomes);
      deps.metrics.onStage('outcome', performance.now() - startedMs);
      return recorded;
    } catch (error) {
      deps.onError(error);
      if (deps.clock() > giveUpMs && !isConnectionError(error)) return GIVEN_UP;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
