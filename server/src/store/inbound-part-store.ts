import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** A text, put together of its parts. */
export interface JoinedText {
  /** List type. */
  readonly carrier: string;
  /** The carrier's, of the first part. */
  readonly id: string;
  readonly phone: number;
  readonly body: string;
  readonly receivedMs: number;
}

/** One part of a long text. */
export interface NewInboundPart extends JoinedText {
  /** Shared by the parts of one text from one phone. */
  readonly key: string;
  readonly total: number;
  /** 1 to `total`. */
  readonly number: number;
}

/** What stands for parts that never came. */
const GAP = '[...]';

/**
 * Keeps parts and takes out the texts that are whole by them, as of their last part; a part that comes twice counts once.
 * A joined text has the id of its first part.
 */
export async function joinParts(
  transaction: Transaction,
  listId: number,
  parts: readonly NewInboundPart[],
): Promise<JoinedText[]> {
  if (parts.length === 0) return [];
  // A statement can write a row once: of a part that is there twice, the later one counts.
  const once = [
    ...new Map(parts.map((part) => [JSON.stringify([part.phone, part.key, part.total, part.number]), part])).values(),
  ];
  await transaction.query({
    name: 'inbound_part.insert',
    text: `
      insert into inbound_part (list_id, phone, key, total, part, carrier, carrier_inbound_id, body, received_ms)
      select $1, p.* from unnest($2::bigint[], $3::text[], $4::smallint[], $5::smallint[], $6::text[], $7::text[],
        $8::text[], $9::bigint[]) as p
      on conflict (list_id, phone, key, total, part) do update
        set body = excluded.body, received_ms = excluded.received_ms`,
    values: [
      listId,
      once.map((part) => part.phone),
      once.map((part) => part.key),
      once.map((part) => part.total),
      once.map((part) => part.number),
      once.map((part) => part.carrier),
      once.map((part) => part.id),
      once.map((part) => part.body),
      once.map((part) => part.receivedMs),
    ],
  });
  const { rows } = await transaction.query<PartRow>({
    name: 'inbound_part.take_whole',
    text: `
      with whole as (
        select phone, key, total from inbound_part where list_id = $1 and phone = any ($2::bigint[])
        group by phone, key, total having count(*) = total
      )
      delete from inbound_part p using whole w
      where p.list_id = $1 and p.phone = w.phone and p.key = w.key and p.total = w.total
      returning p.phone, p.key, p.total, p.part, p.carrier, p.carrier_inbound_id as id, p.body,
        p.received_ms as "receivedMs"`,
    values: [listId, [...new Set(once.map((part) => part.phone))]],
  });
  return toTexts(rows);
}

interface PartRow extends JoinedText {
  readonly key: string;
  readonly total: number;
  /** 1 to `total`. */
  readonly part: number;
}

/** A part that waits for others that will hardly come. */
export interface StalePart extends PartRow {
  readonly listId: number;
}

/** Parts of texts whose last part came before; those of a text are never torn apart by the limit. */
export async function loadStaleParts(
  pool: Pool,
  { lastCameBeforeMs, limit }: { readonly lastCameBeforeMs: number; readonly limit: number },
): Promise<StalePart[]> {
  const { rows } = await pool.query<StalePart>({
    name: 'inbound_part.stale',
    text: `
      with stale as (
        select list_id, phone, key, total from inbound_part
        where (list_id, phone, key, total) in
          (select list_id, phone, key, total from inbound_part where received_ms < $1)
        group by list_id, phone, key, total having max(received_ms) < $1
        limit $2
      )
      select p.list_id as "listId", p.phone, p.key, p.total, p.part, p.carrier, p.carrier_inbound_id as id, p.body,
        p.received_ms as "receivedMs"
      from inbound_part p join stale s using (list_id, phone, key, total)`,
    values: [lastCameBeforeMs, limit],
  });
  return rows;
}

export async function deleteParts(pool: Pool, parts: readonly StalePart[]): Promise<void> {
  await pool.query({
    name: 'inbound_part.delete',
    text: `
      delete from inbound_part p
      using unnest($1::integer[], $2::bigint[], $3::text[], $4::smallint[], $5::smallint[]) as d (list_id, phone, key, total, part)
      where p.list_id = d.list_id and p.phone = d.phone and p.key = d.key and p.total = d.total and p.part = d.part`,
    values: [
      parts.map((part) => part.listId),
      parts.map((part) => part.phone),
      parts.map((part) => part.key),
      parts.map((part) => part.total),
      parts.map((part) => part.part),
    ],
  });
}

/** Puts parts of any number of texts of one list together. Parts that are missing are marked. */
export function toTexts(rows: readonly PartRow[]): JoinedText[] {
  const groups = new Map<string, PartRow[]>();
  for (const row of rows) {
    const id = JSON.stringify([row.phone, row.key, row.total]);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [row]);
    else group.push(row);
  }
  return [...groups.values()].flatMap((group) => {
    const inOrder = group.toSorted((a, b) => a.part - b.part);
    const [first] = inOrder;
    if (first === undefined) return [];
    const { carrier, id, phone } = first;
    const receivedMs = Math.max(...inOrder.map((row) => row.receivedMs));
    return [{ carrier, id, phone, body: joinBodies(inOrder), receivedMs }];
  });
}

function joinBodies(parts: readonly PartRow[]): string {
  let body = '';
  let due = 1;
  for (const { part, body: piece } of parts) {
    body += part > due ? GAP + piece : piece;
    due = part + 1;
  }
  return due <= (parts[0]?.total ?? 0) ? body + GAP : body;
}
