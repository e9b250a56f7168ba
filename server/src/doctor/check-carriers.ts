import { explainDetail } from '../lists/index.ts';
import { readListsDown } from '../store/carrier-health-store.ts';
import type { Pool } from '../store/pool.ts';
import { healthy, type HealthCheck, unhealthy } from './health-check.ts';

/** Active lists of which nothing got through to their carrier when they last sent, each a problem of its own. */
export async function checkCarriers({ pool }: { readonly pool: Pool }): Promise<HealthCheck[]> {
  const down = await readListsDown(pool);
  if (down.length === 0) return [healthy('carriers', 'No list was cut off from its carrier when it last sent.')];
  return down.map(({ listId, number, type, detail, code, atMs }) => {
    const when = atMs === null ? '' : ` at ${new Date(atMs).toISOString()}`;
    const reason = explainDetail(detail === 'CARRIER_UNAVAILABLE' ? (code ?? detail) : detail);
    const text = `List ${listId}, ${number}: nothing got through to ${type}${when}: ${reason}`;
    return unhealthy('carriers', text, `Mend it, then \`trackly carriers check ${listId}\`.`, { listId, detail, code });
  });
}
