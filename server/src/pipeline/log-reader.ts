import type { Clock } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';
import { TimeLimitError, within } from '../lib/within.ts';
import { LogUnavailableError, type Log, type LogEntry, type Topic } from '../log/log.ts';
import {
  insertDeadLetter,
  movePosition,
  PositionMovedError,
  readPosition,
  type LogPartition,
} from '../store/log-position-store.ts';
import type { Pool } from '../store/pool.ts';
import {
  DatabaseUnavailableError,
  isConflict,
  isTimeLimitError,
  withTransaction,
  type Transaction,
} from '../store/transaction.ts';

export interface LogReaderOptions {
  readonly pool: Pool;
  readonly log: Log;
  readonly topic: Topic;
  readonly clock: Clock;
  /** Of values read in one go. A group that takes longer than its pool allows is halved. */
  readonly maxBytes: number;
  /** Partitions that this process reads. */
  readonly owns: (partition: number) => boolean;
  /** The effect of the entries, within the transaction that moves the position. Returns what to do after the commit. */
  readonly apply: (transaction: Transaction, entries: readonly LogEntry[]) => Promise<(() => void) | undefined>;
  readonly onError: (error: unknown) => void;
  /** Wall time of each group's transaction. */
  readonly onTimed?: ((elapsedMs: number) => void) | undefined;
}

/** Reads one topic of the log into the database, each entry's effect exactly once. */
export interface LogReader {
  start(): void;
  /** Resolves when everything that was appended before the call has taken effect, or after `timeoutMs`. */
  caughtUp(timeoutMs: number): Promise<void>;
  /** Entries that are durable and have not taken effect yet. @throws TimeLimitError when the database does not answer */
  backlog(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
/** An entry that fails so often for a reason of its own, alone, is set aside. */
const MAX_FAILURES = 5;
/** Groups that were made smaller grow again when one takes less than this, far from every pool's limit. */
const GROWS_BELOW_MS = 5_000;
const POSITION_POLL_MS = 20;
const BACKLOG_TIMEOUT_MS = 5_000;

export function createLogReader(options: LogReaderOptions): LogReader {
  const stopping = new AbortController();
  const places = Array.from({ length: options.log.partitions }, (_, partition) => ({
    logId: options.log.id,
    topic: options.topic,
    partition,
  }));
  let running: Promise<unknown> = Promise.resolve();
  return {
    start() {
      running = Promise.all(places.map((place) => readPartition(options, place, stopping.signal)));
    },
    async caughtUp(timeoutMs) {
      const untilMs = options.clock() + timeoutMs;
      const waits = places.map((place) => waitForPosition(options, place, untilMs));
      await within(timeoutMs, Promise.all(waits)).catch(ignoreTimeLimit);
    },
    async backlog() {
      const counts = await within(BACKLOG_TIMEOUT_MS, Promise.all(places.map((place) => countBacklog(options, place))));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

function ignoreTimeLimit(error: unknown): void {
  if (!(error instanceof TimeLimitError)) throw error;
}

async function waitForPosition(options: LogReaderOptions, place: LogPartition, untilMs: number): Promise<void> {
  const { pool, clock, log, topic } = options;
  const target = await log.lastSeq(topic, place.partition);
  while ((await readPosition(pool, place)) < target && clock() < untilMs) await pause(POSITION_POLL_MS);
}

async function countBacklog({ pool, log, topic }: LogReaderOptions, place: LogPartition): Promise<number> {
  return Math.max(0, (await log.lastSeq(topic, place.partition)) - (await readPosition(pool, place)));
}

/** Where a reader is. */
interface Place {
  position: number | undefined;
  /** How often the entry after the position has failed in a row for a reason of its own. */
  failures: number;
  /** Failures of any kind in a row, for the pause after each. */
  retries: number;
  /** Up to here entries go one at a time, because a group with them in it failed. */
  singlyUntil: number;
  /** Of the next group. */
  maxBytes: number;
}

/** Runs until `signal` aborts. Keeps trying while the database or the log is away. */
async function readPartition(options: LogReaderOptions, partition: LogPartition, signal: AbortSignal): Promise<void> {
  const { maxBytes } = options;
  const place: Place = { position: undefined, failures: 0, retries: 0, singlyUntil: 0, maxBytes };
  while (!signal.aborted) {
    if (!options.owns(partition.partition)) {
      place.position = undefined;
      await pause(RETRY_MAX_MS / 4, signal);
      continue;
    }
    try {
      await step(options, partition, place, signal);
    } catch (error) {
      options.onError(error);
      place.position = undefined;
      await pause(Math.min(RETRY_FIRST_MS * 2 ** place.retries, RETRY_MAX_MS), signal);
      place.retries++;
    }
  }
}

/** Reads and applies the next entries, and moves on. */
async function step(
  options: LogReaderOptions,
  partition: LogPartition,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const { log, topic } = options;
  place.position ??= await readPosition(options.pool, partition);
  const singly = place.position < place.singlyUntil;
  const read = await log.read(topic, partition.partition, place.position, singly ? 1 : place.maxBytes);
  const first = read[0];
  if (first === undefined) return await log.waitForEntries(topic, partition.partition, place.position, signal);
  const entries = singly ? [first] : read;
  const last = entries.at(-1) ?? first;
  try {
    const elapsedMs = await applyEntries(options, partition, entries, place);
    if (elapsedMs < GROWS_BELOW_MS) place.maxBytes = Math.min(2 * place.maxBytes, options.maxBytes);
  } catch (error) {
    if (isTimeLimitError(error)) place.maxBytes = Math.ceil(sizeOf(entries) / 2);
    else if (!isPassing(error)) noteFailure(place, entries, last.seq);
    throw error;
  }
  place.position = last.seq;
  place.failures = 0;
  place.retries = 0;
  await log.trim(topic, partition.partition, last.seq);
}

function sizeOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { value }) => sum + value.length, 0);
}

/** A group that failed goes on one entry at a time; an entry that fails alone counts. */
function noteFailure(place: Place, entries: readonly LogEntry[], lastSeq: number): void {
  if (entries.length > 1) place.singlyUntil = lastSeq;
  else place.failures++;
}

/** Resolves with how long it took. */
async function applyEntries(
  options: LogReaderOptions,
  partition: LogPartition,
  entries: readonly LogEntry[],
  { position = 0, failures }: Place,
): Promise<number> {
  const startedMs = performance.now();
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return 0;
  const afterCommit = await withTransaction(options.pool, async (transaction) => {
    await movePosition(transaction, partition, position, last.seq);
    if (failures < MAX_FAILURES) return await options.apply(transaction, entries);
    await insertDeadLetter(transaction, partition, first, 'failed again and again; see the log', options.clock());
    return undefined;
  });
  const elapsedMs = performance.now() - startedMs;
  options.onTimed?.(elapsedMs);
  afterCommit?.();
  return elapsedMs;
}

/** Errors that say nothing about the entries. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailableError ||
    error instanceof LogUnavailableError ||
    error instanceof PositionMovedError ||
    isConflict(error)
  );
}
