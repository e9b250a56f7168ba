import type { Clock } from '../../lib/clock.ts';
import type { Log, LogEntry } from '../../log/log.ts';
import { createLogReader, type LogReader } from '../log-reader.ts';
import { insertBatches } from '../../store/outbound-batch-store.ts';
import { ACCEPTED, moveCounts } from '../../store/message-count-store.ts';
import { tellDue } from '../../store/due-signal.ts';
import type { Pool } from '../../store/pool.ts';
import type { Transaction } from '../../store/transaction.ts';
import { decodeBatches, type AcceptedBatch } from '../batch.ts';

export interface LandStageDeps {
  readonly pool: Pool;
  readonly log: Log;
  readonly clock: Clock;
  /** Partitions of the log that this process lands. */
  readonly owns: (partition: number) => boolean;
  /** Lists that have new batches in the database. */
  readonly onLanded: (listIds: ReadonlySet<number>) => void;
  readonly onError: (error: unknown) => void;
  /** Wall time of each group. */
  readonly onTimed?: (elapsedMs: number) => void;
}

/**
 * Moves accepted batches from the log into `outbound_batch`, each exactly once: the position in the log moves in the
 * transaction that inserts. Keeps trying while the database is away.
 */
export function createLandStage({ pool, log, clock, owns, onLanded, onError, onTimed }: LandStageDeps): LogReader {
  return createLogReader({
    pool,
    log,
    topic: 'outbound',
    clock,
    owns,
    maxBytes: 8_388_608,
    async apply(transaction, entries) {
      const batches = entries.flatMap((entry: LogEntry) => decodeBatches(entry.value));
      await landWithin(transaction, batches);
      return () => onLanded(new Set(batches.map((batch) => batch.listId)));
    },
    onError,
    onTimed,
  });
}

/** The same for requests that do not use the log: whoever sends hears of it when the caller's transaction commits. */
export async function landAndTell(transaction: Transaction, batches: readonly AcceptedBatch[]): Promise<void> {
  await landWithin(transaction, batches);
  await tellDue(
    transaction,
    batches.map((batch) => batch.listId),
  );
}

/** Inserts batches and counts their messages as accepted. */
export async function landWithin(transaction: Transaction, batches: readonly AcceptedBatch[]): Promise<void> {
  await insertBatches(transaction, batches);
  const accepted = new Map<number, number>();
  for (const batch of batches) accepted.set(batch.listId, (accepted.get(batch.listId) ?? 0) + batch.count);
  const inOrder = [...accepted].sort((a, b) => a[0] - b[0]);
  for (const [listId, count] of inOrder) await moveCounts(transaction, listId, new Map([[ACCEPTED, count]]));
}
