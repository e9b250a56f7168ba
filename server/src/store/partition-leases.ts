import type { Clock } from '../lib/clock.ts';
import { pause } from '../lib/pause.ts';
import type { Pool } from './pool.ts';

export interface PartitionLeasesOptions {
  readonly pool: Pool;
  /** What is shared out, such as `lists`. */
  readonly kind: string;
  readonly partitions: number;
  readonly workerId: number;
  /** Processes with this role share it. */
  readonly role: string;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Default 15,000. */
  readonly leaseMs?: number | undefined;
}

/** This process's share of something that several processes work on, each partition by one of them at a time. */
export interface PartitionLeases {
  /** False from the moment the lease could have run out, whether the database answers or not. */
  owns(partition: number): boolean;
  start(): Promise<void>;
  /** Gives the share back, so that others need not wait. */
  [Symbol.asyncDispose](): Promise<void>;
}

export const SHARE_LEASE_MS = 15_000;
const RENEWALS_A_LEASE = 5;
/** A process that was not seen for so many leases has no share. */
const GONE_LEASES = 2;

export function createPartitionLeases(options: PartitionLeasesOptions): PartitionLeases {
  const { clock, leaseMs = SHARE_LEASE_MS } = options;
  const stopping = new AbortController();
  let held: ReadonlySet<number> = new Set();
  let heldUntilMs = 0;
  let renewing: Promise<void> = Promise.resolve();

  async function renew(): Promise<void> {
    const nowMs = clock();
    const share = await renewShare(options, nowMs, leaseMs);
    held = new Set(share);
    heldUntilMs = nowMs + leaseMs;
  }

  async function keepRenewing(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(leaseMs / RENEWALS_A_LEASE, stopping.signal);
      if (!stopping.signal.aborted) await renew().catch(options.onError);
    }
  }

  return {
    owns: (partition) => clock() < heldUntilMs && held.has(partition),
    async start() {
      await renew();
      renewing = keepRenewing();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await renewing;
      held = new Set();
      await releaseShare(options).catch(options.onError);
    },
  };
}

/** Renews what this worker holds, lets go of what is over its fair share, and takes what is free up to it. */
async function renewShare(
  { pool, kind, partitions, workerId, role }: PartitionLeasesOptions,
  nowMs: number,
  leaseMs: number,
): Promise<number[]> {
  const { rows } = await pool.query<{ partition: number }>({
    name: 'partition_lease.renew',
    text: `
      with alive as (
        select greatest(count(*), 1) as workers from worker
        where seen_ms > $7::bigint and string_to_array(roles, ',') @> array[$6::text]
      ), fair as (
        select ceil($3::numeric / workers)::integer as share from alive
      ), mine as (
        select partition, row_number() over (order by partition) as place
        from partition_lease where kind = $1 and worker_id = $2 and until_ms > $4
      ), kept as (
        update partition_lease l
        set until_ms = case when mine.place <= fair.share then $5::bigint else 0 end
        from mine, fair where l.kind = $1 and l.partition = mine.partition and l.worker_id = $2
        returning l.partition, mine.place <= fair.share as keeps
      ), free as (
        select p as partition from generate_series(0, $3::integer - 1) p
        where not exists (select from partition_lease l where l.kind = $1 and l.partition = p and l.until_ms > $4)
        order by random()
        limit (select greatest(share - (select count(*) from mine), 0) from fair)
      ), taken as (
        insert into partition_lease as l (kind, partition, worker_id, fence, until_ms)
        -- In one order in all processes: those that start at once wait for each other and not in a circle.
        select $1, partition, $2, 1, $5 from free order by partition
        on conflict (kind, partition) do update
          set worker_id = $2, fence = l.fence + 1, until_ms = $5 where l.until_ms <= $4
        returning partition
      )
      select partition from kept where keeps union all select partition from taken`,
    values: [kind, workerId, partitions, nowMs, nowMs + leaseMs, role, nowMs - GONE_LEASES * leaseMs],
  });
  return rows.map((row) => row.partition);
}

async function releaseShare({ pool, kind, workerId }: PartitionLeasesOptions): Promise<void> {
  await pool.query({
    name: 'partition_lease.release',
    text: 'update partition_lease set until_ms = 0 where kind = $1 and worker_id = $2',
    values: [kind, workerId],
  });
}

/** For a process that is alone on its database: everything is its own. */
export function ownsEverything(): boolean {
  return true;
}
