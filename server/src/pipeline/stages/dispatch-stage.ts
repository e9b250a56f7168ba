import type { Directory, List } from '../../accounts/directory-types.ts';
import { createCircuitBreaker, type CircuitBreaker } from '../../lib/circuit-breaker.ts';
import type { Clock } from '../../lib/clock.ts';
import { createTokenBucket, type TokenBucket } from '../../lib/token-bucket.ts';
import {
  claimBatches,
  findDueLists,
  releaseClaims,
  releaseListClaims,
  type ClaimedBatch,
  type ClaimRequest,
} from '../../store/outbound-batch-store.ts';
import type { Pool } from '../../store/pool.ts';
import { isConnectionError } from '../../store/transaction.ts';
import { LANES, type LaneCode } from '../batch.ts';

/** Lanes in the order in which they leave. */
const LANE_ORDER = [LANES.express, LANES.transactional, LANES.marketing] as const;
/** The order after a claim of the express lane, whose bulk must not hold up transactional messages. */
const LANE_ORDER_AFTER_EXPRESS = [LANES.transactional, LANES.express, LANES.marketing] as const;
/** Two full batches: what a statement and a commit cost beside their rows is shared by more of them. */
export const MAX_CLAIM = 2_000;
/** After so many failures in a row messages are claimed one at a time, so that one bad message holds nobody up. */
const MAX_FAILURES = 3;

/** Messages of one list and lane that are ready for the gate. */
export interface Claim {
  readonly listId: number;
  readonly lane: LaneCode;
  readonly batches: readonly ClaimedBatch[];
  /** How many messages may leave; the last batch may hold more. */
  readonly limit: number;
  /** One message of a list whose claims fail again and again: when it fails too, it is the one. */
  readonly isLastTry: boolean;
  readonly breaker: CircuitBreaker;
}

export interface DispatchDeps {
  readonly pool: Pool;
  readonly directory: Directory;
  readonly workerId: number;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly minQueueAgeMs: number;
  /** Claims that are worked on at once, over all lists. */
  readonly concurrency: number;
  /** Messages of one list between claim and the carrier's answer; the last claim may go beyond. */
  readonly maxInFlight: number;
  readonly pollMs: number;
  /** Lists that this process serves. */
  readonly owns: (listId: number) => boolean;
  /**
   * Takes a claim to the carrier. The first promise settles when the claim is recorded (the list may claim again), with
   * how many messages really left; `onAnswered` is told as answers are recorded; the second promise settles when all are.
   */
  readonly work: (
    claim: Claim,
    onAnswered: (count: number) => void,
  ) => Promise<{ readonly sent: number; readonly finished: Promise<void> }>;
  readonly onError: (error: unknown) => void;
}

/** The sending loop of a process. */
export interface Dispatcher {
  start(): void;
  /** These lists may have something due. */
  wake(listIds: Iterable<number>): void;
  /** One of the list's batches becomes due then. */
  wakeAt(listId: number, dueMs: number): void;
  /** Stops claiming; resolves when all claims are recorded and answered. */
  stop(): Promise<void>;
}

interface ListRun {
  readonly listId: number;
  readonly bucket: TokenBucket;
  ratePerMinute: number;
  readonly breaker: CircuitBreaker;
  /** Something may be due. */
  awake: boolean;
  /** Asked to look again while a claim was under way. */
  again: boolean;
  busy: boolean;
  inFlight: number;
  /** Not before, after a failure. */
  notBeforeMs: number;
  /** Claims that failed in a row for a reason of their own. */
  failures: number;
  /** So many messages more are claimed one at a time. */
  oneByOne: number;
  /** The rate allows nothing before. */
  noTokenBeforeMs: number;
  /** The express lane, which needs no tokens, may have something. */
  expressAwake: boolean;
  /** A claim may be in the database that nobody works on: the answer to it, or to its return, was lost. */
  claimLost: boolean;
  /** The last claim was of the express lane. */
  afterExpress: boolean;
}

/**
 * Takes send tokens of a list, then claims that many due messages. Lists take turns by account and, within an account,
 * by list, so that a large campaign delays nobody else by more than the claims that are under way. The gate and the
 * recording of one list never overlap, which keeps its order and lets duplicates see each other.
 */
