import type { Caller, Directory, List } from './directory-types.ts';

export interface SetupStatus {
  readonly setup: {
    readonly connection: { readonly ok: true };
    readonly sender: { readonly lists_active: number; readonly lists_verified: number };
    /** Not known while billing is not enforced. */
    readonly billing: { readonly configured: null; readonly status: 'unknown' };
    /** Sends that wait for a person; no key can make any yet. */
    readonly recent_holds: { readonly total: number; readonly count_limited: boolean };
    readonly recent_hold_search_limited: boolean;
    readonly latest_hold: null;
    /** What is left to do, in words; empty when the account can send. */
    readonly next_steps: readonly string[];
  };
}

/** Whether the caller's account is ready to send, and what is missing. */
export function getSetupStatus(
  { directory }: { readonly directory: Pick<Directory, 'listsOf'> },
  { account }: Caller,
): SetupStatus {
  const lists = directory.listsOf(account.id).filter((list) => list.status !== 'deleted');
  const active = lists.filter((list) => list.status === 'active');
  return {
    setup: {
      connection: { ok: true },
      sender: { lists_active: active.length, lists_verified: active.filter((list) => list.verified).length },
      billing: { configured: null, status: 'unknown' },
      recent_holds: { total: 0, count_limited: false },
      recent_hold_search_limited: false,
      latest_hold: null,
      next_steps: toNextSteps(active),
    },
  };
}

function toNextSteps(active: readonly List[]): string[] {
  if (active.length === 0) return ['Create a list, or set one to active.'];
  return active.filter((list) => !list.verified).map((list) => `Verify list ${list.id}.`);
}
