import { toListSettings } from '../lists/index.ts';
import type { CredentialReader } from '../secrets/index.ts';
import type { Account, ApiKey, List } from './directory-types.ts';
import { toAccountSettings } from './settings-defaults.ts';
import type { DirectoryRows } from '../store/directory-store.ts';

/** Everything of one version of the directory, ready for look-up. */
export interface Snapshot {
  readonly version: number;
  readonly accounts: ReadonlyMap<string, Account>;
  /** By the SHA-256 of the secret, hexadecimal. */
  readonly keys: ReadonlyMap<string, ApiKey>;
  readonly lists: ReadonlyMap<number, List>;
  readonly listsByNumber: ReadonlyMap<string, List>;
  readonly listsByV1Id: ReadonlyMap<string, List>;
  readonly listsByAccount: ReadonlyMap<string, readonly List[]>;
  readonly liveLists: readonly List[];
  /** Events that endpoints subscribe to, `*` for all, by account. */
  readonly wantedEvents: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Keys of deleted accounts are left out; revoked ones are not in the rows. */
export function toSnapshot(rows: DirectoryRows, readCredentials: CredentialReader): Snapshot {
  const open = readCredentials(rows.dataKeys);
  const accounts = new Map(
    rows.accounts.map((row): [string, Account] => [row.id, { ...row, settings: toAccountSettings(row.settings) }]),
  );
  const lists = rows.lists.map((row): List => ({
    ...row,
    credentials: open(row.id, row.credentials),
    settings: toListSettings(row.settings, row.number),
  }));
  const liveLists = lists.filter((list) => list.status !== 'deleted');
  return {
    version: rows.version,
    accounts,
    keys: new Map(
      rows.keys
        .filter((row) => accounts.has(row.accountId) && accounts.get(row.accountId)?.status !== 'deleted')
        .map(({ keyHash, allowedListIds, ...row }): [string, ApiKey] => [
          keyHash,
          { ...row, allowedListIds: allowedListIds === null ? null : new Set(allowedListIds) },
        ]),
    ),
    lists: new Map(lists.map((list) => [list.id, list])),
    listsByNumber: new Map(liveLists.map((list) => [list.number, list])),
    listsByV1Id: new Map(lists.map((list) => [list.v1Id, list])),
    listsByAccount: groupByAccount(lists),
    liveLists,
    wantedEvents: new Map(rows.wantedEvents.map(({ accountId, events }) => [accountId, new Set(events)])),
  };
}

function groupByAccount(lists: readonly List[]): Map<string, List[]> {
  const groups = new Map<string, List[]>();
  for (const list of lists) {
    const group = groups.get(list.accountId);
    if (group === undefined) groups.set(list.accountId, [list]);
    else group.push(list);
  }
  return groups;
}
