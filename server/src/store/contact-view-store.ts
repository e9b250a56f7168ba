import { int8Array } from './array-parameters.ts';
import type { CustomFields, InactiveReason, SignupMethod } from './list-contact-store.ts';
import type { LineType } from './contact-store.ts';
import type { Queryable } from './queryable.ts';

/** A list contact with all that is known of its phone. What is null of the phone was never stored. */
export interface ContactViewRow {
  readonly listId: number;
  readonly phone: number;
  readonly id: string;
  readonly active: boolean;
  readonly reason: InactiveReason | null;
  readonly unsubscribedMs: number | null;
  readonly signupMs: number;
  readonly signupMethod: SignupMethod;
  readonly adNetworkSource: string | null;
  readonly adNetworkId: string | null;
  readonly customFields: CustomFields;
  readonly sendCount: number;
  readonly lastSentMs: number | null;
  readonly contactId: string | null;
  readonly isValid: boolean | null;
  readonly lineType: LineType | null;
  readonly state: string | null;
  readonly carrier: string | null;
  readonly onDnc: boolean;
  readonly createdMs: number;
  readonly email: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly timezone: string | null;
  readonly validationStatus: string | null;
}

const COLUMNS = `c.list_id as "listId", c.phone, encode(c.id, 'hex') as id, c.active, c.reason,
  c.unsubscribed_ms as "unsubscribedMs", c.signup_ms as "signupMs", c.signup_method as "signupMethod",
  c.ad_network_source as "adNetworkSource", c.ad_network_id as "adNetworkId", c.custom_fields as "customFields",
  coalesce(s.send_count, 0) as "sendCount", s.last_sent_ms as "lastSentMs",
  encode(k.id, 'hex') as "contactId", k.is_valid as "isValid", k.line_type as "lineType", k.state, k.carrier,
  coalesce(k.on_dnc, false) as "onDnc", coalesce(k.created_ms, c.created_ms) as "createdMs",
  a.email, a.first_name as "firstName", a.last_name as "lastName", a.timezone,
  a.validation_status as "validationStatus"`;
const JOINS = `
  left join contact k on k.phone = c.phone
  left join account_contact a on a.account_id = $1 and a.phone = c.phone
  left join list_contact_activity s on s.list_id = c.list_id and s.phone = c.phone`;

export interface ContactFilter {
  readonly accountId: string;
  readonly listIds: readonly number[];
  /** null: both. */
  readonly active: boolean | null;
}

/** List contacts by newest signup, then id descending. Takes no more of each list than the page can hold. */
export async function readContactPage(
  db: Queryable,
  { accountId, listIds, active }: ContactFilter,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<ContactViewRow[]> {
  const { rows } = await db.query<ContactViewRow>({
    name: 'contact_view.page',
    text: `
      select ${COLUMNS}
      from (
        select c.* from unnest($2::integer[]) as l(id) cross join lateral (
          select * from list_contact where list_id = l.id and ($3::boolean is null or active = $3)
          order by signup_ms desc, id desc limit $4::bigint + $5
        ) c
        order by c.signup_ms desc, c.id desc offset $4 limit $5
      ) c ${JOINS}
      order by c.signup_ms desc, c.id desc`,
    values: [accountId, listIds, active, offset, limit],
  });
  return rows;
}

export async function countContactViews(
  db: Queryable,
  { listIds, active }: Pick<ContactFilter, 'listIds' | 'active'>,
): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'contact_view.count',
    text: `select count(*) as count from list_contact
           where list_id = any ($1::integer[]) and ($2::boolean is null or active = $2)`,
    values: [listIds, active],
  });
  return rows[0]?.count ?? 0;
}

/** All list contacts of these phones on these lists, by list. */
export async function readContactViews(
  db: Queryable,
  accountId: string,
  listIds: readonly number[],
  phones: readonly number[],
): Promise<ContactViewRow[]> {
  const { rows } = await db.query<ContactViewRow>({
    name: 'contact_view.phones',
    text: `
      select ${COLUMNS} from list_contact c ${JOINS}
      where c.list_id = any ($2::integer[]) and c.phone = any ($3::bigint[]) order by c.list_id, c.phone`,
    values: [accountId, listIds, int8Array(phones)],
  });
  return rows;
}

/** Phones that are on any of these lists, by the id of the contact. */
export async function readContactPhones(
  db: Queryable,
  listIds: readonly number[],
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<number[]> {
  const { rows } = await db.query<{ phone: number }>({
    name: 'contact_view.distinct_phones',
    text: `
      select k.phone from contact k
      where exists (select 1 from list_contact c where c.list_id = any ($1::integer[]) and c.phone = k.phone)
      order by k.id offset $2 limit $3`,
    values: [listIds, offset, limit],
  });
  return rows.map((row) => row.phone);
}

export interface ExportPlace {
  readonly listId: number;
  readonly phone: number;
}

/** List contacts behind a place, by list and phone. */
export async function readContactExport(
  db: Queryable,
  { accountId, listIds, active }: ContactFilter,
  after: ExportPlace,
  limit: number,
): Promise<ContactViewRow[]> {
  const { rows } = await db.query<ContactViewRow>({
    name: 'contact_view.export',
    text: `
      select ${COLUMNS}
      from (
        select * from list_contact
        where list_id = any ($2::integer[]) and (list_id, phone) > ($4::integer, $5::bigint)
          and ($3::boolean is null or active = $3)
        order by list_id, phone limit $6
      ) c ${JOINS}
      order by c.list_id, c.phone`,
    values: [accountId, listIds, active, after.listId, after.phone, limit],
  });
  return rows;
}

/** Every key that a custom field of these lists has. */
export async function readCustomFieldKeys(db: Queryable, listIds: readonly number[]): Promise<string[]> {
  const { rows } = await db.query<{ key: string }>({
    name: 'contact_view.custom_field_keys',
    text: `select distinct key from list_contact, jsonb_object_keys(custom_fields) as key
           where list_id = any ($1::integer[]) and custom_fields <> '{}' order by key`,
    values: [listIds],
  });
  return rows.map((row) => row.key);
}
