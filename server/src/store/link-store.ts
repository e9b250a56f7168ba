import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** Contiguous short links that one batch made. */
export interface LinkRange {
  readonly listId: number;
  readonly firstLink: number;
  /** null: the link was not used. */
  readonly destinations: readonly (string | null)[];
  /** Message of each link. */
  readonly numbers: readonly (number | null)[];
  readonly createdMs: number;
}

export async function insertLinkRange(transaction: Transaction, range: LinkRange): Promise<void> {
  await transaction.query({
    name: 'link_range.insert',
    text: `
      insert into link_range (list_id, first_link, count, destinations, numbers, created_ms)
      values ($1, $2, cardinality($3::text[]), $3::text[], $4::bigint[], $5)`,
    values: [range.listId, range.firstLink, range.destinations, range.numbers, range.createdMs],
  });
}

export interface FoundLink {
  readonly listId: number;
  readonly destination: string;
  readonly number: number;
}

/** Where a short link leads; undefined when no batch made it. */
export async function findLink(pool: Pool, link: number): Promise<FoundLink | undefined> {
  const { rows } = await pool.query<FoundLink & { destination: string | null }>({
    name: 'link_range.find',
    text: `
      select list_id as "listId", destinations[$1 - first_link + 1] as destination, numbers[$1 - first_link + 1] as number
      from link_range
      where first_link <= $1
      order by first_link desc
      limit 1`,
    values: [link],
  });
  const found = rows[0];
  return found?.destination === null ? undefined : found;
}
