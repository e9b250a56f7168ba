import { SECOND_MS, type Clock } from '../../lib/clock.ts';
import type { CredentialField } from '../../lib/credentials.ts';
import { countSegments } from '../../lib/segments.ts';
import type {
  Carrier,
  CarrierConnection,
  CarrierEvents,
  CarrierList,
  CarrierReport,
  LookUpResult,
  SubmitMessage,
  SubmitOutcome,
} from '../carrier.ts';
import { planFor, toProfile, type Plan, type Profile } from './behaviour.ts';
import { createDueEmitter, type DueEmitter } from './due-emitter.ts';
import { carrierIdsOf, currentReport, dueTimes } from './receipts.ts';
import { createSimulatorEventHub, type SimulatorEvent, type SimulatorEventHub } from './simulator-events.ts';
import type { NewSubmit, RecordedSubmit, SimulatedMessage, SimulatorStore } from './simulator-store.ts';

export interface SimulatorCarrierOptions {
  /** Stays the caller's: dispose the carrier first, then the store. */
  readonly store: SimulatorStore;
  readonly clock: Clock;
  /** Takes receipts and replies; durable when it resolves. Called again later when it rejects. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  /** How long a submit without answer is awaited before it is in doubt. Default 20,000. */
  readonly answerTimeoutMs?: number;
  /** Multiplies every delay and time limit; 1 is real time. */
  readonly timeScale?: number;
}

/** The simulated carrier and what its own interface needs. */
export interface SimulatorCarrier extends Carrier, AsyncDisposable {
  readonly store: SimulatorStore;
  /** A text written on a handset. Resolves when it is kept; it reaches `onEvents` at once or when that works again. */
  receiveFromHandset(text: HandsetText): Promise<SimulatedMessage>;
  /** Tells events of somebody else's making; rejects when `onEvents` does. */
  inject(events: CarrierEvents): Promise<void>;
  /** What the carrier knows of a message now. */
  reportOf(message: SimulatedMessage): CarrierReport;
  subscribe(listener: (event: SimulatorEvent) => void): () => void;
}

export interface HandsetText {
  readonly listId: number;
  /** The handset's number. */
  readonly from: string;
  /** The list's number. */
  readonly to: string;
  readonly body: string;
}

export const SIMULATOR_CREDENTIALS: readonly CredentialField[] = [
  { name: 'profile', required: false, kind: 'text', oneOf: ['instant', 'slow', 'lossy'] },
];

interface Context {
  readonly store: SimulatorStore;
  readonly clock: Clock;
  readonly timeScale: number;
  readonly answerTimeoutMs: number;
  readonly emitter: DueEmitter;
  readonly hub: SimulatorEventHub;
}

/** A carrier inside the installation: behaviour by the recipient's last four digits, every message kept on disk. */
export function createSimulatorCarrier(options: SimulatorCarrierOptions): SimulatorCarrier {
  const { store, clock, onEvents, timeScale = 1, answerTimeoutMs = 20 * SECOND_MS } = options;
  const hub = createSimulatorEventHub();
  const emitter = createDueEmitter({ store, clock, timeScale, hub, onEvents });
  const context: Context = { store, clock, timeScale, answerTimeoutMs, emitter, hub };
  emitter.schedule();
  return {
    type: 'simulator',
    deduplicatesOwnId: true,
    isSimulated: true,
    credentials: SIMULATOR_CREDENTIALS,
    // Its own interface takes them.
    callbacks: null,
    store,
    connect: (list) => connect(context, list),
    receiveFromHandset: (text) => receiveFromHandset(context, text),
    inject: onEvents,
    reportOf: (message) => currentReport(message, clock(), timeScale),
    subscribe: (listener) => hub.subscribe(listener),
    [Symbol.asyncDispose]: () => emitter[Symbol.asyncDispose](),
  };
}

function connect(context: Context, list: CarrierList): CarrierConnection {
  const closing = new AbortController();
  const profile = toProfile(list.credentials['profile']);
  return {
    submit: (messages, settle, signal) =>
      submit(context, list.id, profile, messages, settle, AbortSignal.any([signal, closing.signal])),
    lookUp: (message) => Promise.resolve(lookUp(context, message)),
    [Symbol.asyncDispose]() {
      closing.abort();
      return Promise.resolve();
    },
  };
}

type Settle = (index: number, outcome: SubmitOutcome) => void;

/** Nothing was written: the submit may go again. */
const NOT_SENT: SubmitOutcome = {
  kind: 'retry',
  detail: 'CARRIER_UNAVAILABLE',
  code: null,
  connectionFailed: false,
};
const CONNECTION_REFUSED: SubmitOutcome = { ...NOT_SENT, code: 'ECONNREFUSED', connectionFailed: true };
const THROTTLED: SubmitOutcome = { kind: 'retry', detail: 'THROTTLED', code: '429', connectionFailed: false };
const TIMED_OUT: SubmitOutcome = { kind: 'in_doubt', code: 'timeout' };

async function submit(
  context: Context,
  listId: number,
  profile: Profile,
  messages: readonly SubmitMessage[],
  settle: Settle,
  signal: AbortSignal,
): Promise<void> {
  if (messages.length === 0) return;
  if (signal.aborted) return messages.forEach((_, index) => settle(index, NOT_SENT));
  const nowMs = context.clock();
  const plans = messages.map((message) => planFor(message.to, message.id, profile));
  const recorded = await record(context, listId, profile, messages, plans, nowMs);
  if (recorded === null) return messages.forEach((_, index) => settle(index, CONNECTION_REFUSED));
  publishTaken(context.hub, recorded);
  context.emitter.schedule();
  await answerAll(context, plans, recorded, settle, signal);
}

