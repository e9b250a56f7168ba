import { boolArray, int2Array, int8Array, textArray } from './array-parameters.ts';
import type { Pool } from './pool.ts';
import type { Queryable } from './queryable.ts';
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

/** Codes of `state`. */
export const DELIVERY_STATES = { pending: 0, delivered: 1, failed: 2, dropped: 3 } as const;
export type DeliveryState = keyof typeof DELIVERY_STATES;

/** One try, as it is kept. */
export interface Attempt {
  readonly at_ms: number;
  readonly status_code: number | null;
  readonly duration_ms: number;
  readonly error: string | null;
  readonly response_excerpt: string | null;
}

/** A delivery whose time has come, with what its request needs. */
export interface DueDelivery {
  readonly endpointId: string;
  readonly url: string;
  /** Sealed. */
  readonly secret: string;
  readonly oldSecret: string | null;
  readonly oldSecretUntilMs: number | null;
  readonly id: string;
  readonly eventId: string;
  readonly body: string;
  /** That were made. */
  readonly tries: number;
}

/** Active endpoints that something is due for. Costs one step into an index an endpoint. */
export async function findDueEndpoints(pool: Pool, nowMs: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'webhook_endpoint.find_due',
    text: `
      select e.id from webhook_endpoint e
      where e.status = 'active' and exists (
        select from webhook_delivery d where d.endpoint_id = e.id and d.state = 0 and d.next_ms <= $1)`,
    values: [nowMs],
  });
  return rows.map(({ id }) => id);
}

/** What is read for the dispatcher. */
export interface DueQuery {
  readonly endpointIds: readonly string[];
  /** And all endpoints of these accounts. */
  readonly accountIds: readonly string[];
  /** But not these. */
  readonly exceptIds: readonly string[];
  /** Of one endpoint. */
  readonly limit: number;
}

/** Due deliveries of active endpoints, by the time they are due. They stay as they are: who reads them keeps them in mind. */
export async function readDueDeliveries(pool: Pool, query: DueQuery, nowMs: number): Promise<DueDelivery[]> {
  const { rows } = await pool.query<DueDelivery>({
    name: 'webhook_delivery.read_due',
    text: `
      select e.id as "endpointId", e.url, e.secret, e.old_secret as "oldSecret",
        e.old_secret_until_ms as "oldSecretUntilMs", d.id, d.event_id as "eventId", d.body, d.tries
      from webhook_endpoint e cross join lateral (
        select id, event_id, body, jsonb_array_length(attempts) as tries, next_ms from webhook_delivery
        where endpoint_id = e.id and state = 0 and next_ms <= $4 order by next_ms, id limit $5
      ) d
      where e.status = 'active' and (e.id = any ($1::text[]) or e.account_id = any ($2::text[]))
        and e.id <> all ($3::text[])
      order by d.next_ms`,
    values: [query.endpointIds, query.accountIds, query.exceptIds, nowMs, query.limit],
  });
  return rows;
}

/** Those of the endpoints that may still be called. */
export async function findActiveEndpoints(pool: Pool, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'webhook_endpoint.find_active',
    text: `select id from webhook_endpoint where id = any ($1::text[]) and status = 'active'`,
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/** What a try made of its delivery. */
export interface TriedDelivery {
  readonly endpointId: string;
  readonly id: string;
  readonly state: DeliveryState;
  readonly nextMs: number | null;
  readonly attempt: Attempt;
}

/** Writes what tries came to. A delivery that is over by now stays as it is. */
export async function recordTries(transaction: Transaction, tries: readonly TriedDelivery[]): Promise<void> {
  await transaction.query({
    name: 'webhook_delivery.record_tries',
    text: `
      update webhook_delivery d
      set state = t.state, next_ms = t.next_ms, attempts = d.attempts || t.attempt::jsonb
      from unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::text[])
        as t(endpoint_id, id, state, next_ms, attempt)
      where d.endpoint_id = t.endpoint_id and d.id = t.id and d.state = 0`,
    values: [
      textArray(tries.map((one) => one.endpointId)),
      textArray(tries.map((one) => one.id)),
      int2Array(tries.map((one) => DELIVERY_STATES[one.state])),
      int8Array(tries.map((one) => one.nextMs)),
      textArray(tries.map((one) => JSON.stringify(one.attempt))),
    ],
  });
}

/** How one endpoint fared in a group of tries. */
export interface EndpointHealth {
  readonly endpointId: string;
  readonly successMs: number | null;
  readonly failureMs: number | null;
  /** The last of them. */
  readonly succeeded: boolean;
}

/** Times of success are exact to a second. In the order of the endpoints' ids, so that nobody waits in a circle. */
export async function recordHealth(transaction: Transaction, health: readonly EndpointHealth[]): Promise<void> {
  const inOrder = [...health].sort((a, b) => (a.endpointId < b.endpointId ? -1 : 1));
  await transaction.query({
    name: 'webhook_endpoint.record_health',
    text: `
      with fared as (
        select e.id, h.* from unnest($1::text[], $2::bigint[], $3::bigint[], $4::boolean[])
          as h(endpoint_id, success_ms, failure_ms, succeeded)
        join webhook_endpoint e on e.id = h.endpoint_id
        where h.failure_ms is not null or e.failing_since_ms is not null
          or e.last_success_ms is null or e.last_success_ms < h.success_ms - 1000
        order by e.id for no key update of e
      )
      update webhook_endpoint e
      set last_success_ms = greatest(e.last_success_ms, f.success_ms),
        last_failure_ms = greatest(e.last_failure_ms, f.failure_ms),
        failing_since_ms = case when f.succeeded then null
          when f.success_ms is not null then f.failure_ms
          else coalesce(e.failing_since_ms, f.failure_ms) end
      from fared f where e.id = f.id`,
    values: [
      textArray(inOrder.map((one) => one.endpointId)),
      int8Array(inOrder.map((one) => one.successMs)),
      int8Array(inOrder.map((one) => one.failureMs)),
      boolArray(inOrder.map((one) => one.succeeded)),
    ],
  });
}

/** Receivers that are gone for good: they are called no more, and what waits for them is dropped. */
export async function disableEndpoints(transaction: Transaction, ids: readonly string[]): Promise<void> {
  await transaction.query({
    name: 'webhook_endpoint.disable',
    text: `update webhook_endpoint set status = 'disabled', status_reason = 'gone' where id = any ($1::text[])`,
    values: [ids],
  });
  await transaction.query({
    name: 'webhook_delivery.drop_waiting',
    text: 'update webhook_delivery set state = 3, next_ms = null where endpoint_id = any ($1::text[]) and state = 0',
    values: [ids],
  });
}

/** Makes a new delivery of the same event, due now. @returns false when there is no such delivery */
export async function replayDelivery(
  db: Queryable,
  endpointId: string,
  id: string,
  to: { readonly id: string; readonly nowMs: number },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'webhook_delivery.replay',
    text: `
      insert into webhook_delivery (endpoint_id, id, event_id, event, message_number, body, next_ms)
      select endpoint_id, $3, event_id, event, message_number, body, $4
      from webhook_delivery where endpoint_id = $1 and id = $2`,
    values: [endpointId, id, to.id, to.nowMs],
  });
  return rowCount === 1;
}

