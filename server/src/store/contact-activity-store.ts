import { int8Array } from './array-parameters.ts';
import type { Transaction } from './transaction.ts';

/**
 * Counts one send to each of the phones that are contacts of the list. Phones without a list contact are left alone. A
 * phone that appears twice is counted twice.
 */
export async function recordSends(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
  nowMs: number,
): Promise<void> {
  if (phones.length === 0) return;
  await transaction.query({
    name: 'contact_activity.record_sends',
    text: `
      insert into list_contact_activity as a (list_id, phone, send_count, last_sent_ms)
      select c.list_id, c.phone, s.sends, $3
      from (select phone, count(*)::integer as sends from unnest($2::bigint[]) as p(phone) group by phone order by phone) s
        join list_contact c on c.list_id = $1 and c.phone = s.phone and c.phone = any ($2::bigint[])
      on conflict (list_id, phone) do update
        set send_count = a.send_count + excluded.send_count, last_sent_ms = excluded.last_sent_ms`,
    values: [listId, int8Array(phones), nowMs],
  });
}

/** Takes sends back that the carrier refused. The time of the last send stays: the one before it is not kept. */
export async function takeBackSends(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
): Promise<void> {
  if (phones.length === 0) return;
  await transaction.query({
    name: 'contact_activity.take_back',
    text: `
      update list_contact_activity a set send_count = greatest(a.send_count - s.sends, 0)
      from (
        select a.phone, s.sends
        from list_contact_activity a
          join (select phone, count(*)::integer as sends from unnest($2::bigint[]) as p(phone) group by phone) s
            on s.phone = a.phone
        where a.list_id = $1 and a.phone = any ($2::bigint[])
        order by a.phone
        for update of a
      ) s
      where a.list_id = $1 and a.phone = s.phone and a.phone = any ($2::bigint[])`,
    values: [listId, int8Array(phones)],
  });
}
