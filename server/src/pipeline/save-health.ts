import { DAY_MS, type Clock } from '../lib/clock.ts';
import type { CarrierHealth, SendingHealth } from '../observe/carrier-health.ts';
import { addReceiptCounts, saveSendingHealth, type StoredSending } from '../store/carrier-health-store.ts';
import type { Pool } from '../store/pool.ts';

const EVERY_MS = 2_000;

export interface HealthSaverDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly health: Pick<CarrierHealth, 'takeChanges'>;
  readonly onError: (error: unknown) => void;
}

/**
 * Writes the health of lists where other processes read it, a few seconds late. What cannot be written is lost: it is for
 * people, and the next change says more.
 */
export function startHealthSaver({ pool, clock, health, onError }: HealthSaverDeps): AsyncDisposable {
  async function save(): Promise<void> {
    const { sending, receipts } = health.takeChanges();
    const nowMs = clock();
    const counts = [...receipts].map(([listId, count]) => ({ listId, ...count }));
    await saveSendingHealth(pool, [...sending].map(toStored), nowMs);
    await addReceiptCounts(pool, counts, { nowMs, sinceMs: nowMs - DAY_MS });
  }
  let saving = Promise.resolve();
  const trySave = (): Promise<void> => (saving = saving.then(save).catch(onError));
  const timer = setInterval(() => void trySave(), EVERY_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await trySave();
    },
  };
}

function toStored([listId, { state, inFlight, lastError, lastSuccessMs }]: [number, SendingHealth]): StoredSending {
  return {
    listId,
    state,
    inFlight,
    lastErrorDetail: lastError?.detail ?? null,
    lastErrorCode: lastError?.code ?? null,
    lastErrorMs: lastError?.atMs ?? null,
    lastSuccessMs,
  };
}
