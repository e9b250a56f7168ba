import type { Clock } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';
import type { Vault } from '../secrets/index.ts';
import type { Pool } from '../store/pool.ts';
import {
  findActiveEndpoints,
  findDueEndpoints,
  readDueDeliveries,
  type DueDelivery,
} from '../store/webhook-delivery-store.ts';
import { createLanes, type Lane } from './lanes.ts';
import { waitAfter } from './retry.ts';
import { signedHeaders } from './signature.ts';
import { openSigningKeys } from './signing-keys.ts';
import { createTryRecorder, type RecordedTry } from './try-recorder.ts';
import type { TryResult, WebhookSender } from './webhook-sender.ts';

export interface DispatcherDeps {
  readonly pool: Pool;
  readonly sender: WebhookSender;
  readonly vault: Pick<Vault, 'open'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Shares of the endpoints that this process delivers to, by `shareOf`. */
  readonly owns: (share: number) => boolean;
  readonly onError: (error: unknown) => void;
  /** Tries that are written, by what came of them. */
  readonly onRecorded?: ((outcome: TryOutcome, count: number) => void) | undefined;
}

export type TryOutcome = 'delivered' | 'retry' | 'failed';

/**
 * Sends what is due to endpoints. What is under way is known in the memory of the one process that an endpoint belongs to,
 * so a process that dies sends again what was under way or not written yet, and loses nothing.
 */
export interface WebhookDispatcher {
  start(): void;
  /** Events of this account are about to be committed: looks for them at once instead of at the next turn. */
  hint(accountId: string): void;
  /** Waits a while for what is under way, and writes what came of it. */
  stop(): Promise<void>;
}

/** Endpoints are shared out by this. */
export const ENDPOINT_SHARES = 64;

export function shareOf(endpointId: string): number {
  return Number.parseInt(endpointId.slice(-6), 16) % ENDPOINT_SHARES;
}

/** What became due, and events of other processes, are found within this. */
const POLL_MS = 1_000;
/** While events of this process are being committed. */
const HINTED_POLL_MS = 25;
/** A transaction that takes longer is found by the poll. */
const HINT_MS = 2_000;
/** Deliveries of one endpoint in memory: read up to the one, again below the other. */
const READ_UP_TO = 200;
const READ_BELOW = 100;
/** With so many answers that are not written yet nothing more is read: the database is slow or away. */
const MAX_UNWRITTEN = 1_000;
const RETRY_MS = 1_000;
const STOP_GRACE_MS = 6_000;
const GONE = 410;

