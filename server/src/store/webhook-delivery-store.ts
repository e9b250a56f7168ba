import { boolArray, int8Array, textArray } from './array-parameters.ts';
import type { Transaction } from './transaction.ts';

/** An event before it is known which endpoints it goes to. */
export interface NewDelivery {
  /** 24 hexadecimal digits that begin with the time (lib/timed-id.ts). */
  readonly eventId: string;
  readonly event: string;
  readonly messageNumber: number | null;
  /** Not for endpoints that leave drops out. */
  readonly isDrop: boolean;
  readonly body: string;
}

/**
 * Writes one delivery, due now, for each endpoint of the account that subscribes to the event and is not disabled. The id
 * of a delivery has the time of its event and differs from endpoint to endpoint.
 */
export async function insertDeliveries(
  transaction: Transaction,
  accountId: string,
  deliveries: readonly NewDelivery[],
  nowMs: number,
): Promise<void> {
  await transaction.query({
    name: 'webhook_delivery.insert',
    text: `
      insert into webhook_delivery (endpoint_id, id, event_id, event, message_number, body, next_ms)
      select e.id, left(d.event_id, 12) || left(md5(d.event_id || e.id), 12), d.event_id, d.event, d.message_number, d.body, $7
      from unnest($2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::text[])
        as d(event_id, event, message_number, is_drop, body)
      join webhook_endpoint e on e.account_id = $1 and e.status <> 'disabled'
        and (d.event = any (e.events) or '*' = any (e.events)) and (e.include_drops or not d.is_drop)`,
    values: [
      accountId,
      textArray(deliveries.map((delivery) => delivery.eventId)),
      textArray(deliveries.map((delivery) => delivery.event)),
      int8Array(deliveries.map((delivery) => delivery.messageNumber)),
      boolArray(deliveries.map((delivery) => delivery.isDrop)),
      textArray(deliveries.map((delivery) => delivery.body)),
      nowMs,
    ],
  });
}