/** A delivery that was tried already and is not to be tried again. */
export interface FinishedDelivery {
  readonly endpointId: string;
  readonly id: string;
  readonly event: string;
  readonly body: string;
  readonly state: DeliveryState;
  readonly attempt: Attempt;
}

export async function insertFinished(db: Queryable, delivery: FinishedDelivery): Promise<void> {
  await db.query({
    name: 'webhook_delivery.insert_finished',
    text: `
      insert into webhook_delivery (endpoint_id, id, event_id, event, body, state, attempts)
      values ($1, $2, $2, $3, $4, $5, jsonb_build_array($6::jsonb))`,
    values: [
      delivery.endpointId,
      delivery.id,
      delivery.event,
      delivery.body,
      DELIVERY_STATES[delivery.state],
      JSON.stringify(delivery.attempt),
    ],
  });
}

const PURGE_AT_ONCE = 5_000;

/** Removes deliveries with ids before `beforeId`, and all of endpoints that are gone. Returns how many. */
export async function purgeDeliveries(pool: Pool, beforeId: string): Promise<number> {
  let removed = 0;
  for (let endpointId = await nextEndpoint(pool, ''); endpointId !== undefined;) {
    const limitId = (await endpointExists(pool, endpointId)) ? beforeId : PAST_ALL_IDS;
    for (let count = PURGE_AT_ONCE; count === PURGE_AT_ONCE; removed += count) {
      count = await removeBefore(pool, endpointId, limitId);
    }
    endpointId = await nextEndpoint(pool, endpointId);
  }
  return removed;
}

const PAST_ALL_IDS = 'g';

async function nextEndpoint(pool: Pool, afterId: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'webhook_delivery.next_endpoint',
    text: `
      select endpoint_id as id from webhook_delivery where endpoint_id > $1 order by endpoint_id limit 1`,
    values: [afterId],
  });
  return rows[0]?.id;
}

async function endpointExists(pool: Pool, id: string): Promise<boolean> {
  const { rows } = await pool.query({
    name: 'webhook_endpoint.exists',
    text: 'select 1 from webhook_endpoint where id = $1',
    values: [id],
  });
  return rows.length > 0;
}

async function removeBefore(pool: Pool, endpointId: string, beforeId: string): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'webhook_delivery.remove_before',
    text: `
      delete from webhook_delivery where endpoint_id = $1 and id in (
        select id from webhook_delivery where endpoint_id = $1 and id < $2 order by id limit ${PURGE_AT_ONCE})`,
    values: [endpointId, beforeId],
  });
  return rowCount ?? 0;
}

/** Deliveries that wait for a try, `most` at the most, so that asking costs little. */
export async function countWaiting(pool: Pool, most: number): Promise<number> {
  const { rows } = await pool.query<{ count: number }>({
    name: 'webhook_delivery.count_waiting',
    text: 'select count(*) as count from (select 1 from webhook_delivery where state = 0 limit $1) waiting',
    values: [most],
  });
  return Number(rows[0]?.count);
}