export function createDispatcher(deps: DispatchDeps): Dispatcher {
  const { clock, directory } = deps;
  const runs = new Map<number, ListRun>();
  const accounts = createTurns<string, number>();
  const inWork = new Set<Promise<void>>();
  const answers = new Set<Promise<void>>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let timerMs = Number.POSITIVE_INFINITY;
  let looping = false;

  function runOf(listId: number): ListRun {
    const known = runs.get(listId);
    if (known !== undefined) return known;
    const ratePerMinute = rateOf(directory.list(listId));
    const run: ListRun = {
      listId,
      bucket: createTokenBucket({ perMinute: ratePerMinute, clock }),
      ratePerMinute,
      breaker: createCircuitBreaker({ clock }),
      awake: false,
      again: false,
      busy: false,
      inFlight: 0,
      notBeforeMs: 0,
      failures: 0,
      oneByOne: 0,
      noTokenBeforeMs: 0,
      expressAwake: true,
      claimLost: false,
      afterExpress: false,
    };
    runs.set(listId, run);
    return run;
  }

  function wake(listIds: Iterable<number>): void {
    for (const listId of listIds) {
      if (!deps.owns(listId)) continue;
      const run = runOf(listId);
      run.expressAwake = true;
      if (run.busy) run.again = true;
      else makeReady(run);
    }
    loop();
  }

  function makeReady(run: ListRun): void {
    run.awake = true;
    accounts.add(directory.list(run.listId)?.accountId ?? '', run.listId);
  }

  function sleepUntil(atMs: number): void {
    if (stopped || atMs >= timerMs) return;
    clearTimeout(timer);
    timerMs = atMs;
    timer = setTimeout(
      () => {
        timerMs = Number.POSITIVE_INFINITY;
        loop();
      },
      Math.max(0, Math.min(atMs - clock(), 60_000)),
    );
  }

  /** Starts claims until the slots are full or nobody is ready. Never waits itself. */
  function loop(): void {
    if (looping || stopped) return;
    looping = true;
    const nowMs = clock();
    while (inWork.size < deps.concurrency) {
      const listId = accounts.next((id) => isReady(runOf(id), nowMs));
      if (listId === undefined) break;
      startClaim(runOf(listId));
    }
    looping = false;
  }

  function isReady(run: ListRun, nowMs: number): boolean {
    if (!run.awake || run.busy || !deps.owns(run.listId)) return false;
    const rateWaitMs = run.expressAwake ? 0 : run.noTokenBeforeMs - nowMs;
    const waitMs = Math.max(run.notBeforeMs - nowMs, run.breaker.msUntilAdmit(), rateWaitMs);
    if (waitMs > 0) sleepUntil(nowMs + waitMs);
    return waitMs <= 0 && run.inFlight < deps.maxInFlight;
  }

  function startClaim(run: ListRun): void {
    run.busy = true;
    run.again = false;
    const working: Promise<void> = claimAndWork(run)
      .catch((error: unknown) => {
        deps.onError(error);
        run.again = true;
        run.notBeforeMs = clock() + deps.pollMs;
        if (isConnectionError(error)) run.claimLost = true;
        else noteFailure(run);
      })
      .finally(() => {
        run.busy = false;
        inWork.delete(working);
        if (run.again) makeReady(run);
        loop();
      });
    inWork.add(working);
  }

  /** The bad message is among those that were claimed together, so all of these go alone. */
  function noteFailure(run: ListRun): void {
    run.failures++;
    if (run.failures >= MAX_FAILURES) run.oneByOne = MAX_CLAIM;
  }

  async function claimAndWork(run: ListRun): Promise<void> {
    if (run.claimLost) {
      // This process has no other claim of the list now.
      await releaseListClaims(deps.pool, run.listId, deps.workerId);
      run.claimLost = false;
    }
    for (const lane of run.afterExpress ? LANE_ORDER_AFTER_EXPRESS : LANE_ORDER) {
      // It may have opened since the list was found ready.
      if (run.breaker.msUntilAdmit() > 0) break;
      const claim = await claimLane(run, lane);
      if (claim === undefined) continue;
      run.again = true;
      run.afterExpress = lane === LANES.express;
      await workOn(run, lane, claim);
      return;
    }
    run.awake = run.again;
    if (!run.awake) accounts.remove(directory.list(run.listId)?.accountId ?? '', run.listId);
  }

  async function workOn(run: ListRun, lane: LaneCode, claim: Claim): Promise<void> {
    let unused = claim.limit;
    try {
      const { sent, finished } = await deps.work(claim, (count) => {
        run.inFlight -= count;
        loop();
      });
      unused -= sent;
      run.failures = 0;
      run.oneByOne = Math.max(0, run.oneByOne - 1);
      run.inFlight += sent;
      awaitAnswers(finished);
    } finally {
      if (lane !== LANES.express) run.bucket.giveBack(unused);
    }
  }

  function awaitAnswers(finished: Promise<void>): void {
    const answered: Promise<void> = finished.catch(deps.onError).finally(() => answers.delete(answered));
    answers.add(answered);
  }

  /** Tokens first: an empty bucket costs the database nothing. */
  async function claimLane(run: ListRun, lane: LaneCode): Promise<Claim | undefined> {
    const nowMs = clock();
    const isLastTry = run.oneByOne > 0;
    const wanted = isLastTry ? 1 : MAX_CLAIM;
    const limit = lane === LANES.express ? wanted : takeTokens(run, wanted);
    if (limit === 0) {
      run.again = true;
      run.noTokenBeforeMs = nowMs + Math.max(1, run.bucket.msUntil(1));
      return undefined;
    }
    if (lane === LANES.express) run.expressAwake = false;
    const batches = await claimAlike(deps, {
      listId: run.listId,
      lane,
      workerId: deps.workerId,
      nowMs,
      leaseMs: deps.leaseMs,
      messages: limit,
      createdBeforeMs: nowMs - deps.minQueueAgeMs,
    });
    if (batches.length > 0) {
      if (lane === LANES.express) run.expressAwake = true;
      return { listId: run.listId, lane, batches, limit, isLastTry, breaker: run.breaker };
    }
    if (lane !== LANES.express) run.bucket.giveBack(limit);
    return undefined;
  }

  function takeTokens(run: ListRun, wanted: number): number {
    const ratePerMinute = rateOf(directory.list(run.listId));
    if (ratePerMinute !== run.ratePerMinute) {
      run.ratePerMinute = ratePerMinute;
      run.bucket.setRate(ratePerMinute);
    }
    return run.bucket.take(wanted);
  }

  async function poll(): Promise<void> {
    for (;;) {
      if (stopped) return;
      try {
        const nowMs = clock();
        for (const { listId, dueMs } of await findDueLists(deps.pool)) {
          if (dueMs <= nowMs) wake([listId]);
          else wakeAt(listId, dueMs);
        }
      } catch (error) {
        deps.onError(error);
      }
      await untilNextPoll();
    }
  }

  let endPoll = (): void => {};
  function untilNextPoll(): Promise<void> {
    if (stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const pause = setTimeout(resolve, deps.pollMs);
      endPoll = () => {
        clearTimeout(pause);
        resolve();
      };
    });
  }

  const alarms = new Set<NodeJS.Timeout>();
  function wakeAt(listId: number, dueMs: number): void {
    const inMs = dueMs - clock();
    // Later ones are found by the poll.
    if (stopped || inMs > deps.pollMs) return;
    const alarm = setTimeout(
      () => {
        alarms.delete(alarm);
        wake([listId]);
      },
      Math.max(0, inMs),
    );
    alarms.add(alarm);
  }

  let polling: Promise<void> = Promise.resolve();
  return {
    start() {
      polling = poll();
    },
    wake,
    wakeAt,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      for (const alarm of alarms) clearTimeout(alarm);
      endPoll();
      await polling;
      while (inWork.size > 0) await Promise.all(inWork);
      while (answers.size > 0) await Promise.all(answers);
    },
  };
}

