import { type Clock, MINUTE_MS } from '../lib/clock.ts';
import { countDeadLetters, readDoubts, readLeases } from '../store/health-store.ts';
import type { Pool } from '../store/pool.ts';
import { healthy, type HealthCheck, unhealthy } from './health-check.ts';

/** A worker that lives says so more often. */
const WORKER_SEEN_MS = MINUTE_MS;
/** Others take what a dead worker held within seconds of the end of its lease. */
const EXPIRED_GRACE_MS = 2 * MINUTE_MS;

export interface WorkDeps {
  readonly pool: Pool;
  readonly clock: Clock;
}

/** Work that a process holds, work that nobody takes up, messages in doubt, and log entries that were set aside. */
export async function checkWork({ pool, clock }: WorkDeps): Promise<HealthCheck[]> {
  const nowMs = clock();
  const times = { nowMs, seenSinceMs: nowMs - WORKER_SEEN_MS, expiredBeforeMs: nowMs - EXPIRED_GRACE_MS };
  const [leases, doubts] = [await readLeases(pool, times), await readDoubts(pool)];
  const since = doubts.oldestMs === null ? '' : `, the oldest since ${new Date(doubts.oldestMs).toISOString()}`;
  return [
    toLeaseCheck(leases),
    healthy('in_doubt', `${count(doubts.count, 'message')} in doubt${since}.`, { count: doubts.count }),
    toDeadLetterCheck(await countDeadLetters(pool)),
  ];
}

export function toLeaseCheck(leases: { workers: number; held: number; expired: number }): HealthCheck {
  const { workers, held, expired } = leases;
  const running = `${workers === 0 ? 'No server' : count(workers, 'process', 'es')} seen in the last minute`;
  const details = { workers, held, expired };
  if (expired === 0) return healthy('leases', `${running}, ${count(held, 'lease')} held.`, details);
  const text = `${running}, ${count(expired, 'lease')} of dead processes left over.`;
  if (workers === 0) return healthy('leases', `${text} The next start takes them up.`, details);
  return unhealthy('leases', text, 'Restart the processes with the role pipeline and read their log.', details);
}

export function toDeadLetterCheck(deadLetters: number): HealthCheck {
  if (deadLetters === 0) return healthy('dead_letters', 'No entry of the log had to be set aside.', { count: 0 });
  const text = `${deadLetters} ${deadLetters === 1 ? 'entry' : 'entries'} of the log could not be processed.`;
  return unhealthy('dead_letters', text, 'Read the server log and the table dead_letter, and report it as a bug.', {
    count: deadLetters,
  });
}

function count(number: number, noun: string, plural = 's'): string {
  return `${number} ${noun}${number === 1 ? '' : plural}`;
}
