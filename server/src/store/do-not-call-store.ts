import { int8Array } from './array-parameters.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** Those of the phones that are on a do-not-call list of the operator. */
export async function findDoNotCall(db: Queryable, phones: readonly number[]): Promise<Set<number>> {
  if (phones.length === 0) return new Set();
  const { rows } = await db.query<{ phone: number }>({
    name: 'do_not_call.find',
    text: 'select distinct phone from do_not_call where phone = any ($1::bigint[])',
    values: [int8Array(phones)],
  });
  return new Set(rows.map((row) => row.phone));
}

/** A file as it was when it was read last. */
export interface DoNotCallFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export async function readDoNotCallFiles(db: Queryable): Promise<DoNotCallFile[]> {
  const { rows } = await db.query<DoNotCallFile>({
    name: 'do_not_call_file.read',
    text: 'select path, size_bytes as "sizeBytes", modified_ms as "modifiedMs" from do_not_call_file order by path',
  });
  return rows;
}

/**
 * Puts what a file holds now in the place of what it held. `chunks` hold phones, which may repeat.
 * @returns how many different phones it holds
 */
export async function replaceDoNotCallFile(
  transaction: Transaction,
  { path, sizeBytes, modifiedMs }: DoNotCallFile,
  chunks: AsyncIterable<readonly number[]>,
  nowMs: number,
): Promise<number> {
  const { rows } = await transaction.query<{ id: number }>({
    name: 'do_not_call_file.save',
    text: `insert into do_not_call_file (path, size_bytes, modified_ms, numbers, read_ms) values ($1, $2, $3, 0, $4)
           on conflict (path) do update
             set size_bytes = excluded.size_bytes, modified_ms = excluded.modified_ms, read_ms = excluded.read_ms
           returning id`,
    values: [path, sizeBytes, modifiedMs, nowMs],
  });
  const fileId = rows[0]?.id;
  await transaction.query('create temporary table do_not_call_now (phone bigint) on commit drop');
  for await (const phones of chunks) {
    await transaction.query({
      text: 'insert into do_not_call_now select unnest($1::bigint[])',
      values: [int8Array(phones)],
    });
  }
  await transaction.query({
    text: `insert into do_not_call (phone, file_id) select distinct phone, $1::integer from do_not_call_now
           on conflict do nothing`,
    values: [fileId],
  });
  await transaction.query({
    text: `delete from do_not_call d where d.file_id = $1
             and not exists (select 1 from do_not_call_now n where n.phone = d.phone)`,
    values: [fileId],
  });
  const counted = await transaction.query<{ numbers: number }>({
    name: 'do_not_call_file.count',
    text: `update do_not_call_file set numbers = (select count(*) from do_not_call where file_id = $1)
           where id = $1 returning numbers`,
    values: [fileId],
  });
  return counted.rows[0]?.numbers ?? 0;
}

/** Forgets files that are no longer named, with their numbers. */
export async function forgetDoNotCallFiles(transaction: Transaction, paths: readonly string[]): Promise<void> {
  await transaction.query({
    name: 'do_not_call_file.forget',
    text: `with gone as (delete from do_not_call_file where path = any ($1::text[]) returning id)
           delete from do_not_call where file_id in (select id from gone)`,
    values: [paths],
  });
}

/** Makes `on_dnc` of contacts what the files say; a number that the look-up provider calls listed stays so. */
export async function markDoNotCall(transaction: Transaction): Promise<void> {
  await transaction.query({
    name: 'contact.mark_do_not_call',
    text: `
      with changed as materialized (
        select c.phone from contact c where not c.on_dnc
          and exists (select 1 from do_not_call d where d.phone = c.phone)
        order by c.phone for update
      )
      update contact c set on_dnc = true from changed where c.phone = changed.phone`,
  });
  await transaction.query({
    name: 'contact.unmark_do_not_call',
    text: `
      with changed as materialized (
        select c.phone from contact c where c.on_dnc
          and not exists (select 1 from do_not_call d where d.phone = c.phone)
          and not exists (select 1 from phone_lookup l where l.phone = c.phone and l.result->'onDnc' = 'true')
        order by c.phone for update
      )
      update contact c set on_dnc = false from changed where c.phone = changed.phone`,
  });
}
