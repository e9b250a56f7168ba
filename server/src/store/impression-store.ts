import type { Pool } from './pool.ts';

/** Somebody looked at a page where people subscribe. */
export interface Impression {
  readonly listId: number;
  readonly page: 'hosted' | 'link';
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  /** What was shown. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

export async function insertImpression(pool: Pool, impression: Impression, nowMs: number): Promise<void> {
  await pool.query({
    name: 'opt_in_impression.insert',
    text: `insert into opt_in_impression (list_id, page, ip_address, user_agent, configuration, at_ms)
           values ($1, $2, $3, $4, $5, $6)`,
    values: [
      impression.listId,
      impression.page,
      impression.ipAddress,
      impression.userAgent,
      JSON.stringify(impression.configuration),
      nowMs,
    ],
  });
}

/** Returns how many were removed. */
export async function purgeImpressions(pool: Pool, beforeMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'opt_in_impression.purge',
    text: 'delete from opt_in_impression where at_ms < $1',
    values: [beforeMs],
  });
  return rowCount ?? 0;
}
