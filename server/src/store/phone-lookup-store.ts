import { int8Array, textArray } from './array-parameters.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** An answer about a phone, kept for the account that asked. */
export interface LookupRow {
  readonly phone: number;
  readonly result: object;
}

export async function readLookups(db: Queryable, accountId: string, phones: readonly number[]): Promise<LookupRow[]> {
  if (phones.length === 0) return [];
  const { rows } = await db.query<LookupRow>({
    name: 'phone_lookup.read',
    text: 'select phone, result from phone_lookup where account_id = $1 and phone = any ($2::bigint[])',
    values: [accountId, int8Array(phones)],
  });
  return rows;
}

/** Each phone at most once; a newer answer takes the place of the older. */
export async function saveLookups(
  transaction: Transaction,
  accountId: string,
  lookups: readonly LookupRow[],
  nowMs: number,
): Promise<void> {
  if (lookups.length === 0) return;
  await transaction.query({
    name: 'phone_lookup.save',
    text: `
      insert into phone_lookup (account_id, phone, result, looked_up_ms)
      select $1, phone, result::jsonb, $4 from unnest($2::bigint[], $3::text[]) as n(phone, result) order by phone
      on conflict (account_id, phone) do update set result = excluded.result, looked_up_ms = excluded.looked_up_ms`,
    values: [
      accountId,
      int8Array(lookups.map((lookup) => lookup.phone)),
      textArray(lookups.map((lookup) => JSON.stringify(lookup.result))),
      nowMs,
    ],
  });
}

/** Adds look-ups to what the account owes for the month of `nowMs`. */
export async function chargeLookups(
  transaction: Transaction,
  accountId: string,
  { lookups, costMicros }: { readonly lookups: number; readonly costMicros: number },
  nowMs: number,
): Promise<void> {
  if (lookups === 0) return;
  await transaction.query({
    name: 'lookup_charge.add',
    text: `
      insert into lookup_charge as c (account_id, month, lookups, cost_micros) values ($1, $2, $3, $4)
      on conflict (account_id, month) do update
        set lookups = c.lookups + excluded.lookups, cost_micros = c.cost_micros + excluded.cost_micros`,
    values: [accountId, new Date(nowMs).toISOString().slice(0, 7), lookups, costMicros],
  });
}
