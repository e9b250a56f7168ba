import type { Queryable } from './queryable.ts';
import type { ListRow } from './directory-store.ts';
import type { Transaction } from './transaction.ts';

const COLUMNS = `id, v1_id as "v1Id", account_id as "accountId", phone_number as number, brand_name as "brandName",
  list_name as "listName", list_type as type, status, is_byoc as "isByoc", verified, credentials, settings,
  created_ms as "createdMs"`;

/** Active list contacts by list; lists without any are left out. */
export async function countContacts(db: Queryable, listIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const { rows } = await db.query<{ listId: number; count: number }>({
    name: 'list_contact.count_active',
    text: `select list_id as "listId", count(*) as count from list_contact
           where list_id = any ($1::int[]) and active group by list_id`,
    values: [listIds],
  });
  return new Map(rows.map(({ listId, count }) => [listId, count]));
}

/** The settings of a list as they are stored: what was changed from the defaults. */
export async function readStoredSettings(db: Queryable, listId: number): Promise<Readonly<Record<string, unknown>>> {
  const { rows } = await db.query<{ settings: Record<string, unknown> }>({
    name: 'list.settings',
    text: 'select settings from list where id = $1',
    values: [listId],
  });
  return rows[0]?.settings ?? {};
}

export type NewList = Omit<ListRow, 'id' | 'status' | 'credentials'>;

/** @returns undefined when a list that is not deleted has the number already */
export async function insertList(transaction: Transaction, list: NewList): Promise<ListRow | undefined> {
  const { rows } = await transaction.query<ListRow>({
    name: 'list.insert',
    text: `insert into list (v1_id, account_id, phone_number, brand_name, list_name, list_type, is_byoc, verified,
             settings, created_ms)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           on conflict (phone_number) where status <> 'deleted' do nothing
           returning ${COLUMNS}`,
    values: [
      list.v1Id,
      list.accountId,
      list.number,
      list.brandName,
      list.listName,
      list.type,
      list.isByoc,
      list.verified,
      JSON.stringify(list.settings),
      list.createdMs,
    ],
  });
  return rows[0];
}

/** Absent or undefined: stays as it is. */
export interface ListChange {
  readonly listName?: string | undefined;
  /** null takes it away. */
  readonly brandName?: string | null | undefined;
  readonly status?: ListRow['status'] | undefined;
  /** Merged into the stored ones; null: back to the default. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

/** @returns undefined when there is no such list, or it is deleted */
export async function updateList(
  transaction: Transaction,
  listId: number,
  change: ListChange,
): Promise<ListRow | undefined> {
  const settings = change.settings ?? {};
  const { rows } = await transaction.query<ListRow>({
    name: 'list.update',
    text: `update list set list_name = coalesce($2, list_name),
             brand_name = case when $3 then $4 else brand_name end,
             status = coalesce($5, status),
             settings = (settings || $6::jsonb) - $7::text[]
           where id = $1 and status <> 'deleted' returning ${COLUMNS}`,
    values: [
      listId,
      change.listName ?? null,
      change.brandName !== undefined,
      change.brandName ?? null,
      change.status ?? null,
      JSON.stringify(settings),
      Object.keys(settings).filter((name) => settings[name] === null),
    ],
  });
  return rows[0];
}

/** Lists of one account, or of all (null), by id; deleted ones too. */
export async function readLists(db: Queryable, accountId: string | null): Promise<ListRow[]> {
  const { rows } = await db.query<ListRow>({
    name: 'list.all',
    text: `select ${COLUMNS} from list where $1::text is null or account_id = $1 order by id`,
    values: [accountId],
  });
  return rows;
}

/** undefined: there is none; deleted ones are found. */
export async function readListRow(db: Queryable, listId: number): Promise<ListRow | undefined> {
  const { rows } = await db.query<ListRow>({
    name: 'list.read',
    text: `select ${COLUMNS} from list where id = $1`,
    values: [listId],
  });
  return rows[0];
}

/** How far the proof is that a list works. */
export interface Verification {
  /** The carrier knows the credentials. */
  readonly credentials?: boolean;
  /** Phone that the test text went to, and when. */
  readonly sentTo?: number;
  readonly sentMs?: number;
}

export async function readVerification(db: Queryable, listId: number): Promise<Verification> {
  const { rows } = await db.query<{ verification: Verification }>({
    name: 'list.verification',
    text: 'select verification from list where id = $1',
    values: [listId],
  });
  return rows[0]?.verification ?? {};
}

/**
 * `verified` true makes the list usable; false leaves it as it is. @returns false when the proof is no longer at `before`,
 * such as after a change of credentials: nothing is written then
 */
export async function writeVerification(
  transaction: Transaction,
  listId: number,
  {
    before,
    after,
    verified,
  }: { readonly before: Verification; readonly after: Verification; readonly verified: boolean },
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: 'list.write_verification',
    text: 'update list set verification = $3, verified = verified or $4 where id = $1 and verification = $2::jsonb',
    values: [listId, JSON.stringify(before), JSON.stringify(after), verified],
  });
  return rowCount === 1;
}
