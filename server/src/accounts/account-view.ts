import type { StoredAccount, StoredKey } from '../store/account-store.ts';

/** An account as the operator's commands show it. */
export interface AccountView {
  readonly id: string;
  readonly name: string;
  readonly owner_email: string | null;
  readonly status: StoredAccount['status'];
  readonly created_at: string;
}

/** A key without its secret. */
export interface KeyView {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly status: StoredKey['status'];
  readonly sandbox: boolean;
  readonly send_policy: { readonly require_confirmation: boolean };
  readonly allowed_list_ids: readonly number[] | null;
  readonly created_at: string;
  readonly last_used_at: string | null;
}

export function toAccountView(account: StoredAccount): AccountView {
  return {
    id: account.id,
    name: account.name,
    owner_email: account.ownerEmail,
    status: account.status,
    created_at: new Date(account.createdMs).toISOString(),
  };
}

export function toKeyView(key: StoredKey): KeyView {
  return {
    id: key.id,
    account_id: key.accountId,
    name: key.name,
    status: key.status,
    sandbox: key.sandbox,
    send_policy: { require_confirmation: key.requireConfirmation },
    allowed_list_ids: key.allowedListIds,
    created_at: new Date(key.createdMs).toISOString(),
    last_used_at: key.lastUsedMs === null ? null : new Date(key.lastUsedMs).toISOString(),
  };
}
