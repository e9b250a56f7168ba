import type { QueryConfig } from 'pg';
import type { Queryable } from './queryable.ts';
import type { Attempt } from './webhook-delivery-store.ts';

/** A delivery as it is shown. */
export interface StoredDelivery {
  readonly id: string;
  readonly event: string;
  readonly eventId: string;
  readonly body: string;
  /** Code of `DELIVERY_STATES`. */
  readonly state: number;
  readonly attempts: readonly Attempt[];
  readonly nextMs: number | null;
}

export interface DeliveryFilter {
  /** In one of these states and of one of these events; null: in any, of any. */
  readonly kinds: { readonly states: readonly number[]; readonly events: readonly string[] } | null;
  readonly messageNumber: number | null;
  /** Only ones with a lesser id. */
  readonly before: string | null;
}

const COLUMNS = `d.id, d.event, d.event_id as "eventId", d.body, d.state, d.attempts, d.next_ms as "nextMs"`;
const PAST_ALL_IDS = 'g';

/** Newest first. Costs the rows of the page, whatever is asked for and however many deliveries there are. */
export async function listDeliveries(
  db: Queryable,
  endpointId: string,
  filter: DeliveryFilter,
  limit: number,
): Promise<StoredDelivery[]> {
  const { rows } = await db.query<StoredDelivery>(toListQuery(endpointId, filter, limit));
  return rows;
}

/** Each form has an index that begins where the page does. */
export function toListQuery(endpointId: string, filter: DeliveryFilter, limit: number): QueryConfig {
  const { kinds, messageNumber } = filter;
  const page = [endpointId, filter.before ?? PAST_ALL_IDS, limit];
  if (messageNumber !== null) return { ...OF_MESSAGE, values: [...page, messageNumber, kinds?.states, kinds?.events] };
  if (kinds !== null) return { ...OF_KINDS, values: [...page, kinds.states, kinds.events] };
  return { ...ALL, values: page };
}

const ALL = {
  name: 'webhook_delivery.list',
  text: `
    select ${COLUMNS} from webhook_delivery d
    where d.endpoint_id = $1 and d.id < $2 order by d.id desc limit $3`,
};

/** A message has few deliveries. */
const OF_MESSAGE = {
  name: 'webhook_delivery.list_of_message',
  text: `
    select ${COLUMNS} from webhook_delivery d
    where d.endpoint_id = $1 and d.id < $2 and d.message_number = $4
      and ($5::smallint[] is null or d.state = any ($5)) and ($6::text[] is null or d.event = any ($6))
    order by d.id desc limit $3`,
};

/** The newest of each kind, of which the newest make the page: 4 states and 7 events are 28 looks into the index. */
const OF_KINDS = {
  name: 'webhook_delivery.list_of_kinds',
  text: `
    with page as (
      select newest.id
      from unnest($4::smallint[]) as s(state) cross join unnest($5::text[]) as e(event) cross join lateral (
        select k.id from webhook_delivery k
        where k.endpoint_id = $1 and k.id < $2 and k.state = s.state and k.event = e.event
        order by k.id desc limit $3
      ) newest
      order by newest.id desc limit $3
    )
    select ${COLUMNS} from page join webhook_delivery d on d.endpoint_id = $1 and d.id = page.id
    order by d.id desc`,
};
