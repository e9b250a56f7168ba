import { hostname } from 'node:os';
import type { Config, Role } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { DisposalStack } from '../lib/disposal-stack.ts';
import type { Log } from '../log/log.ts';
import { SHARE_LEASE_MS, createPartitionLeases, ownsEverything } from '../store/partition-leases.ts';
import type { Pool } from '../store/pool.ts';
import { forgetWorker, registerWorker, touchWorker } from '../store/worker-store.ts';
import * as webhooks from '../webhooks/index.ts';
import type { Limits } from './limits.ts';

interface WorkerDeps {
  readonly config: Config;
  readonly limits: Limits;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export async function startWorker(building: DisposalStack, deps: WorkerDeps): Promise<number> {
  const { config, limits, pool, clock, onError } = deps;
  const { shareLeaseMs = SHARE_LEASE_MS } = limits;
  const roles = [...config.roles].join(',');
  const workerId = await registerWorker(pool, { host: hostname(), pid: process.pid, roles, nowMs: clock() });
  const heartbeat = setInterval(() => {
    touchWorker(pool, workerId, clock()).catch(onError);
  }, shareLeaseMs / 2);
  building.defer(async () => {
    clearInterval(heartbeat);
    await forgetWorker(pool, workerId).catch(onError);
  });
  return workerId;
}

interface Shares {
  /** Lists that this process sends for. */
  readonly lists: (listId: number) => boolean;
  /** Partitions of the log that it lands, and that it applies. */
  readonly log: (partition: number) => boolean;
  readonly events: (partition: number) => boolean;
  /** Shares of the endpoints that it delivers to. */
  readonly webhooks: (share: number) => boolean;
}

/** Lists are shared out by their id modulo this. */
const LIST_PARTITIONS = 64;

/**
 * Several processes on one database share lists and partitions of the log by lease. The embedded database has one
 * process, whose lock on the data folder makes everything its own.
 */
export async function shareWork(
  building: DisposalStack,
  {
    config,
    limits,
    pool,
    clock,
    onError,
    workerId,
    log,
  }: WorkerDeps & { readonly workerId: number; readonly log: Log },
): Promise<Shares> {
  if (config.databaseUrl === null) {
    return { lists: ownsEverything, log: ownsEverything, events: ownsEverything, webhooks: ownsEverything };
  }
  async function share(kind: string, role: Role, partitions: number): Promise<(partition: number) => boolean> {
    const sharing = { pool, kind, partitions, workerId, role, clock, onError, leaseMs: limits.shareLeaseMs };
    const leases = building.use(createPartitionLeases(sharing));
    if (config.roles.has(role)) await leases.start();
    return (partition) => leases.owns(partition);
  }
  // A log in a data folder of one process is read by that process alone.
  const isLocal = log.name === 'lmdb';
  const ofList = await share('lists', 'pipeline', LIST_PARTITIONS);
  return {
    lists: (listId) => ofList(listId % LIST_PARTITIONS),
    log: isLocal ? ownsEverything : await share('log outbound', 'api', log.partitions),
    events: isLocal ? ownsEverything : await share('log events', 'pipeline', log.partitions),
    webhooks: await share('webhooks', 'scheduler', webhooks.ENDPOINT_SHARES),
  };
}
