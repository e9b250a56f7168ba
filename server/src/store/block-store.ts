import { int8Array } from './array-parameters.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** A number that must not be texted. */
export interface BlockRow {
  /** 24 hexadecimal characters. */
  readonly id: string;
  /** null: on no list of the account. */
  readonly listId: number | null;
  readonly phone: number;
  readonly reason: string | null;
  readonly createdMs: number;
}

export type NewBlock = Omit<BlockRow, 'id'> & { readonly accountId: string };

const COLUMNS = `encode(id, 'hex') as id, list_id as "listId", phone, reason, created_ms as "createdMs"`;

/**
 * Held until the transaction ends by whoever changes the blocks or the lists of an account, so that a block of the whole
 * account and a list that is made in the same moment see each other.
 */
export async function lockBlocks(transaction: Transaction, accountId: string): Promise<void> {
  await transaction.query({
    name: 'block.lock',
    text: 'select 1 from account where id = $1 for no key update',
    values: [accountId],
  });
}

/** Blocks a number, at the gate too. The caller holds the lock. @returns the block, and false when it was there already */
export async function insertBlock(
  transaction: Transaction,
  { accountId, listId, phone, reason, createdMs }: NewBlock,
): Promise<{ readonly block: BlockRow; readonly created: boolean }> {
  const inserted = await transaction.query<BlockRow>({
    name: 'block.insert',
    text: `insert into block (account_id, list_id, phone, reason, created_ms) values ($1, $2, $3, $4, $5)
           on conflict (account_id, phone, coalesce(list_id, 0)) do nothing returning ${COLUMNS}`,
    values: [accountId, listId, phone, reason, createdMs],
  });
  if (inserted.rows[0] === undefined) {
    const { rows } = await transaction.query<BlockRow>({
      name: 'block.find',
      text: `select ${COLUMNS} from block
             where account_id = $1 and phone = $2 and coalesce(list_id, 0) = coalesce($3::integer, 0)`,
      values: [accountId, phone, listId],
    });
    return { block: rows[0] as BlockRow, created: false };
  }
  await transaction.query({
    name: 'list_block.insert',
    text: `insert into list_block (list_id, phone, reason, created_ms)
           select id, $3, $4, $5 from list where account_id = $1 and ($2::integer is null or id = $2)
           on conflict (list_id, phone) do nothing`,
    values: [accountId, listId, phone, reason, createdMs],
  });
  return { block: inserted.rows[0], created: true };
}

/** Makes the blocks of the whole account hold on a list that was just made. The caller holds the lock. */
export async function extendBlocks(transaction: Transaction, accountId: string, listId: number): Promise<void> {
  await transaction.query({
    name: 'list_block.extend',
    text: `insert into list_block (list_id, phone, reason, created_ms)
           select $2, phone, reason, created_ms from block where account_id = $1 and list_id is null
           on conflict (list_id, phone) do nothing`,
    values: [accountId, listId],
  });
}

/**
 * Takes a block away. A list on which another block holds for the same number keeps it. The caller holds the lock.
 * @returns what it was; undefined: the account has no such block
 */
export async function deleteBlock(
  transaction: Transaction,
  accountId: string,
  id: string,
): Promise<BlockRow | undefined> {
  const { rows } = await transaction.query<BlockRow>({
    name: 'block.delete',
    text: `delete from block where id = decode($2, 'hex') and account_id = $1 returning ${COLUMNS}`,
    values: [accountId, id],
  });
  const block = rows[0];
  if (block === undefined) return undefined;
  await transaction.query({
    name: 'list_block.delete',
    text: `delete from list_block b using list l
           where l.account_id = $1 and b.list_id = l.id and b.phone = $2 and not exists (
             select 1 from block o where o.account_id = $1 and o.phone = $2 and coalesce(o.list_id, l.id) = l.id)`,
    values: [accountId, block.phone],
  });
  return block;
}

/** Newest first. `phone` null: all. */
export async function readBlocks(
  db: Queryable,
  accountId: string,
  { phone, offset, limit }: { readonly phone: number | null; readonly offset: number; readonly limit: number },
): Promise<{ readonly blocks: BlockRow[]; readonly total: number }> {
  const filter = 'account_id = $1 and ($2::bigint is null or phone = $2)';
  const { rows } = await db.query<BlockRow>({
    name: 'block.list',
    text: `select ${COLUMNS} from block where ${filter} order by created_ms desc, id desc offset $3 limit $4`,
    values: [accountId, phone, offset, limit],
  });
  const counted = await db.query<{ count: number }>({
    name: 'block.count',
    text: `select count(*) as count from block where ${filter}`,
    values: [accountId, phone],
  });
  return { blocks: rows, total: counted.rows[0]?.count ?? 0 };
}

/** Blocks of the account on these phones. */
export async function findBlocks(
  db: Queryable,
  accountId: string,
  phones: readonly number[],
): Promise<Pick<BlockRow, 'listId' | 'phone'>[]> {
  if (phones.length === 0) return [];
  const { rows } = await db.query<BlockRow>({
    name: 'block.find_phones',
    text: `select list_id as "listId", phone from block where account_id = $1 and phone = any ($2::bigint[])`,
    values: [accountId, int8Array(phones)],
  });
  return rows;
}
