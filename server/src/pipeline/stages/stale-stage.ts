import { MINUTE_MS } from '../../lib/clock.ts';
import { ANSWER_WITHIN_MS } from '../../inbound/index.ts';
import { SOURCES } from '../batch.ts';
import { drop, keep, type Stage } from '../stage.ts';

/**
 * Step 7: drops what has waited longer than the list allows since the last of creation, send time and the end of a hold. A message that was
 * tried before has failed: its carrier could not be reached for so long. An automatic answer is of use for five minutes.
 */
export function createStaleStage(): Stage {
  return {
    name: 'stale',
    run(batch) {
      const limitMs = (batch.list?.settings.staleMinutes ?? 0) * MINUTE_MS;
      keep(batch, 'stale', (message) => {
        const waitingSinceMs = Math.max(message.createdMs, message.sendAtMs ?? 0, message.heldUntilMs ?? 0);
        const ownLimitMs = message.source === SOURCES.system ? Math.min(limitMs, ANSWER_WITHIN_MS) : limitMs;
        if (batch.nowMs - waitingSinceMs <= ownLimitMs) return undefined;
        if (message.attempt > 0) return { outcome: { state: 'failed', reason: 'CARRIER_UNAVAILABLE' } };
        return drop('stale');
      });
    },
  };
}
