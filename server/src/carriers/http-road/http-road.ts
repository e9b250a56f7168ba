import { Pool } from 'undici';
import { SECOND_MS } from '../../lib/clock.ts';
import { createFairQueue, type FairQueue, type QueueLane } from '../../lib/fair-queue.ts';
import { Exchange, type ExchangeLimits, type RoadAnswer, type RoadRequest } from './exchange.ts';

export interface HttpRoadsOptions extends Partial<ExchangeLimits> {
  /** Requests to one host at once, over all lists. Default 256. */
  readonly maxInFlightOfHost?: number;
  /** Requests of one list at once. Default 50. */
  readonly maxInFlight?: number;
  /** What requests under way get once we are asked to stop. Default 6,000, within the time that a shutdown has. */
  readonly stopGraceMs?: number;
}

/** The way of all HTTP carriers to their hosts: one pool of connections a host, shared fairly by its lists. */
export interface HttpRoads {
  /** @param baseUrl http or https, may have a path. @throws TypeError when it is no address */
  open(baseUrl: string): HttpRoad;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The way of one list to its carrier. Nothing is sent twice, no redirect is followed, no proxy is asked. */
export interface HttpRoad {
  /** One request when it is its turn. Never rejects. */
  send(request: RoadRequest): Promise<RoadAnswer>;
  /**
   * Requests made one by one when it is their turn; `onAnswer` is called exactly once for each index, in any order. Once
   * `signal` is aborted nothing new is sent, and what is under way is lost after a grace. Never rejects.
   */
  sendAll(requests: RoadRequests, signal: AbortSignal): Promise<void>;
  /** What is under way is awaited. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface RoadRequests {
  readonly count: number;
  /** Called when the request is due. undefined: there is nothing to send any more. */
  readonly toRequest: (index: number) => RoadRequest | undefined;
  /** Asked when the request has its connection, right before its first byte. False: it is not sent, `KEPT_BACK`. */
  readonly mayStart?: (index: number) => boolean;
  readonly onAnswer: (index: number, answer: RoadAnswer) => void;
}

interface Host {
  readonly pool: Pool;
  readonly queue: FairQueue;
  roads: number;
}

/** There is nothing to send, or the carrier's code could not say it. */
const UNBUILDABLE: RoadAnswer = { kind: 'not_sent', code: 'bad_request', stopped: true };
const NEVER_STARTED: RoadAnswer = { kind: 'not_sent', code: 'stopped', stopped: true };

export function createHttpRoads(options: HttpRoadsOptions = {}): HttpRoads {
  const { maxInFlightOfHost = 256, maxInFlight = 50, stopGraceMs = 6 * SECOND_MS } = options;
  const limits: ExchangeLimits = {
    connectTimeoutMs: options.connectTimeoutMs ?? 5 * SECOND_MS,
    answerTimeoutMs: options.answerTimeoutMs ?? 20 * SECOND_MS,
    maxAnswerBytes: options.maxAnswerBytes ?? 1_048_576,
  };
  const hosts = new Map<string, Host>();
  const closing = new Set<Promise<void>>();

  function hostOf(origin: string): Host {
    const known = hosts.get(origin);
    if (known !== undefined) return known;
    const host = {
      pool: createPool(origin, maxInFlightOfHost, limits.connectTimeoutMs),
      queue: createFairQueue(maxInFlightOfHost),
      roads: 0,
    };
    hosts.set(origin, host);
    return host;
  }

  async function leave(origin: string, host: Host): Promise<void> {
    host.roads--;
    if (host.roads > 0) return;
    hosts.delete(origin);
    const closed = host.pool.close().finally(() => closing.delete(closed));
    closing.add(closed);
    await closed;
  }

  return {
    open(baseUrl) {
      const { origin, pathname } = new URL(baseUrl);
      const host = hostOf(origin);
      host.roads++;
      const prefix = pathname.replace(/\/+$/, '');
      const road = openRoad(host, { prefix, limits, stopGraceMs, lane: host.queue.openLane(maxInFlight) });
      let left: Promise<void> | undefined;
      return { ...road, [Symbol.asyncDispose]: () => (left ??= leave(origin, host)) };
    },
    async [Symbol.asyncDispose]() {
      for (const [origin, host] of hosts) {
        hosts.delete(origin);
        closing.add(host.pool.close());
      }
      await Promise.all(closing);
    },
  };
}

function createPool(origin: string, connections: number, connectTimeoutMs: number): Pool {
  return new Pool(origin, {
    connections,
    // One request a connection: what was written to a broken connection is never written again by undici.
    pipelining: 1,
    // The limit of the answer is the exchange's own.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs, rejectUnauthorized: true },
  });
}

interface RoadParts {
  readonly prefix: string;
  readonly limits: ExchangeLimits;
  readonly stopGraceMs: number;
  readonly lane: QueueLane;
}

function openRoad(
  { pool }: Host,
  { prefix, limits, stopGraceMs, lane }: RoadParts,
): Pick<HttpRoad, 'send' | 'sendAll'> {
  function exchange(request: RoadRequest, live?: Set<Exchange>, mayStart?: () => boolean): Promise<RoadAnswer> {
    return new Promise((resolve) => {
      const onAnswer = (answer: RoadAnswer): void => {
        live?.delete(own);
        resolve(answer);
      };
      const own = new Exchange(limits, onAnswer, mayStart);
      live?.add(own);
      own.start(pool, prefix === '' ? request : { ...request, path: `${prefix}${request.path}` });
    });
  }

  async function sendAll({ count, toRequest, mayStart, onAnswer }: RoadRequests, signal: AbortSignal): Promise<void> {
    const live = new Set<Exchange>();
    let grace: NodeJS.Timeout | undefined;
    const onStop = (): void => {
      grace = setTimeout(() => live.forEach((own) => own.cut('stopped')), stopGraceMs);
    };
    signal.addEventListener('abort', onStop, { once: true });
    const start = async (index: number): Promise<void> => {
      const request = attempt(() => toRequest(index));
      const mayBegin = mayStart === undefined ? undefined : (): boolean => mayStart(index);
      onAnswer(index, request === undefined ? UNBUILDABLE : await exchange(request, live, mayBegin));
    };
    const started = await lane.run({ count, start }, signal);
    signal.removeEventListener('abort', onStop);
    clearTimeout(grace);
    for (let index = started; index < count; index++) onAnswer(index, NEVER_STARTED);
  }

  return {
    sendAll,
    async send(request) {
      let answer = NEVER_STARTED;
      await lane.run({ count: 1, start: async () => void (answer = await exchange(request)) });
      return answer;
    },
  };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
