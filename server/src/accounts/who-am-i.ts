import type { Caller } from './directory-types.ts';

export interface WhoAmI {
  readonly account: { readonly id: string; readonly name: string; readonly status: string };
  readonly api_key: {
    readonly id: string;
    readonly name: string;
    readonly sandbox: boolean;
    readonly status: string;
    readonly send_policy: { readonly require_confirmation: boolean };
    readonly allowed_list_ids: readonly number[] | null;
  };
}

/** The calling key and its account. */
export function whoAmI({ account, key }: Caller): WhoAmI {
  return {
    account: { id: account.id, name: account.name, status: account.status },
    api_key: {
      id: key.id,
      name: key.name,
      sandbox: key.sandbox,
      status: key.status,
      send_policy: { require_confirmation: key.requireConfirmation },
      allowed_list_ids: key.allowedListIds === null ? null : [...key.allowedListIds].sort((a, b) => a - b),
    },
  };
}
