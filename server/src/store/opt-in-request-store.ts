import { int8Array } from './array-parameters.ts';
import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** A number that was asked to confirm its subscription. */
export interface OptInRequest {
  readonly phone: number;
  readonly askedMs: number;
  /** How often it was asked without an answer. */
  readonly asks: number;
  /** Signup method that the subscription will have. */
  readonly method: string;
  /** What came with the wish to subscribe; JSON. */
  readonly evidence: Readonly<Record<string, string | null>>;
  /** To be merged into those of the contact. */
  readonly customFields: Readonly<Record<string, unknown>>;
}

/** A newer question replaces an older one. One a phone. */
export async function saveOptInRequests(
  transaction: Transaction,
  listId: number,
  requests: readonly OptInRequest[],
): Promise<void> {
  if (requests.length === 0) return;
  await transaction.query({
    name: 'opt_in_request.save',
    text: `
      insert into opt_in_request (list_id, phone, asked_ms, asks, method, evidence, custom_fields)
      select $1, * from unnest($2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::jsonb[], $7::jsonb[])
        as r(phone, asked_ms, asks, method, evidence, custom_fields)
      order by phone
      on conflict (list_id, phone) do update
        set asked_ms = excluded.asked_ms, asks = excluded.asks, method = excluded.method, evidence = excluded.evidence,
          custom_fields = excluded.custom_fields`,
    values: [
      listId,
      int8Array(requests.map((request) => request.phone)),
      int8Array(requests.map((request) => request.askedMs)),
      requests.map((request) => request.asks),
      requests.map((request) => request.method),
      requests.map((request) => JSON.stringify(request.evidence)),
      requests.map((request) => JSON.stringify(request.customFields)),
    ],
  });
}

/** Those of the phones that were asked after a time. */
export async function loadOptInRequests(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
  askedAfterMs: number,
): Promise<OptInRequest[]> {
  if (phones.length === 0) return [];
  const { rows } = await transaction.query<OptInRequest>({
    name: 'opt_in_request.load',
    text: `
      select phone, asked_ms as "askedMs", asks, method, evidence, custom_fields as "customFields" from opt_in_request
      where list_id = $1 and phone = any ($2::bigint[]) and asked_ms > $3 order by phone for update`,
    values: [listId, int8Array(phones), askedAfterMs],
  });
  return rows;
}

/** The question is answered, or withdrawn by an opt-out. */
export async function deleteOptInRequests(
  transaction: Transaction,
  listIds: readonly number[],
  phones: readonly number[],
): Promise<void> {
  if (phones.length === 0) return;
  await transaction.query({
    name: 'opt_in_request.delete',
    text: 'delete from opt_in_request where list_id = any ($1::integer[]) and phone = any ($2::bigint[])',
    values: [listIds, int8Array(phones)],
  });
}

/** Returns how many were removed. */
export async function purgeOptInRequests(pool: Pool, askedBeforeMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'opt_in_request.purge',
    text: 'delete from opt_in_request where asked_ms < $1',
    values: [askedBeforeMs],
  });
  return rowCount ?? 0;
}