/** null: the store could not keep them, so nothing was taken. */
async function record(
  { store, timeScale }: Context,
  listId: number,
  profile: Profile,
  messages: readonly SubmitMessage[],
  plans: readonly Plan[],
  nowMs: number,
): Promise<readonly RecordedSubmit[] | null> {
  const submits = messages.map((message, index): NewSubmit => {
    const plan = plans[index] ?? planFor(message.to, message.id, profile);
    return {
      messageId: message.id,
      listId,
      profile,
      from: message.from,
      to: message.to,
      body: message.body,
      encoding: message.encoding,
      parts: Math.max(1, message.segments),
      taken: plan.taken,
      gate: plan.gate,
      dueAtMs: dueTimes(plan, nowMs, timeScale),
    };
  });
  try {
    return await store.recordSubmits(submits, nowMs, timeScale);
  } catch {
    return null;
  }
}

function publishTaken(hub: SimulatorEventHub, recorded: readonly RecordedSubmit[]): void {
  if (!hub.isWatched()) return;
  for (const row of recorded) {
    if (row.kind === 'recorded' && !row.repeated && row.message.direction === 'in')
      hub.publish({ type: 'message', message: row.message });
  }
}

/** Answers that come at the same moment share one timer; nobody waits for another message's answer. */
async function answerAll(
  context: Context,
  plans: readonly Plan[],
  recorded: readonly RecordedSubmit[],
  settle: Settle,
  signal: AbortSignal,
): Promise<void> {
  const later = new Map<number, { index: number; outcome: SubmitOutcome }[]>();
  const afterReceipt: number[] = [];
  recorded.forEach((row, index) => {
    const plan = plans[index];
    const outcome = toOutcome(row, plan);
    if (isAnsweredAfterReceipt(row, plan)) return void afterReceipt.push(index);
    const delayMs = outcome === TIMED_OUT ? context.answerTimeoutMs : (plan?.answerDelayMs ?? 0);
    if (delayMs === 0) return settle(index, outcome);
    const group = later.get(delayMs);
    if (group === undefined) later.set(delayMs, [{ index, outcome }]);
    else group.push({ index, outcome });
  });
  await Promise.all([
    ...[...later].map(async ([delayMs, group]) => {
      // A message without answer gains nothing from waiting once we are asked to stop; a slow answer does come.
      const stop = group[0]?.outcome === TIMED_OUT ? signal : undefined;
      await waitFor(delayMs * context.timeScale, stop);
      for (const { index, outcome } of group) settle(index, outcome);
    }),
    answerAfterReceipts(context, afterReceipt, recorded, settle),
  ]);
}

function isAnsweredAfterReceipt(row: RecordedSubmit, plan: Plan | undefined): boolean {
  return row.kind === 'recorded' && !row.repeated && plan?.answer.kind === 'accepted_after_receipt';
}

async function answerAfterReceipts(
  { emitter }: Context,
  indexes: readonly number[],
  recorded: readonly RecordedSubmit[],
  settle: Settle,
): Promise<void> {
  if (indexes.length === 0) return;
  await emitter.emitDue();
  for (const index of indexes) {
    const row = recorded[index];
    settle(index, row?.kind === 'recorded' ? accepted(row.message, true) : TIMED_OUT);
  }
}

function toOutcome(row: RecordedSubmit, plan: Plan | undefined): SubmitOutcome {
  if (plan === undefined) return TIMED_OUT;
  if (row.kind === 'gated') return plan.gate?.kind === 'throttle' ? THROTTLED : CONNECTION_REFUSED;
  const echoesOwnId = plan.answer.kind !== 'accepted' || plan.answer.echoesOwnId;
  // The own id was used before and its message taken: a carrier that de-duplicates proves the acceptance.
  if (row.repeated && row.message.direction === 'in') return accepted(row.message, echoesOwnId);
  if (plan.answer.kind === 'refused') {
    return { kind: 'refused', detail: plan.answer.detail, permanent: true, code: null };
  }
  if (plan.answer.kind === 'no_answer') return TIMED_OUT;
  if (plan.answer.kind === 'server_error') return { kind: 'in_doubt', code: '500' };
  return accepted(row.message, echoesOwnId);
}

function accepted(message: SimulatedMessage, echoesOwnId: boolean): SubmitOutcome {
  return { kind: 'accepted', carrierIds: carrierIdsOf(message), detail: 'PENDING', echoesOwnId };
}

/** Resolves after `delayMs`, or at once when `signal` aborts. */
function waitFor(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, delayMs);
    function finish(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    }
    if (signal?.aborted === true) finish();
    else signal?.addEventListener('abort', finish, { once: true });
  });
}

function lookUp({ store, clock, timeScale }: Context, message: SubmitMessage): LookUpResult {
  const found = store.messageByOwnId(message.id);
  if (found === undefined || found.direction !== 'in') return { kind: 'absent' };
  return { kind: 'found', report: currentReport(found, clock(), timeScale), carrierIds: carrierIdsOf(found) };
}

async function receiveFromHandset(
  { store, clock, emitter, hub }: Context,
  text: HandsetText,
): Promise<SimulatedMessage> {
  const { encoding, segments } = countSegments(text.body);
  const [message] = await store.recordTexts([{ ...text, encoding, parts: Math.max(1, segments) }], clock());
  if (message === undefined) throw new Error('The simulator store kept no text');
  hub.publish({ type: 'message', message });
  void emitter.emitDue();
  return message;
}
