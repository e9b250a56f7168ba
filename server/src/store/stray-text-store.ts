import type { Pool } from './pool.ts';

/** A text to a number that is no list of the account. */
export interface StrayText {
  readonly carrier: string;
  readonly accountId: string;
  /** The number as the carrier named it. */
  readonly ownNumber: string;
  readonly phone: string;
  readonly body: string;
}

export async function insertStrayText(pool: Pool, text: StrayText, nowMs: number): Promise<void> {
  await pool.query({
    name: 'stray_text.insert',
    text: `insert into stray_text (carrier, account_id, own_number, phone, body, received_ms)
           values ($1, $2, $3, $4, $5, $6)`,
    values: [text.carrier, text.accountId, text.ownNumber, text.phone, text.body.replaceAll('\u0000', '\uFFFD'), nowMs],
  });
}

/** Returns how many were removed. */
export async function purgeStrayTexts(pool: Pool, receivedBeforeMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'stray_text.purge',
    text: 'delete from stray_text where received_ms < $1',
    values: [receivedBeforeMs],
  });
  return rowCount ?? 0;
}
