import type { Transaction } from './transaction.ts';

export interface SealedRow {
  readonly id: number;
  readonly credentials: Readonly<Record<string, unknown>>;
}

/** Lists that have credentials, deleted ones too, by id after `afterId`; held until the transaction ends. */
export async function readSealedCredentials(
  transaction: Transaction,
  afterId: number,
  limit: number,
): Promise<SealedRow[]> {
  const { rows } = await transaction.query<SealedRow>({
    name: 'list.sealed_credentials',
    text: `select id, credentials from list where id > $1 and credentials <> '{}' order by id limit $2 for update`,
    values: [afterId, limit],
  });
  return rows;
}

/** Puts credentials that are sealed already in the place of those of the list. */
export async function writeCredentials(
  transaction: Transaction,
  listId: number,
  sealed: Readonly<Record<string, string>>,
): Promise<void> {
  await transaction.query({
    name: 'list.write_credentials',
    text: 'update list set credentials = $2 where id = $1',
    values: [listId, JSON.stringify(sealed)],
  });
}

/** Other credentials are another account at the carrier: a list with a carrier of its own is to be verified again. */
export async function unverifyByoc(transaction: Transaction, listId: number): Promise<void> {
  await transaction.query({
    name: 'list.unverify_byoc',
    text: `update list set verified = false, verification = '{}' where id = $1 and is_byoc`,
    values: [listId],
  });
}
