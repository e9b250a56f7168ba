import type { Queryable } from './queryable.ts';

/** How a list fared at its carrier when its process last said so. */
export interface StoredHealth {
  readonly state: string;
  readonly inFlight: number;
  readonly lastErrorDetail: string | null;
  readonly lastErrorCode: string | null;
  readonly lastErrorMs: number | null;
  readonly lastSuccessMs: number | null;
  /** Within a day. */
  readonly receiptsMatched: number;
  readonly receiptsTotal: number;
  readonly updatedMs: number;
}

export type StoredSending = Omit<StoredHealth, 'receiptsMatched' | 'receiptsTotal' | 'updatedMs'> & {
  readonly listId: number;
};

/** Writes what the process that sends for these lists sees. */
export async function saveSendingHealth(db: Queryable, lists: readonly StoredSending[], nowMs: number): Promise<void> {
  if (lists.length === 0) return;
  const column = <K extends keyof StoredSending>(name: K): StoredSending[K][] => lists.map((list) => list[name]);
  await db.query({
    name: 'carrier_health.save_sending',
    text: `
      insert into carrier_health (list_id, state, in_flight, last_error_detail, last_error_code, last_error_ms,
        last_success_ms, receipts_since_ms, updated_ms)
      select *, $8, $8 from unnest($1::int[], $2::text[], $3::int[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
      on conflict (list_id) do update set state = excluded.state, in_flight = excluded.in_flight,
        last_error_detail = coalesce(excluded.last_error_detail, carrier_health.last_error_detail),
        last_error_code = case when excluded.last_error_ms is null then carrier_health.last_error_code
          else excluded.last_error_code end,
        last_error_ms = coalesce(excluded.last_error_ms, carrier_health.last_error_ms),
        last_success_ms = coalesce(excluded.last_success_ms, carrier_health.last_success_ms),
        updated_ms = excluded.updated_ms`,
    values: [
      column('listId'),
      column('state'),
      column('inFlight'),
      column('lastErrorDetail'),
      column('lastErrorCode'),
      column('lastErrorMs'),
      column('lastSuccessMs'),
      nowMs,
    ],
  });
}

export interface NewReceipts {
  readonly listId: number;
  readonly matched: number;
  readonly total: number;
}

/** Adds receipts that came since the last call; those before `sinceMs` are forgotten. */
export async function addReceiptCounts(
  db: Queryable,
  lists: readonly NewReceipts[],
  { nowMs, sinceMs }: { readonly nowMs: number; readonly sinceMs: number },
): Promise<void> {
  if (lists.length === 0) return;
  await db.query({
    name: 'carrier_health.add_receipts',
    text: `
      insert into carrier_health (list_id, receipts_matched, receipts_total, receipts_since_ms, updated_ms)
      select *, $4, $4 from unnest($1::int[], $2::bigint[], $3::bigint[])
      on conflict (list_id) do update set
        receipts_matched = excluded.receipts_matched
          + case when carrier_health.receipts_since_ms < $5 then 0 else carrier_health.receipts_matched end,
        receipts_total = excluded.receipts_total
          + case when carrier_health.receipts_since_ms < $5 then 0 else carrier_health.receipts_total end,
        receipts_since_ms = case when carrier_health.receipts_since_ms < $5 then $4
          else carrier_health.receipts_since_ms end,
        updated_ms = $4`,
    values: [
      lists.map((list) => list.listId),
      lists.map((list) => list.matched),
      lists.map((list) => list.total),
      nowMs,
      sinceMs,
    ],
  });
}

/** @returns undefined when nothing was sent from the list and no receipt came */
export async function readCarrierHealth(db: Queryable, listId: number): Promise<StoredHealth | undefined> {
  const { rows } = await db.query<StoredHealth>({
    name: 'carrier_health.read',
    text: `select state, in_flight as "inFlight", last_error_detail as "lastErrorDetail",
             last_error_code as "lastErrorCode", last_error_ms as "lastErrorMs", last_success_ms as "lastSuccessMs",
             receipts_matched as "receiptsMatched", receipts_total as "receiptsTotal", updated_ms as "updatedMs"
           from carrier_health where list_id = $1`,
    values: [listId],
  });
  return rows[0];
}

export interface ListDown {
  readonly listId: number;
  readonly number: string;
  readonly type: string;
  readonly detail: string | null;
  readonly code: string | null;
  /** Of the last error. */
  readonly atMs: number | null;
}

/** Active lists whose state is `down`. */
export async function readListsDown(db: Queryable): Promise<ListDown[]> {
  const { rows } = await db.query<ListDown>({
    name: 'carrier_health.read_down',
    text: `select list.id as "listId", list.phone_number as number, list.list_type as type,
             health.last_error_detail as detail, health.last_error_code as code, health.last_error_ms as "atMs"
           from carrier_health as health join list on list.id = health.list_id
           where health.state = 'down' and list.status = 'active' order by list.id`,
  });
  return rows;
}
