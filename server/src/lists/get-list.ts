import type { Caller, Directory } from '../accounts/index.ts';
import { readCarrierHealth } from '../store/carrier-health-store.ts';
import { countContacts, readStoredSettings } from '../store/list-store.ts';
import type { Pool } from '../store/pool.ts';
import { findOwnList } from './find-own-list.ts';
import { toListHealth } from './list-health.ts';
import { withListDefaults } from './list-settings.ts';
import { toListView } from './list-view.ts';
import type { ListView } from './list-view-schemas.ts';

export interface ListReaderDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'list' | 'listByV1Id' | 'listsOf'>;
}

/**
 * One list of the caller's account, with its settings.
 * @throws AppError `not_found` for an id (integer or `pn_...`) that is unknown, malformed, foreign or of a deleted list
 */
export async function getList(deps: ListReaderDeps, caller: Caller, input: { id: string }): Promise<ListView> {
  const list = findOwnList(deps, caller, input.id);
  const [counts, stored, health] = await Promise.all([
    countContacts(deps.pool, [list.id]),
    readStoredSettings(deps.pool, list.id),
    readCarrierHealth(deps.pool, list.id),
  ]);
  return {
    ...toListView(list, withListDefaults(stored, list.number), counts.get(list.id) ?? 0, caller.key),
    carrier_health: toListHealth(health),
  };
}
