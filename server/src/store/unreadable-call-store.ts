import type { Pool } from './pool.ts';

/** A carrier's call that is genuine and says nothing that we understand. */
export interface UnreadableCallRow {
  readonly carrier: string;
  readonly accountId: string;
  readonly contentType: string | null;
  readonly body: Buffer;
}

/** Keeps a call as it came. */
export async function insertUnreadableCall(pool: Pool, call: UnreadableCallRow, nowMs: number): Promise<void> {
  await pool.query({
    name: 'unreadable_call.insert',
    text: `insert into unreadable_call (carrier, account_id, content_type, body, received_ms)
           values ($1, $2, $3, $4, $5)`,
    values: [call.carrier, call.accountId, call.contentType, call.body, nowMs],
  });
}

/** Returns how many were removed. */
export async function purgeUnreadableCalls(pool: Pool, receivedBeforeMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'unreadable_call.purge',
    text: 'delete from unreadable_call where received_ms < $1',
    values: [receivedBeforeMs],
  });
  return rowCount ?? 0;
}
