import type { ApiKey, List } from '../accounts/index.ts';
import type { ListSettingsView } from './list-settings.ts';
import type { ListRow, ListView } from './list-view-schemas.ts';

/** The JSON of a list in a list of lists. `key`: the calling one; null: the operator. */
export function toListRow(list: List, contactCount: number, key: ApiKey | null): ListRow {
  return {
    id: list.id,
    phone_number: list.number,
    brand_name: list.brandName,
    list_name: list.listName,
    list_type: list.type,
    status: list.status,
    contact_count: contactCount,
    created_at: new Date(list.createdMs).toISOString(),
    v1_id: list.v1Id,
    is_byoc: list.isByoc,
    verified: list.verified,
    key_policy_hint: { allowed_by_key: key === null || key.allowedListIds === null || key.allowedListIds.has(list.id) },
  };
}

/** The JSON of one list. Of credentials only the names are shown. */
export function toListView(
  list: List,
  settings: ListSettingsView,
  contactCount: number,
  key: ApiKey | null,
): Omit<ListView, 'carrier_health'> {
  const credentials = Object.fromEntries(
    Object.keys(list.credentials ?? {}).map((name): [string, '***'] => [name, '***']),
  );
  return { ...toListRow(list, contactCount, key), settings, credentials };
}
