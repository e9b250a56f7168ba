import type { Pool } from './pool.ts';

/** Reports that matched no message for so long never will. Returns how many were removed. */
export async function purgeParkedReports(pool: Pool, parkedBeforeMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'parked_report.purge',
    text: 'delete from parked_report where parked_ms < $1',
    values: [parkedBeforeMs],
  });
  return rowCount ?? 0;
}

/** Carrier ids whose receipts are no longer waited for. */
export async function purgeCarrierRefs(pool: Pool, createdBeforeMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'carrier_ref.purge',
    text: 'delete from carrier_ref where created_ms < $1',
    values: [createdBeforeMs],
  });
  return rowCount ?? 0;
}