export function createDispatcher(deps: DispatcherDeps): WebhookDispatcher {
  const { pool, clock, onError } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const lanes = createLanes();
  const hints = new Map<string, number>();
  /** Ids that are in memory: queued, under way, or not written yet. The database shows them as due still. */
  const known = new Set<string>();
  /** Written since this turn began: a read that began before may still show them as due. */
  let written: string[] = [];
  let wake: () => void = () => {};
  let polledMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> = Promise.resolve();
  let isClosed = false;

  const recorder = createTryRecorder({
    pool,
    onError,
    signal,
    onRecorded(tries) {
      written.push(...tries.map((one) => one.id + one.endpointId));
      for (const [outcome, count] of countOutcomes(tries)) deps.onRecorded?.(outcome, count);
    },
  });

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await step();
      } catch (error) {
        onError(error);
        await pause(RETRY_MS, signal);
      }
      await nextTurn();
    }
  }

  /** Until the next poll, or until a lane runs dry. */
  async function nextTurn(): Promise<void> {
    const isBehind = unwritten() < MAX_UNWRITTEN && [...lanes.all()].some(wantsMore);
    if (signal.aborted || isBehind) return;
    const woken = new AbortController();
    wake = () => woken.abort();
    await pause(hints.size > 0 ? HINTED_POLL_MS : POLL_MS, AbortSignal.any([signal, woken.signal]));
    wake = () => {};
  }

  function wantsMore(lane: Lane): boolean {
    return lane.mayHaveMore && lane.queue.length < READ_BELOW;
  }

  /** Reads what is due and may be sent, and sends it. */
  async function step(): Promise<void> {
    const nowMs = clock();
    for (const id of written) known.delete(id);
    written = [];
    for (const [accountId, untilMs] of hints) if (nowMs > untilMs) hints.delete(accountId);
    if (performance.now() - polledMs >= POLL_MS) await poll(nowMs);
    const all = [...lanes.all()];
    const endpointIds = all.filter(wantsMore).map((lane) => lane.endpointId);
    const accountIds = [...hints.keys()];
    const isWanted = endpointIds.length > 0 || accountIds.length > 0;
    if (isWanted && unwritten() < MAX_UNWRITTEN) await read({ endpointIds, accountIds }, all, nowMs);
    pump();
  }

  async function poll(nowMs: number): Promise<void> {
    polledMs = performance.now();
    lanes.sweep(polledMs);
    await clearInactive();
    for (const id of await findDueEndpoints(pool, nowMs)) {
      if (deps.owns(shareOf(id))) lanes.of(id).mayHaveMore = true;
    }
  }

  /** What was read for endpoints that were paused or deleted since does not go out. */
  async function clearInactive(): Promise<void> {
    const queued = [...lanes.all()].filter((lane) => lane.queue.length > 0);
    if (queued.length === 0) return;
    const active = await findActiveEndpoints(
      pool,
      queued.map((lane) => lane.endpointId),
    );
    for (const lane of queued) {
      if (active.has(lane.endpointId) && deps.owns(shareOf(lane.endpointId))) continue;
      for (const delivery of lane.queue.splice(0)) known.delete(delivery.id + lane.endpointId);
      lane.mayHaveMore = false;
    }
  }

  interface Wanted {
    readonly endpointIds: readonly string[];
    readonly accountIds: readonly string[];
  }

  async function read(wanted: Wanted, all: readonly Lane[], nowMs: number): Promise<void> {
    const full = all.filter((lane) => lane.queue.length >= READ_BELOW).map((lane) => lane.endpointId);
    for (const id of wanted.endpointIds) lanes.of(id).mayHaveMore = false;
    const inMemory = Math.max(0, ...all.map((lane) => lane.queue.length + lane.inFlight.size)) + unwritten();
    const limit = READ_UP_TO + inMemory;
    const due = await readDueDeliveries(pool, { ...wanted, exceptIds: full, limit }, nowMs);
    const counts = new Map<string, number>();
    for (const delivery of due) {
      counts.set(delivery.endpointId, (counts.get(delivery.endpointId) ?? 0) + 1);
      enqueue(delivery);
    }
    for (const [id, count] of counts) if (count >= limit) lanes.of(id).mayHaveMore = true;
  }

  /** Answered and not written yet. */
  function unwritten(): number {
    let inLanes = 0;
    for (const lane of lanes.all()) inLanes += lane.queue.length + lane.inFlight.size;
    return Math.max(0, known.size - inLanes);
  }

  function enqueue(delivery: DueDelivery): void {
    const name = delivery.id + delivery.endpointId;
    if (known.has(name) || !deps.owns(shareOf(delivery.endpointId))) return;
    known.add(name);
    lanes.of(delivery.endpointId).queue.push(delivery);
  }

  /** Begins as much as may be under way. */
  function pump(): void {
    if (signal.aborted) return;
    for (let next = lanes.take(performance.now()); next !== undefined; next = lanes.take(performance.now())) {
      void send(next.lane, next.delivery);
    }
  }

  async function send(lane: Lane, delivery: DueDelivery): Promise<void> {
    const startedMs = clock();
    const result = await post(delivery, startedMs);
    lanes.settle(lane, delivery.id, result.statusCode !== null);
    // Nobody writes any more: it goes out again.
    if (isClosed) return;
    recorder.add(toRecord(delivery, result, startedMs));
    pump();
    if (wantsMore(lane)) wake();
  }

  async function post(delivery: DueDelivery, nowMs: number): Promise<TryResult> {
    try {
      const keys = await openSigningKeys(deps.vault, delivery.endpointId, delivery, nowMs);
      if (keys === undefined) return unsendable('secret_unreadable');
      const headers = signedHeaders(delivery.body, delivery.eventId, keys, nowMs);
      return await deps.sender.post(delivery.url, headers, delivery.body);
    } catch (error) {
      onError(error);
      return unsendable('internal_error');
    }
  }

  function toRecord(delivery: DueDelivery, result: TryResult, startedMs: number): RecordedTry {
    const { statusCode, retryAfter } = result;
    const attempt = {
      at_ms: startedMs,
      status_code: statusCode,
      duration_ms: result.durationMs,
      error: result.error,
      response_excerpt: result.excerpt,
    };
    const { endpointId, id } = delivery;
    const isGone = statusCode === GONE;
    if (isSuccess(statusCode)) return { endpointId, id, state: 'delivered', nextMs: null, attempt, isGone };
    const nowMs = clock();
    const waitMs = isGone ? undefined : waitAfter(delivery.tries + 1, { statusCode, retryAfter, nowMs }, deps.random);
    const nextMs = waitMs === undefined ? null : nowMs + waitMs;
    return { endpointId, id, state: nextMs === null ? 'failed' : 'pending', nextMs, attempt, isGone };
  }

  return {
    start() {
      running = run();
    },
    hint(accountId) {
      const isNew = !hints.has(accountId);
      hints.set(accountId, clock() + HINT_MS);
      if (isNew) wake();
    },
    async stop() {
      stopping.abort();
      await running;
      const endMs = performance.now() + STOP_GRACE_MS;
      while (lanes.inFlight() > 0 && performance.now() < endMs) await pause(20);
      await recorder.drained();
      isClosed = true;
    },
  };
}

export function isSuccess(statusCode: number | null): boolean {
  return statusCode !== null && statusCode >= 200 && statusCode < 300;
}

function unsendable(error: string): TryResult {
  return { statusCode: null, durationMs: 0, error, excerpt: null, retryAfter: undefined };
}

function countOutcomes(tries: readonly RecordedTry[]): Map<TryOutcome, number> {
  const counts = new Map<TryOutcome, number>();
  for (const { state } of tries) {
    const outcome = state === 'pending' ? 'retry' : state === 'delivered' ? 'delivered' : 'failed';
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}
