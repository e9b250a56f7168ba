import type { Queryable } from './queryable.ts';

export interface DatabaseFacts {
  readonly version: string;
  /** Epoch milliseconds by the clock of the database. */
  readonly nowMs: number;
}

export async function readDatabaseFacts(db: Queryable): Promise<DatabaseFacts> {
  const { rows } = await db.query<{ version: string; now: number }>({
    name: 'health.database',
    text: `select current_setting('server_version') as version,
             floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`,
  });
  return { version: rows[0]?.version ?? 'unknown', nowMs: rows[0]?.now ?? 0 };
}

export interface LeaseFacts {
  /** Processes that were seen since `seenSinceMs`. */
  readonly workers: number;
  /** Claimed batches and submissions under a lease that holds. */
  readonly held: number;
  /** Claimed batches and submissions whose lease is over: their worker died and nobody took them yet. */
  readonly expired: number;
}

/** @param expiredBeforeMs leases that ended later are about to be taken by others and are not counted */
export async function readLeases(
  db: Queryable,
  times: { readonly seenSinceMs: number; readonly nowMs: number; readonly expiredBeforeMs: number },
): Promise<LeaseFacts> {
  const { rows } = await db.query<LeaseFacts>({
    name: 'health.leases',
    text: `
      with lease as (
        select lease_until_ms as until_ms from outbound_batch where worker_id is not null
        union all
        select lease_until_ms from submission
      )
      select (select count(*) from worker where seen_ms >= $2) as workers,
        count(*) filter (where until_ms >= $1) as held,
        count(*) filter (where until_ms < $3) as expired
      from lease`,
    values: [times.nowMs, times.seenSinceMs, times.expiredBeforeMs],
  });
  return rows[0] ?? { workers: 0, held: 0, expired: 0 };
}

export interface DoubtFacts {
  readonly count: number;
  /** null: there is none. */
  readonly oldestMs: number | null;
}

export async function readDoubts(db: Queryable): Promise<DoubtFacts> {
  const { rows } = await db.query<DoubtFacts>({
    name: 'health.in_doubt',
    text: 'select count(*) as count, min(since_ms) as "oldestMs" from in_doubt',
  });
  return rows[0] ?? { count: 0, oldestMs: null };
}

/** Entries of the log in the database that have not landed or been applied yet. */
export async function readPostgresBacklog(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ waiting: number }>({
    name: 'health.postgres_backlog',
    text: `
      select coalesce(sum(greatest(head.seq - coalesce(log_cursor.seq, 0), 0)), 0)::bigint as waiting
      from log_head head left join (log_cursor join log_identity on log_identity.id = log_cursor.log_id)
        on log_cursor.topic = head.topic and log_cursor.partition = head.partition`,
  });
  return rows[0]?.waiting ?? 0;
}

/** How far one partition of a log has been landed or applied. 0: nothing yet. */
export async function readLogCursor(db: Queryable, logId: string, topic: string, partition: number): Promise<number> {
  const { rows } = await db.query<{ seq: number }>({
    name: 'health.log_cursor',
    text: 'select seq from log_cursor where log_id = $1 and topic = $2 and partition = $3',
    values: [logId, topic, partition],
  });
  return rows[0]?.seq ?? 0;
}

/** Log entries that were set aside because they failed again and again. */
export async function countDeadLetters(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'health.dead_letters',
    text: 'select count(*) as count from dead_letter',
  });
  return rows[0]?.count ?? 0;
}
