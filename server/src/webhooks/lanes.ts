import type { DueDelivery } from '../store/webhook-delivery-store.ts';

/** Requests to one endpoint at once. */
export const MAX_IN_FLIGHT = 10;
/** An endpoint that nothing is known of begins with these. */
const FIRST_WINDOW = 2;
/** One that has not answered for so long is slow. */
export const SLOW_AFTER_MS = 1_000;
/** Requests at once to endpoints that answer, and to those that are slow. */
const MAX_FAST = 1_024;
const MAX_SLOW = 4_096;

/** What waits for one endpoint and what is under way to it. */
export interface Lane {
  readonly endpointId: string;
  /** Read and not begun. */
  readonly queue: DueDelivery[];
  /** Ids that are under way, with when they began. */
  readonly inFlight: Map<string, number>;
  /** Requests at once: grows with successes, is 1 for one that does not answer. */
  window: number;
  isSlow: boolean;
  /** The database may have more that is due. */
  mayHaveMore: boolean;
}

/**
 * One lane an endpoint. Lanes take turns, each with a window of its own; those that do not answer share a room of their
 * own, so that however many they are, the others are not kept waiting.
 */
export interface Lanes {
  of(endpointId: string): Lane;
  all(): Iterable<Lane>;
  /** The next delivery whose lane has room; undefined when there is none. It counts as under way from here on. */
  take(nowMs: number): { readonly lane: Lane; readonly delivery: DueDelivery } | undefined;
  /** It is no longer under way. `answered`: the endpoint gave a status, whichever. */
  settle(lane: Lane, id: string, answered: boolean): void;
  /** Marks lanes whose oldest request takes too long, and forgets those with nothing to remember. */
  sweep(nowMs: number): void;
  inFlight(): number;
}

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>();
  /** Lanes with a queue, in the order of their turns. */
  let turns: Lane[] = [];
  const busy = { fast: 0, slow: 0 };
  const classOf = (lane: Lane): 'fast' | 'slow' => (lane.isSlow ? 'slow' : 'fast');

  function setSlow(lane: Lane, isSlow: boolean): void {
    if (lane.isSlow === isSlow) return;
    busy[classOf(lane)] -= lane.inFlight.size;
    lane.isSlow = isSlow;
    busy[classOf(lane)] += lane.inFlight.size;
    if (isSlow) lane.window = 1;
  }

  function hasRoom(lane: Lane): boolean {
    const isFull = lane.isSlow ? busy.slow >= MAX_SLOW : busy.fast >= MAX_FAST;
    return !isFull && lane.inFlight.size < lane.window;
  }

  return {
    of(endpointId) {
      const known = lanes.get(endpointId);
      if (known !== undefined) return known;
      const lane: Lane = {
        endpointId,
        queue: [],
        inFlight: new Map(),
        window: FIRST_WINDOW,
        isSlow: false,
        mayHaveMore: false,
      };
      lanes.set(endpointId, lane);
      return lane;
    },
    all: () => lanes.values(),
    take(nowMs) {
      if (turns.length === 0) turns = [...lanes.values()].filter((lane) => lane.queue.length > 0 && hasRoom(lane));
      for (let lane = turns.pop(); lane !== undefined; lane = turns.pop()) {
        if (!hasRoom(lane)) continue;
        const delivery = lane.queue.shift();
        if (delivery === undefined) continue;
        lane.inFlight.set(delivery.id, nowMs);
        busy[classOf(lane)]++;
        return { lane, delivery };
      }
      return undefined;
    },
    settle(lane, id, answered) {
      if (lane.inFlight.delete(id)) busy[classOf(lane)]--;
      if (!answered) setSlow(lane, true);
      else {
        setSlow(lane, false);
        lane.window = Math.min(lane.window + 1, MAX_IN_FLIGHT);
      }
    },
    sweep(nowMs) {
      for (const lane of lanes.values()) {
        const [oldestMs] = lane.inFlight.values();
        if (oldestMs !== undefined && nowMs - oldestMs > SLOW_AFTER_MS) setSlow(lane, true);
        const isIdle = lane.queue.length === 0 && lane.inFlight.size === 0 && !lane.mayHaveMore;
        if (isIdle && !lane.isSlow) lanes.delete(lane.endpointId);
      }
    },
    inFlight: () => busy.fast + busy.slow,
  };
}
