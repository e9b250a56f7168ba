import { int8Array } from './array-parameters.ts';
import type { Pool } from './pool.ts';

/** What is stored about a recipient that decides when it may be written to. */
export interface QuietFacts {
  /** Place of the phone, from 0. */
  readonly place: number;
  readonly timezone: string | null;
  /** The contact's own field `state`. */
  readonly state: string | null;
}

/** One round trip for a batch; recipients of whom nothing is stored that matters are left out. */
export async function loadQuietFacts(
  pool: Pool,
  { accountId, listId }: { readonly accountId: string; readonly listId: number },
  phones: readonly number[],
): Promise<QuietFacts[]> {
  if (phones.length === 0) return [];
  const { rows } = await pool.query<QuietFacts>({
    name: 'quiet_facts.load',
    text: `
      select (q.place - 1)::integer as place, a.timezone, c.custom_fields ->> 'state' as state
      from unnest($3::bigint[]) with ordinality as q(phone, place)
        left join account_contact a on a.account_id = $1 and a.phone = q.phone and a.phone = any ($3::bigint[])
          and a.timezone is not null
        left join list_contact c on c.list_id = $2 and c.phone = q.phone and c.phone = any ($3::bigint[])
          and c.custom_fields ? 'state'
      where a.phone is not null or c.phone is not null`,
    values: [accountId, listId, int8Array(phones)],
  });
  return rows;
}
