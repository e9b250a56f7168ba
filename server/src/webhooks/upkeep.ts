import { DAY_MS } from '../lib/clock.ts';
import { toTimePrefix } from '../lib/timed-id.ts';
import type { Pool } from '../store/pool.ts';
import { purgeDeliveries } from '../store/webhook-delivery-store.ts';
import { pauseFailing } from '../store/webhook-endpoint-store.ts';

const KEPT_MS = 30 * DAY_MS;
const FAILING_MS = 5 * DAY_MS;

/**
 * Pauses endpoints that have only failed for five days, and removes deliveries of over 30 days and of endpoints that are
 * gone. Any number of times, in any number of processes.
 */
export async function keepWebhooks(pool: Pool, nowMs: number): Promise<void> {
  await pauseFailing(pool, nowMs - FAILING_MS);
  await purgeDeliveries(pool, toTimePrefix(nowMs - KEPT_MS));
}
