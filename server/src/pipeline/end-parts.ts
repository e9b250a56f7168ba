import type { CarrierEvents } from '../carriers/carrier.ts';
import { numberToPhone } from '../lib/e164.ts';
import { deleteParts, loadStaleParts, toTexts } from '../store/inbound-part-store.ts';
import type { Pool } from '../store/pool.ts';

export interface EndPartsDeps {
  readonly pool: Pool;
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
}

const TEXTS_AT_ONCE = 1_000;

/**
 * Makes texts, with their gaps marked, of parts whose last one came before, and sends them the way of all texts: even half
 * a text may be an opt-out. The log has them before the parts are gone; a text that comes twice by that counts once, because
 * it has the id of its first part.
 *
 * @returns how many texts
 */
export async function endParts({ pool, onEvents }: EndPartsDeps, lastCameBeforeMs: number): Promise<number> {
  let ended = 0;
  for (;;) {
    const parts = await loadStaleParts(pool, { lastCameBeforeMs, limit: TEXTS_AT_ONCE });
    if (parts.length === 0) return ended;
    for (const listId of new Set(parts.map((part) => part.listId))) {
      const inbound = toTexts(parts.filter((part) => part.listId === listId)).map(
        ({ id, phone, body, receivedMs }) => ({
          id,
          from: numberToPhone(phone),
          to: '',
          text: body,
          atMs: receivedMs,
        }),
      );
      await onEvents({ listId, reports: [], inbound });
      ended += inbound.length;
    }
    await deleteParts(pool, parts);
  }
}
