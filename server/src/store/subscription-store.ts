import type { Transaction } from './transaction.ts';

/** What a person's own text says about their subscription; the newest of several decides. */
export interface SubscriptionChange {
  readonly phone: number;
  readonly subscribed: boolean;
  readonly atMs: number;
}

/**
 * Writes people's own opt-outs and returns. An opt-out makes the list contact when there is none, so that it holds. One
 * change a phone.
 */
export async function saveSubscriptions(
  transaction: Transaction,
  listId: number,
  changes: readonly SubscriptionChange[],
): Promise<void> {
  if (changes.length === 0) return;
  await transaction.query({
    name: 'list_contact.save_subscription',
    text: `
      insert into list_contact as c (list_id, phone, active, reason, unsubscribed_ms, signup_ms, signup_method, created_ms)
      select $1, phone, subscribed, case when subscribed then null else 'message' end,
        case when subscribed then null else at_ms end, at_ms, case when subscribed then 'keyword' else 'inbound' end, at_ms
      from unnest($2::bigint[], $3::boolean[], $4::bigint[]) as s(phone, subscribed, at_ms)
      order by phone
      on conflict (list_id, phone) do update
        set active = excluded.active, reason = excluded.reason, unsubscribed_ms = excluded.unsubscribed_ms
        where c.active <> excluded.active`,
    values: [
      listId,
      changes.map((change) => change.phone),
      changes.map((change) => change.subscribed),
      changes.map((change) => change.atMs),
    ],
  });
}
