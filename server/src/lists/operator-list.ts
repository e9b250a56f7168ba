import { withListDefaults, type ListSettingsView } from './list-settings.ts';
import type { ListRow as StoredList } from '../store/directory-store.ts';

/** A list as the operator's commands show it. Credentials stay out. */
export interface OperatorList {
  readonly id: number;
  readonly v1_id: string;
  readonly account_id: string;
  readonly phone_number: string;
  readonly brand_name: string | null;
  readonly list_name: string;
  readonly list_type: string;
  readonly status: StoredList['status'];
  readonly is_byoc: boolean;
  readonly verified: boolean;
  readonly created_at: string;
  readonly settings: ListSettingsView;
}

export function toOperatorList(list: StoredList): OperatorList {
  return {
    id: list.id,
    v1_id: list.v1Id,
    account_id: list.accountId,
    phone_number: list.number,
    brand_name: list.brandName,
    list_name: list.listName,
    list_type: list.type,
    status: list.status,
    is_byoc: list.isByoc,
    verified: list.verified,
    created_at: new Date(list.createdMs).toISOString(),
    settings: withListDefaults(list.settings, list.number),
  };
}
