import type { Clock } from '../lib/clock.ts';
import { readDatabaseFacts } from '../store/health-store.ts';
import type { Pool } from '../store/pool.ts';
import { healthy, type HealthCheck, unhealthy } from './health-check.ts';

const MAX_DRIFT_MS = 2_000;

export interface DatabaseDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Where the database is, safe to print. */
  readonly location: string;
  /** Names of migrations that are not applied yet. */
  readonly pendingMigrations: readonly string[];
}

/** The engine, its schema, and its clock against ours. */
export async function checkDatabase(deps: DatabaseDeps): Promise<HealthCheck[]> {
  const beforeMs = deps.clock();
  const facts = await readDatabaseFacts(deps.pool);
  const ownMs = (beforeMs + deps.clock()) / 2;
  const details = { version: facts.version, location: deps.location };
  return [
    healthy('database', `PostgreSQL ${facts.version}, ${deps.location}.`, details),
    toMigrationCheck(deps.pendingMigrations),
    toClockCheck(Math.round(facts.nowMs - ownMs)),
  ];
}

function toMigrationCheck(pending: readonly string[]): HealthCheck {
  if (pending.length === 0) return healthy('migrations', 'All migrations are applied.', { pending });
  const text = `Not applied: ${pending.join(', ')}.`;
  return unhealthy('migrations', text, 'Run `trackly migrate`.', { pending });
}

/** @param driftMs what the database's clock is ahead of ours */
export function toClockCheck(driftMs: number): HealthCheck {
  const details = { drift_ms: driftMs };
  const text = `Our clock and the database's are ${Math.abs(driftMs)} ms apart.`;
  if (Math.abs(driftMs) <= MAX_DRIFT_MS) return healthy('clock', text, details);
  return unhealthy('clock', text, 'Set both machines by NTP: leases and due times depend on the clock.', details);
}
