import { pause } from '../lib/pause.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';
import {
  disableEndpoints,
  recordHealth,
  recordTries,
  type EndpointHealth,
  type TriedDelivery,
} from '../store/webhook-delivery-store.ts';

/** A try and what it says of its endpoint. */
export interface RecordedTry extends TriedDelivery {
  /** The receiver said that it is gone for good. */
  readonly isGone: boolean;
}

/** Writes what tries came to, all that has come meanwhile in one transaction. */
export interface TryRecorder {
  add(tried: RecordedTry): void;
  /** Resolves when everything that was added is written. */
  drained(): Promise<void>;
}

export interface TryRecorderDeps {
  readonly pool: Pool;
  /** These are written. */
  readonly onRecorded: (tries: readonly RecordedTry[]) => void;
  readonly onError: (error: unknown) => void;
  /** Ends the trying while the database is away. */
  readonly signal: AbortSignal;
}

/** Collects for so long, so that a group is worth its transaction. */
const COLLECT_MS = 10;
const MAX_GROUP = 1_000;
const RETRY_MS = 500;

export function createTryRecorder({ pool, onRecorded, onError, signal }: TryRecorderDeps): TryRecorder {
  let waiting: RecordedTry[] = [];
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      if (waiting.length < MAX_GROUP) await pause(COLLECT_MS);
      const group = waiting.slice(0, MAX_GROUP);
      try {
        await write(pool, group);
      } catch (error) {
        onError(error);
        if (signal.aborted) return;
        await pause(RETRY_MS, signal);
        continue;
      }
      waiting = waiting.slice(group.length);
      onRecorded(group);
    }
  }

  function start(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  return {
    add(tried) {
      waiting.push(tried);
      void start();
    },
    drained: async () => {
      if (waiting.length > 0 || writing !== undefined) await start();
    },
  };
}

/** The endpoints' rows are taken last, in order, as by everybody. */
async function write(pool: Pool, tries: readonly RecordedTry[]): Promise<void> {
  const gone = new Set(tries.filter((one) => one.isGone).map((one) => one.endpointId));
  await withTransaction(pool, async (transaction) => {
    await recordTries(transaction, tries);
    await recordHealth(transaction, toHealth(tries));
    if (gone.size > 0) await disableEndpoints(transaction, [...gone].sort());
  });
}

function toHealth(tries: readonly RecordedTry[]): EndpointHealth[] {
  const byEndpoint = new Map<string, EndpointHealth>();
  for (const { endpointId, state, attempt } of tries) {
    const known = byEndpoint.get(endpointId) ?? { endpointId, successMs: null, failureMs: null, succeeded: false };
    const succeeded = state === 'delivered';
    const time = succeeded ? { successMs: attempt.at_ms } : { failureMs: attempt.at_ms };
    byEndpoint.set(endpointId, { ...known, ...time, succeeded });
  }
  return [...byEndpoint.values()];
}
