import { healthy, type HealthCheck, unhealthy } from './health-check.ts';

/** What of the log can be told from outside: entries that are durable and not in the database yet. */
export interface LogFacts {
  readonly engine: string;
  /** null: the log cannot be read from here. */
  readonly backlog: number | null;
  /** Why it cannot. */
  readonly reason: string | null;
}

/** More than this waits only when nothing lands any more. */
const MAX_BACKLOG = 10_000;

export function toBacklogCheck({ engine, backlog, reason }: LogFacts): HealthCheck {
  const details = { engine, backlog };
  if (backlog === null) return healthy('log', `Log ${engine}: ${reason ?? 'it cannot be read from here'}.`, details);
  const text = `Log ${engine}: ${backlog} ${backlog === 1 ? 'entry waits' : 'entries wait'} to get into the database.`;
  if (backlog <= MAX_BACKLOG) return healthy('log', text, details);
  return unhealthy('log', text, 'See that a process with the role pipeline runs, and read its log.', details);
}
