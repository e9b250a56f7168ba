import type { LaneCode, SourceCode } from './batch.ts';
import type { Transaction } from '../store/transaction.ts';

/** A validated message on its way into the log. */
export interface AcceptItem {
  readonly listId: number;
  readonly lane: LaneCode;
  /** Epoch milliseconds, or 0: now. */
  readonly dueMs: number;
  /** The message as compact JSON text in the form of `POST /api/v2/send-raw` (known fields only, no list_number). */
  readonly json: string;
}

/** Up to 1,000 validated messages of one list, one lane and one due time, as their sender wrote them. */
export interface AcceptRows {
  readonly listId: number;
  readonly lane: LaneCode;
  /** Epoch milliseconds, or 0: now. */
  readonly dueMs: number;
  /** 1 to 1,000. */
  readonly count: number;
  /**
   * UTF-8 text of a JSON array of `count` objects in the form of `POST /api/v2/send-raw`, from bracket to bracket. Each may
   * also hold its `list_number` and flags that are off or null. Not to be changed until the promise settles.
   */
  readonly json: Uint8Array;
}

/** The first stage: numbers messages and makes them durable. */
export interface Accept {
  /**
   * Resolves with one message number an item, in order, when all items are durable in the log; items of concurrent
   * calls share an append. Nothing is kept when it rejects.
   * @throws LogFullError, LogUnavailableError, DatabaseUnavailableError (no number block could be reserved)
   */
  accept(source: SourceCode, simulated: boolean, items: readonly AcceptItem[]): Promise<number[]>;
  /** The same for messages as they came: resolves with the number of the first; the others follow it. */
  acceptRows(source: SourceCode, simulated: boolean, rows: AcceptRows): Promise<number>;
  /** As `accept`, but lands in the caller's transaction instead of the log: for requests with an Idempotency-Key. */
  acceptWithin(
    transaction: Transaction,
    source: SourceCode,
    simulated: boolean,
    items: readonly AcceptItem[],
  ): Promise<number[]>;
}
