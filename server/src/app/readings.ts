import type { createMetrics } from '../observe/metrics.ts';
import { type Metrics } from '../observe/metrics.ts';
import type { Accept } from '../pipeline/index.ts';
import type { LogReader } from '../pipeline/log-reader.ts';
import { toMessageState } from '../pipeline/message-state.ts';
import { sumCounts } from '../store/message-count-store.ts';
import type { Pool } from '../store/pool.ts';
import { countWaiting } from '../store/webhook-delivery-store.ts';

/** What is counted for a metric, at the most. */
const MOST_COUNTED = 100_000;

export function readingsOf(
  pool: Pool,
  readers: { land: LogReader; apply: LogReader },
): Pick<Parameters<typeof createMetrics>[0], 'messagesByState' | 'logBacklog' | 'webhooksWaiting'> {
  return {
    async messagesByState() {
      const byState = new Map<string, number>();
      for (const { state, count } of await sumCounts(pool)) {
        byState.set(state < 0 ? 'accepted' : toMessageState(state), count);
      }
      return byState;
    },
    async logBacklog() {
      return { outbound: await readers.land.backlog(), events: await readers.apply.backlog() };
    },
    webhooksWaiting: () => countWaiting(pool, MOST_COUNTED),
  };
}

/** Counts what it lets through. */
export function counted(accept: Accept, metrics: Pick<Metrics, 'onAccepted'>): Accept {
  return {
    async accept(source, simulated, items) {
      const numbers = await accept.accept(source, simulated, items);
      metrics.onAccepted(numbers.length);
      return numbers;
    },
    async acceptRows(source, simulated, rows) {
      const first = await accept.acceptRows(source, simulated, rows);
      metrics.onAccepted(rows.count);
      return first;
    },
    async acceptWithin(transaction, source, simulated, items) {
      const numbers = await accept.acceptWithin(transaction, source, simulated, items);
      metrics.onAccepted(numbers.length);
      return numbers;
    },
  };
}
