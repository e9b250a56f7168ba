import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

export interface StoredAccount {
  readonly id: string;
  readonly name: string;
  readonly ownerEmail: string | null;
  readonly status: 'active' | 'suspended' | 'deleted';
  readonly createdMs: number;
}

const ACCOUNT_COLUMNS = `id, name, owner_email as "ownerEmail", status, created_ms as "createdMs"`;

/** Inserts an account and its owner. */
export async function insertAccount(transaction: Transaction, account: StoredAccount): Promise<void> {
  await transaction.query({
    name: 'account.insert',
    text: 'insert into account (id, name, owner_email, status, created_ms) values ($1, $2, $3, $4, $5)',
    values: [account.id, account.name, account.ownerEmail, account.status, account.createdMs],
  });
  if (account.ownerEmail === null) return;
  await transaction.query({
    name: 'account_member.insert_owner',
    text: `insert into account_member (account_id, email, role, created_ms) values ($1, $2, 'Owner', $3)`,
    values: [account.id, account.ownerEmail, account.createdMs],
  });
}

/** True once any account was made. Holds off every other caller until the transaction ends. */
export async function lockFirstAccount(transaction: Transaction): Promise<boolean> {
  await transaction.query('lock table account in share row exclusive mode');
  const { rows } = await transaction.query<{ found: boolean }>('select exists (select from account) as found');
  return rows[0]?.found === true;
}

/** Accounts that are not deleted, oldest first. */
export async function readAccounts(db: Queryable): Promise<StoredAccount[]> {
  const { rows } = await db.query<StoredAccount>({
    name: 'account.all',
    text: `select ${ACCOUNT_COLUMNS} from account where status <> 'deleted' order by created_ms, id`,
  });
  return rows;
}

/** @returns undefined when there is no such account, or it is deleted */
export async function updateAccountStatus(
  db: Queryable,
  id: string,
  status: 'active' | 'suspended',
): Promise<StoredAccount | undefined> {
  const { rows } = await db.query<StoredAccount>({
    name: 'account.set_status',
    text: `update account set status = $2 where id = $1 and status <> 'deleted' returning ${ACCOUNT_COLUMNS}`,
    values: [id, status],
  });
  return rows[0];
}

export interface StoredKey {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly status: 'active' | 'paused' | 'revoked';
  readonly sandbox: boolean;
  readonly requireConfirmation: boolean;
  readonly allowedListIds: readonly number[] | null;
  readonly createdMs: number;
  readonly lastUsedMs: number | null;
}

const KEY_COLUMNS = `id, account_id as "accountId", name, status, sandbox, require_confirmation as "requireConfirmation",
  allowed_list_ids as "allowedListIds", created_ms as "createdMs", last_used_ms as "lastUsedMs"`;

/** `keyHash`: SHA-256 of the secret. */
export type NewKey = Omit<StoredKey, 'status' | 'lastUsedMs'> & { readonly keyHash: Buffer };

/** @returns undefined when a key with this secret exists */
export async function insertKey(transaction: Transaction, key: NewKey): Promise<StoredKey | undefined> {
  const { rows } = await transaction.query<StoredKey>({
    name: 'api_key.insert',
    text: `insert into api_key (id, account_id, name, key_hash, sandbox, require_confirmation, allowed_list_ids, created_ms)
           values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (key_hash) do nothing returning ${KEY_COLUMNS}`,
    values: [
      key.id,
      key.accountId,
      key.name,
      key.keyHash,
      key.sandbox,
      key.requireConfirmation,
      key.allowedListIds,
      key.createdMs,
    ],
  });
  return rows[0];
}

/** Keys of one account, revoked ones too, oldest first. */
export async function readKeys(db: Queryable, accountId: string): Promise<StoredKey[]> {
  const { rows } = await db.query<StoredKey>({
    name: 'api_key.of_account',
    text: `select ${KEY_COLUMNS} from api_key where account_id = $1 order by created_ms, id`,
    values: [accountId],
  });
  return rows;
}

/** @returns undefined when there is no such key, or it is revoked */
export async function updateKeyStatus(
  db: Queryable,
  id: string,
  status: StoredKey['status'],
): Promise<StoredKey | undefined> {
  const { rows } = await db.query<StoredKey>({
    name: 'api_key.set_status',
    text: `update api_key set status = $2 where id = $1 and (status <> 'revoked' or $2 = 'revoked') returning ${KEY_COLUMNS}`,
    values: [id, status],
  });
  return rows[0];
}

/** Which of these lists exist, are not deleted and belong to the account. */
export async function findOwnLists(db: Queryable, accountId: string, listIds: readonly number[]): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>({
    name: 'list.own',
    text: `select id from list where account_id = $1 and id = any ($2::int[]) and status <> 'deleted' order by id`,
    values: [accountId, listIds],
  });
  return rows.map((row) => row.id);
}
