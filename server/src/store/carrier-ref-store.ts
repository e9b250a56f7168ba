import type { Transaction } from './transaction.ts';

/** A carrier's id of a message or of one part, in a spelling that receipts may use. */
export interface CarrierRef {
  readonly carrierId: string;
  readonly number: number;
  /** null: it is the id of the whole message. */
  readonly part: number | null;
}

/**
 * Serialises the registration of carrier ids and the parking of reports of one list for the rest of the transaction: a
 * report that finds no id is parked before the id can be registered, or finds it.
 */
export async function lockCarrierRefs(transaction: Transaction, listId: number): Promise<void> {
  await transaction.query({
    name: 'carrier_ref.lock',
    text: `select pg_advisory_xact_lock(hashtext('trackly carrier_ref'), $1)`,
    values: [listId],
  });
}

export async function insertCarrierRefs(
  transaction: Transaction,
  listId: number,
  refs: readonly CarrierRef[],
  nowMs: number,
): Promise<void> {
  await transaction.query({
    name: 'carrier_ref.insert',
    text: `
      insert into carrier_ref (list_id, carrier_id, number, part, created_ms)
      select $1, carrier_id, number, part, $5
      from unnest($2::text[], $3::bigint[], $4::smallint[]) as r(carrier_id, number, part)
      on conflict (list_id, carrier_id) do update set number = excluded.number, part = excluded.part`,
    values: [listId, refs.map((r) => r.carrierId), refs.map((r) => r.number), refs.map((r) => r.part), nowMs],
  });
}

/** Those of the spellings that are registered. */
export async function findCarrierRefs(
  transaction: Transaction,
  listId: number,
  carrierIds: readonly string[],
): Promise<CarrierRef[]> {
  const { rows } = await transaction.query<CarrierRef>({
    name: 'carrier_ref.find',
    text: `
      select carrier_id as "carrierId", number, part from carrier_ref
      where list_id = $1 and carrier_id = any ($2::text[])`,
    values: [listId, carrierIds],
  });
  return rows;
}

export interface ParkedReport {
  readonly carrierId: string;
  /** The report as JSON. */
  readonly report: unknown;
  /** The recipient, where the report tells it. */
  readonly phone: number | null;
}

export async function parkReports(
  transaction: Transaction,
  listId: number,
  parked: readonly ParkedReport[],
  nowMs: number,
): Promise<void> {
  await transaction.query({
    name: 'parked_report.insert',
    text: `
      insert into parked_report (list_id, carrier_id, report, phone, parked_ms)
      select $1, carrier_id, report, phone, $5
      from unnest($2::text[], $3::jsonb[], $4::bigint[]) as p(carrier_id, report, phone)`,
    values: [
      listId,
      parked.map((p) => p.carrierId),
      parked.map((p) => JSON.stringify(p.report)),
      parked.map((p) => p.phone),
      nowMs,
    ],
  });
}

/** Removes and returns the parked reports with one of these spellings. */
export async function takeParkedReports(
  transaction: Transaction,
  listId: number,
  carrierIds: readonly string[],
): Promise<unknown[]> {
  const { rows } = await transaction.query<{ report: unknown }>({
    name: 'parked_report.take',
    text: 'delete from parked_report where list_id = $1 and carrier_id = any ($2::text[]) returning report',
    values: [listId, carrierIds],
  });
  return rows.map((row) => row.report);
}

/** A parked report that tells its recipient. */
export interface RecipientReport {
  readonly carrierId: string;
  readonly phone: number;
  readonly textStart: string;
  readonly parkedMs: number;
}

/** Parked reports to these recipients. */
export async function findRecipientReports(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
): Promise<RecipientReport[]> {
  const { rows } = await transaction.query<RecipientReport>({
    name: 'parked_report.find_by_phone',
    text: `
      select carrier_id as "carrierId", phone, coalesce(report->'about'->>'textStart', '') as "textStart",
        parked_ms as "parkedMs"
      from parked_report where list_id = $1 and phone = any ($2::bigint[])`,
    values: [listId, phones],
  });
  return rows;
}
