import type { ClientBase } from 'pg';

/** Numbers in one partition of `message`. */
const PARTITION_SIZE = 2 ** 24;

/**
 * Room for the two later versions of each row on its own page: sent and delivered are then no business of the indexes,
 * which halves what the database spends on a receipt. Both versions are longer than the row as it was inserted (times,
 * carrier ids, words), by a fifth at usual lengths: with half of the page one update in seven found no room.
 */
const FILL_PERCENT = 40;

/** Any number above 2^31 that no other advisory lock of ours uses. */
const LOCK_ID = 7_401_733_101;

/**
 * Makes the partitions of `message` that hold the numbers `fromNumber`..`toNumber` (both inclusive), where missing.
 * Processes may call it at once; inside a transaction or outside. Reads and writes of `message` go on meanwhile: a table
 * of its own is made first and then attached, because `create table ... partition of` would lock all of `message`.
 */
export async function ensureMessagePartitions(
  client: Pick<ClientBase, 'query'>,
  fromNumber: number,
  toNumber: number,
): Promise<void> {
  const first = Math.floor(fromNumber / PARTITION_SIZE);
  const last = Math.floor(toNumber / PARTITION_SIZE);
  const { rows } = await client.query<{ partition: number }>({
    name: 'message_partition.missing',
    text: `select partition from generate_series($1::int, $2::int) as partition
           where to_regclass('message_p' || partition) is null`,
    values: [first, last],
  });
  for (const { partition } of rows) await client.query(createStatement(partition));
}

/** One statement, so that its lock lasts exactly as long as the transaction that it is in or makes up. */
function createStatement(partition: number): string {
  const table = `message_p${partition}`;
  const from = partition * PARTITION_SIZE;
  return `do $$
    begin
      perform pg_advisory_xact_lock(${LOCK_ID});
      if to_regclass('${table}') is null then
        create table ${table} (like message including defaults including storage) with (fillfactor = ${FILL_PERCENT});
        alter table message attach partition ${table} for values from (${from}) to (${from + PARTITION_SIZE});
      end if;
    end
  $$`;
}
