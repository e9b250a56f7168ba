import type { SealedKey } from './installation-store.ts';
import type { Queryable } from './queryable.ts';

export interface DirectoryRows {
  /** Grows with every change of what is below. */
  readonly version: number;
  readonly accounts: readonly AccountRow[];
  /** Revoked ones are left out. */
  readonly keys: readonly KeyRow[];
  /** By id, deleted ones too. */
  readonly lists: readonly ListRow[];
  /** What the credentials of the lists are sealed with, by version. */
  readonly dataKeys: readonly SealedKey[];
  /** Of accounts with endpoints that are not disabled. */
  readonly wantedEvents: readonly WantedEventsRow[];
}

export interface WantedEventsRow {
  readonly accountId: string;
  /** Each once; `*` stands for all. */
  readonly events: readonly string[];
}

export interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly ownerEmail: string | null;
  readonly status: 'active' | 'suspended' | 'deleted';
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface KeyRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  /** SHA-256, hexadecimal. */
  readonly keyHash: string;
  readonly status: 'active' | 'paused' | 'revoked';
  readonly sandbox: boolean;
  readonly requireConfirmation: boolean;
  readonly allowedListIds: readonly number[] | null;
}

export interface ListRow {
  readonly id: number;
  readonly v1Id: string;
  readonly accountId: string;
  readonly number: string;
  readonly brandName: string | null;
  readonly listName: string;
  readonly type: string;
  readonly status: 'active' | 'paused' | 'suspended' | 'deleted';
  readonly isByoc: boolean;
  readonly verified: boolean;
  /** Sealed. */
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdMs: number;
}

const EMPTY = `'[]'::json`;

/** All accounts, keys and lists, and the keys of their credentials: one statement, hence one moment. */
export async function readDirectory(db: Queryable): Promise<DirectoryRows> {
  const { rows } = await db.query<DirectoryRows>({
    name: 'directory.read',
    text: `
      select
        (select version from directory_version) as version,
        (select coalesce(json_agg(json_build_object('id', id, 'name', name, 'ownerEmail', owner_email,
           'status', status, 'settings', settings)), ${EMPTY}) from account) as accounts,
        (select coalesce(json_agg(json_build_object('id', id, 'accountId', account_id, 'name', name,
           'keyHash', encode(key_hash, 'hex'), 'status', status, 'sandbox', sandbox,
           'requireConfirmation', require_confirmation, 'allowedListIds', allowed_list_ids)), ${EMPTY})
         from api_key where status <> 'revoked') as keys,
        (select coalesce(json_agg(json_build_object('id', id, 'v1Id', v1_id, 'accountId', account_id,
           'number', phone_number, 'brandName', brand_name, 'listName', list_name, 'type', list_type,
           'status', status, 'isByoc', is_byoc, 'verified', verified, 'credentials', credentials,
           'settings', settings, 'createdMs', created_ms) order by id), ${EMPTY}) from list) as lists,
        (select coalesce(json_agg(json_build_object('version', version, 'sealed', sealed) order by version), ${EMPTY})
         from data_key) as "dataKeys",
        (select coalesce(json_agg(json_build_object('accountId', account_id, 'events', events)), ${EMPTY})
         from (select account_id, array_agg(distinct event) as events
               from webhook_endpoint, unnest(events) as event where status <> 'disabled' group by account_id) wanted)
         as "wantedEvents"`,
  });
  const row = rows[0];
  if (row === undefined) throw new Error('directory.read answered no row');
  return row;
}

export async function readDirectoryVersion(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ version: string | number }>('select version from directory_version');
  return Number(rows[0]?.version);
}

/** Notes when keys were last used; never moves a time back. */
export async function touchKeys(db: Queryable, uses: ReadonlyMap<string, number>): Promise<void> {
  const inOrder = [...uses].sort(([a], [b]) => (a < b ? -1 : 1));
  await db.query({
    name: 'api_key.touch',
    text: `update api_key set last_used_ms = use.at_ms
           from unnest($1::text[], $2::bigint[]) as use (id, at_ms)
           where api_key.id = use.id and coalesce(api_key.last_used_ms, 0) < use.at_ms`,
    values: [inOrder.map(([id]) => id), inOrder.map(([, atMs]) => atMs)],
  });
}
