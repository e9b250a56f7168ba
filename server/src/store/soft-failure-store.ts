import { int2Array, int8Array, textArray } from './array-parameters.ts';
import type { Transaction } from './transaction.ts';

/** What tells soft failures and deliveries from the rest. */
export interface SoftFailureWords {
  readonly delivered: number;
  /** States of messages that failed. */
  readonly failed: readonly number[];
  readonly details: readonly string[];
  /** Messages with one of these flags do not count. */
  readonly withoutFlags: number;
}

/** One message that failed softly. */
export interface SoftFailure {
  readonly phone: number;
  /** Carrier time, where there is one. */
  readonly atMs: number;
}

/**
 * Soft failures in a row of list contacts: those since the last delivery and since they consented, oldest first. They are
 * counted where they happened instead of in a counter, so a delivery costs nothing, a message counts once whatever is
 * reported of it, and a report that is corrected corrects the count. Reads every message of the list to these phones.
 */
export async function loadSoftFailures(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
  { delivered, failed, details, withoutFlags }: SoftFailureWords,
): Promise<SoftFailure[]> {
  if (phones.length === 0) return [];
  const { rows } = await transaction.query<SoftFailure>({
    name: 'message.soft_failures',
    text: `
      with ended as (
        select m.phone, m.state, m.detail, coalesce(m.carrier_ms, m.final_ms) as at_ms
        from message m
          join list_contact c on c.list_id = $1 and c.phone = m.phone and c.phone = any ($2::bigint[])
        where m.list_id = $1 and m.phone = any ($2::bigint[]) and (m.state = $3 or m.state = any ($4::smallint[]))
          and m.flags & $6 = 0 and coalesce(m.carrier_ms, m.final_ms) >= c.signup_ms
      ), last as (
        select phone, max(at_ms) as at_ms from ended where state = $3 group by phone
      )
      select ended.phone, ended.at_ms as "atMs"
      from ended left join last on last.phone = ended.phone
      where ended.state <> $3 and ended.detail = any ($5::text[]) and (last.at_ms is null or ended.at_ms > last.at_ms)
      order by ended.phone, ended.at_ms`,
    values: [listId, int8Array(phones), delivered, int2Array(failed), textArray(details), withoutFlags],
  });
  return rows;
}
