import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** A text that somebody wrote to a list's number. */
export interface NewInboundText {
  /** List type; with `id` the key against repeats. */
  readonly carrier: string;
  readonly id: string;
  readonly phone: number;
  readonly body: string;
  readonly receivedMs: number;
}

/** Stores texts and returns those that are new; repeats are left alone. */
export async function insertInboundTexts(
  transaction: Transaction,
  listId: number,
  texts: readonly NewInboundText[],
): Promise<NewInboundText[]> {
  if (texts.length === 0) return [];
  const { rows } = await transaction.query<NewInboundText>({
    name: 'inbound_text.insert',
    text: `
      insert into inbound_text (list_id, carrier, carrier_inbound_id, phone, body, received_ms)
      select $1, t.* from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[]) as t
      on conflict (list_id, carrier, carrier_inbound_id) do nothing
      returning carrier, carrier_inbound_id as id, phone, body, received_ms as "receivedMs"`,
    values: [
      listId,
      texts.map((text) => text.carrier),
      texts.map((text) => text.id),
      texts.map((text) => text.phone),
      texts.map((text) => text.body),
      texts.map((text) => text.receivedMs),
    ],
  });
  return rows;
}

/** Whether the phone wrote to the list within a time, both ends included. */
export async function hasInboundText(
  db: Queryable,
  listId: number,
  phone: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>({
    name: 'inbound_text.has',
    text: `select exists (
             select 1 from inbound_text
             where list_id = $1 and phone = $2 and received_ms between $3 and $4
           ) as found`,
    values: [listId, phone, fromMs, untilMs],
  });
  return rows[0]?.found === true;
}
