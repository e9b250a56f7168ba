import type { Pool } from './pool.ts';

/**
 * Ends sessions whose process has stopped in the middle of a COPY, and with them their locks; returns how many. The
 * server's limits do not do that: the session is not idle, and a statement that reads from its client is not cancelled.
 * @param waitingMs how long ago such a COPY began; ours take milliseconds
 */
export async function endStuckCopies(pool: Pool, waitingMs: number): Promise<number> {
  const { rows } = await pool.query<{ ended: boolean }>({
    name: 'session.end_stuck_copies',
    text: `
      select pg_terminate_backend(pid) as ended from pg_stat_activity
      where datname = current_database() and usename = current_user and application_name like 'trackly %'
        and state = 'active' and wait_event = 'ClientRead' and query ilike 'copy %'
        and query_start < clock_timestamp() - $1::double precision * interval '1 millisecond'`,
    values: [waitingMs],
  });
  return rows.length;
}