/** Sandbox messages and real ones go different ways: a claim holds one kind, the others are given back for the next. */
async function claimAlike({ pool, workerId }: DispatchDeps, request: ClaimRequest): Promise<ClaimedBatch[]> {
  const claimed = await claimBatches(pool, request);
  const others = claimed.filter((batch) => batch.simulated !== claimed[0]?.simulated);
  if (others.length === 0) return claimed;
  await releaseClaims(
    pool,
    request.listId,
    workerId,
    others.map((batch) => batch.batchId),
  );
  return claimed.filter((batch) => !others.includes(batch));
}

/** A list that is gone still has messages to drop; they need no rate. */
function rateOf(list: List | undefined): number {
  return list?.settings.sendRatePerMinute ?? 1_000_000;
}

interface Turns<Group, Item> {
  add(group: Group, item: Item): void;
  remove(group: Group, item: Item): void;
  /** The next ready item: groups take turns, and the items of a group do. */
  next(isReady: (item: Item) => boolean): Item | undefined;
}

/** Two levels of turns. A Map and a Set keep the order of insertion: who was served goes to the end. */
export function createTurns<Group, Item>(): Turns<Group, Item> {
  const groups = new Map<Group, Set<Item>>();
  return {
    add(group, item) {
      const items = groups.get(group);
      if (items === undefined) groups.set(group, new Set([item]));
      else items.add(item);
    },
    remove(group, item) {
      const items = groups.get(group);
      items?.delete(item);
      if (items?.size === 0) groups.delete(group);
    },
    next(isReady) {
      for (const [group, items] of groups) {
        for (const item of items) {
          if (!isReady(item)) continue;
          items.delete(item);
          items.add(item);
          groups.delete(group);
          groups.set(group, items);
          return item;
        }
      }
      return undefined;
    },
  };
}
