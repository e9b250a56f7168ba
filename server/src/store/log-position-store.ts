import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** One partition of one log. */
export interface LogPartition {
  readonly logId: string;
  readonly topic: string;
  readonly partition: number;
}

/** Somebody else has moved the position: start over from where it is now. */
export class PositionMovedError extends Error {
  override readonly name = 'PositionMovedError';
}

/** How far the partition's entries have taken effect; 0: none yet. */
export async function readPosition(pool: Pool, { logId, topic, partition }: LogPartition): Promise<number> {
  const { rows } = await pool.query<{ seq: number }>({
    name: 'log_cursor.read',
    text: 'select seq from log_cursor where log_id = $1 and topic = $2 and partition = $3',
    values: [logId, topic, partition],
  });
  return rows[0]?.seq ?? 0;
}

/**
 * Moves the position in the transaction of the effect.
 * @throws PositionMovedError when it is not at `from` any more; the transaction must not commit then
 */
export async function movePosition(
  transaction: Transaction,
  { logId, topic, partition }: LogPartition,
  from: number,
  to: number,
): Promise<void> {
  const { rowCount } = await transaction.query({
    name: 'log_cursor.move',
    text: `
      insert into log_cursor as c (log_id, topic, partition, seq)
      select $1, $2, $3, $5 where $4 = 0 or exists (select from log_cursor where log_id = $1 and topic = $2 and partition = $3)
      on conflict (log_id, topic, partition) do update set seq = excluded.seq where c.seq = $4`,
    values: [logId, topic, partition, from, to],
  });
  if (rowCount !== 1) throw new PositionMovedError(`Another process reads partition ${partition} of ${topic}`);
}

/** Keeps an entry that cannot be processed for a person to look at. */
export async function insertDeadLetter(
  transaction: Transaction,
  { logId, topic, partition }: LogPartition,
  entry: { readonly seq: number; readonly value: Uint8Array },
  error: string,
  nowMs: number,
): Promise<void> {
  await transaction.query({
    name: 'dead_letter.insert',
    text: `
      insert into dead_letter (log_id, topic, partition, seq, value, error, failed_ms) values ($1, $2, $3, $4, $5, $6, $7)
      on conflict do nothing`,
    values: [logId, topic, partition, entry.seq, Buffer.from(entry.value), error, nowMs],
  });
}
