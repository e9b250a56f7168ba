/** What is accepted and not yet in the database: sends on `outbound`; receipts, replies and clicks on `events`. */
export type Topic = 'outbound' | 'events';

export interface LogEntry {
  /** Position in its partition; grows by at least one an entry, starts at 1, is never used again. */
  readonly seq: number;
  readonly value: Uint8Array;
}

/**
 * A durable queue of byte values, appended by whoever accepts and read by whoever lands them.
 *
 * - Order: entries of one partition are read in the order in which their appends were acknowledged.
 * - Delivery: at least once. The log does not remember what was processed; the reader keeps its position in the
 *   database, in the transaction of its effect (`log_cursor`), and trims afterwards.
 * - Back-pressure: `append` rejects with `LogFullError` when the disk or the configured size is full; nothing of the
 *   value is kept then.
 */
export interface Log {
  readonly name: 'lmdb' | 'postgres';
  /** Stable identity of this log's data; a new data folder has a new one. Keys `log_cursor`. */
  readonly id: string;
  /** Partitions are numbered 0 to partitions - 1. */
  readonly partitions: number;
  /**
   * Resolves with the entry's position when the value is durable (see the implementation for what that means).
   * Concurrent appends share one sync. The log owns `value` until the promise settles.
   * @throws LogFullError, LogUnavailableError
   */
  append(topic: Topic, partition: number, value: Uint8Array): Promise<number>;
  /** Entries after `afterSeq` in order, up to `maxBytes` of values but at least one if there is any; [] when none. */
  read(topic: Topic, partition: number, afterSeq: number, maxBytes: number): Promise<LogEntry[]>;
  /** Resolves when there may be entries after `afterSeq`, at once if there are, or when `signal` aborts. */
  waitForEntries(topic: Topic, partition: number, afterSeq: number, signal: AbortSignal): Promise<void>;
  /** Forgets entries up to and including `upToSeq`. Safe to repeat. */
  trim(topic: Topic, partition: number, upToSeq: number): Promise<void>;
  /** Position of the newest durable entry of the partition, 0 if it never had one (survives trimming). */
  lastSeq(topic: Topic, partition: number): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The log cannot take more: the disk is full or the configured size is reached. Nothing was kept. Retry later. */
export class LogFullError extends Error {
  override readonly name = 'LogFullError';
}

/** The log's store cannot be reached. Nothing is known to be kept. Retry later. */
export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError';
}
