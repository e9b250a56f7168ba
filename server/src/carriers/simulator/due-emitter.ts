import { SECOND_MS, type Clock } from '../../lib/clock.ts';
import type { CarrierEvents, CarrierReport, InboundText } from '../carrier.ts';
import { addReports, planOf, toInboundText } from './receipts.ts';
import type { SimulatorEventHub } from './simulator-events.ts';
import type { DueGroup, NewText, SimulatedMessage, SimulatorStore } from './simulator-store.ts';

export interface DueEmitterOptions {
  readonly store: SimulatorStore;
  readonly clock: Clock;
  readonly timeScale: number;
  readonly hub: SimulatorEventHub;
  /** Durable when it resolves; a rejection makes the events come again. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
}

/** Tells receipts and replies when they are due, however the process ended before. At least once. */
export interface DueEmitter extends AsyncDisposable {
  /** Emits what is due now; resolves when it was told or put off. Never rejects. */
  emitDue(): Promise<void>;
  /** Looks at the earliest due group again; call after something new became due. */
  schedule(): void;
}

const GROUPS_A_ROUND = 32;
const RETRY_MS = SECOND_MS;

export function createDueEmitter(options: DueEmitterOptions): DueEmitter {
  const { store, clock } = options;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const closing = new AbortController();

  function schedule(): void {
    clearTimeout(timer);
    if (closing.signal.aborted) return;
    const dueAtMs = store.earliestDueMs();
    if (dueAtMs !== null) timer = setTimeout(() => void emitDue(), Math.max(0, dueAtMs - clock()));
  }

  function emitDue(): Promise<void> {
    running = running.then(runUntilNothingIsDue, runUntilNothingIsDue).finally(schedule);
    return running;
  }

  async function runUntilNothingIsDue(): Promise<void> {
    while (!closing.signal.aborted) {
      const groups = store.dueGroups(clock(), GROUPS_A_ROUND);
      if (groups.length === 0) return;
      const kept = await Promise.all([...byList(groups)].map(([listId, own]) => emitList(options, listId, own)));
      // A store that cannot write would be asked again at once, for ever.
      if (kept.includes(false)) return pauseAfterFailure();
    }
  }

  function pauseAfterFailure(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, RETRY_MS * options.timeScale));
  }

  return {
    emitDue,
    schedule,
    async [Symbol.asyncDispose]() {
      closing.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

function byList(groups: readonly DueGroup[]): Map<number, DueGroup[]> {
  const lists = new Map<number, DueGroup[]>();
  for (const group of groups) {
    const own = lists.get(group.listId);
    if (own === undefined) lists.set(group.listId, [group]);
    else own.push(group);
  }
  return lists;
}

interface DueEvents {
  readonly reports: CarrierReport[];
  /** The message of the report at the same index. */
  readonly reported: SimulatedMessage[];
  readonly inbound: InboundText[];
  readonly replies: NewText[];
}

/** False when the store could not note what happened. */
async function emitList(options: DueEmitterOptions, listId: number, groups: readonly DueGroup[]): Promise<boolean> {
  const { store, clock, timeScale } = options;
  try {
    const events = collect(store, groups);
    const told = await tell(options, listId, events);
    if (!told) await store.postponeGroups(groups, clock() + RETRY_MS * timeScale);
    else publish(options.hub, events, await store.finishGroups(groups, events.replies, clock()));
    return true;
  } catch {
    return false;
  }
}

async function tell(options: DueEmitterOptions, listId: number, { reports, inbound }: DueEvents): Promise<boolean> {
  if (reports.length === 0 && inbound.length === 0) return true;
  try {
    await options.onEvents({ listId, reports, inbound });
    return true;
  } catch {
    return false;
  }
}

function collect(store: SimulatorStore, groups: readonly DueGroup[]): DueEvents {
  const events: DueEvents = { reports: [], reported: [], inbound: [], replies: [] };
  for (const { entries, atMs } of groups) {
    for (const { seq, step } of entries) {
      const message = store.messageBySeq(seq);
      if (message !== undefined) addDue(events, message, step, atMs);
    }
  }
  return events;
}

function addDue(events: DueEvents, message: SimulatedMessage, stepIndex: number, atMs: number): void {
  if (message.direction === 'out') {
    events.inbound.push(toInboundText(message, atMs));
    return;
  }
  const step = planOf(message).steps[stepIndex];
  if (step === undefined) return;
  if (step.kind === 'reply') {
    const { listId, from, to } = message;
    events.replies.push({ listId, from: to, to: from, body: step.text, encoding: 'GSM-7', parts: 1 });
    return;
  }
  addReports(events.reports, message, step, atMs);
  while (events.reported.length < events.reports.length) events.reported.push(message);
}

function publish(hub: SimulatorEventHub, events: DueEvents, replies: readonly SimulatedMessage[]): void {
  if (!hub.isWatched()) return;
  events.reports.forEach((report, index) => {
    const message = events.reported[index];
    if (message !== undefined) hub.publish({ type: 'receipt', message, report });
  });
  for (const message of replies) hub.publish({ type: 'message', message });
}
