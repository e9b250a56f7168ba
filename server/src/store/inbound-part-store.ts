import type { NewInboundText } from './inbound-store.ts';
import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** One part of a long text. */
export interface NewInboundPart extends NewInboundText {
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
): Promise<NewInboundText[]> {
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

interface PartRow extends NewInboundText {
  readonly key: string;
  readonly total: number;
  readonly part: number;
}

/** Makes texts, with their gaps marked, of parts whose last one came before; returns how many. */
export async function endInboundParts(pool: Pool, lastCameBeforeMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'inbound_part.end',
    text: `
      with stale as (
        select list_id, phone, key, total from inbound_part
        where (list_id, phone, key, total) in
          (select list_id, phone, key, total from inbound_part where received_ms < $1)
        group by list_id, phone, key, total having max(received_ms) < $1
      ), gone as (
        delete from inbound_part p using stale s
        where p.list_id = s.list_id and p.phone = s.phone and p.key = s.key and p.total = s.total
        returning p.*
      ), pieces as (
        select *, coalesce(lag(part) over one, 0) as part_before, max(part) over one_whole as last_part
        from gone
        window one as (partition by list_id, phone, key, total order by part),
          one_whole as (partition by list_id, phone, key, total)
      )
      insert into inbound_text (list_id, carrier, carrier_inbound_id, phone, body, received_ms)
      select list_id, min(carrier), min(carrier_inbound_id), phone,
        string_agg(case when part > part_before + 1 then '${GAP}' else '' end || body
          || case when part = last_part and part < total then '${GAP}' else '' end, '' order by part),
        max(received_ms)
      from pieces group by list_id, phone, key, total
      on conflict (list_id, carrier, carrier_inbound_id) do nothing`,
    values: [lastCameBeforeMs],
  });
  return rowCount ?? 0;
}

function toTexts(rows: readonly PartRow[]): NewInboundText[] {
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
    return [{ carrier, id, phone, body: inOrder.map((row) => row.body).join(''), receivedMs }];
  });
}
