import { boolArray, int8Array, textArray } from './array-parameters.ts';
import { hexIdsFrom } from '../lib/public-id.ts';
import { copyEach } from './copy-rows.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** Why a list contact is inactive. */
export type InactiveReason =
  | 'message'
  | 'manual'
  | 'complaint'
  | 'bad_response'
  | 'invalid_contact'
  | 'api'
  | 'journey'
  /** Wrote to us and never subscribed: no opt-out. */
  | 'no_consent';

export type SignupMethod = 'api' | 'import' | 'form' | 'journey' | 'keyword' | 'inbound' | 'optin';

export type CustomFields = Readonly<Record<string, unknown>>;

export interface ListContactKey {
  readonly listId: number;
  readonly phone: number;
}

/** A phone's subscription to one list, without its counters. */
export interface ListContactState extends ListContactKey {
  readonly active: boolean;
  /** null while active. */
  readonly reason: InactiveReason | null;
  readonly unsubscribedMs: number | null;
  /** When they consented. */
  readonly signupMs: number;
  readonly signupMethod: SignupMethod;
  readonly adNetworkSource: string | null;
  readonly adNetworkId: string | null;
  readonly customFields: CustomFields;
}

/** One as it is stored. */
export interface StoredListContact extends ListContactState {
  /** 24 hexadecimal characters. */
  readonly id: string;
}

const COLUMNS = `c.list_id as "listId", c.phone, encode(c.id, 'hex') as id, c.active, c.reason,
  c.unsubscribed_ms as "unsubscribedMs", c.signup_ms as "signupMs", c.signup_method as "signupMethod",
  c.ad_network_source as "adNetworkSource", c.ad_network_id as "adNetworkId", c.custom_fields as "customFields"`;

/**
 * Locks those of a list that exist until the transaction ends, in the order of their phones. Who locks several lists takes
 * them by id.
 */
export async function lockListContacts(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
): Promise<StoredListContact[]> {
  if (phones.length === 0) return [];
  const { rows } = await transaction.query<StoredListContact>({
    name: 'list_contact.lock',
    text: `select ${COLUMNS} from list_contact c
           where c.list_id = $1 and c.phone = any ($2::bigint[]) order by c.phone for update`,
    values: [listId, int8Array(phones)],
  });
  return rows;
}

/** How list contacts came to be. */
export interface Origin {
  readonly nowMs: number;
  /** `number` of the job that puts them on the list; null: another road. */
  readonly importNumber: number | null;
}

/** @returns how many were stored; the others were stored by somebody else in the meantime */
export async function insertListContacts(
  transaction: Transaction,
  contacts: readonly StoredListContact[],
  { nowMs, importNumber }: Origin,
): Promise<number> {
  if (contacts.length === 0) return 0;
  const { rowCount } = await transaction.query({
    name: 'list_contact.insert',
    text: `
      insert into list_contact (list_id, phone, active, reason, unsubscribed_ms, signup_ms, signup_method,
        ad_network_source, ad_network_id, custom_fields, id, created_ms, import_number)
      select n.*, $12, $13::bigint from ${unnested(`, decode(id, 'hex')`, ', $11::text[]', ', id')} order by n.list_id, n.phone
      on conflict (list_id, phone) do nothing`,
    values: [...toArrays(contacts), textArray(contacts.map((contact) => contact.id)), nowMs, importNumber],
  });
  return rowCount ?? 0;
}

/**
 * Stores list contacts none of which is there, at a third of the cost.
 * @throws Error that `isUniqueViolation` tells, when one is
 */
export async function loadListContacts(
  transaction: Transaction,
  contacts: Iterable<ListContactState>,
  { nowMs, importNumber }: Origin,
): Promise<void> {
  const ids = hexIdsFrom(nowMs);
  const columns = `list_id, phone, id, active, reason, unsubscribed_ms, signup_ms, signup_method, ad_network_source,
    ad_network_id, custom_fields, created_ms, import_number`;
  await copyEach(transaction, `copy list_contact (${columns}) from stdin`, contacts, (rows, contact) => {
    rows
      .row(13)
      .int4(contact.listId)
      .int8(contact.phone)
      .hex(ids.next().value)
      .bool(contact.active)
      .text(contact.reason);
    rows.int8(contact.unsubscribedMs).int8(contact.signupMs).text(contact.signupMethod).text(contact.adNetworkSource);
    rows.text(contact.adNetworkId).jsonb(toJson(contact.customFields)).int8(nowMs).int8(importNumber);
  });
}

/** Writes list contacts of one list that the transaction has locked. */
export async function updateListContacts(
  transaction: Transaction,
  listId: number,
  states: readonly ListContactState[],
): Promise<void> {
  if (states.length === 0) return;
  await transaction.query({
    name: 'list_contact.update',
    text: `
      update list_contact c set active = n.active, reason = n.reason, unsubscribed_ms = n.unsubscribed_ms,
        signup_ms = n.signup_ms, signup_method = n.signup_method, ad_network_source = n.ad_network_source,
        ad_network_id = n.ad_network_id, custom_fields = n.custom_fields
      from ${unnested()}
      where c.list_id = $11 and c.phone = n.phone`,
    values: [...toArrays(states), listId],
  });
}

/** The arrays of `toArrays` as rows, with another column behind them. */
function unnested(column = '', parameter = '', name = ''): string {
  return `
  (select list_id::integer, phone, active, reason, unsubscribed_ms, signup_ms, signup_method, ad_network_source,
     ad_network_id, custom_fields::jsonb${column}
   from unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
     $8::text[], $9::text[], $10::text[]${parameter})
     as n(list_id, phone, active, reason, unsubscribed_ms, signup_ms, signup_method, ad_network_source,
       ad_network_id, custom_fields${name})) n`;
}

function toArrays(states: readonly ListContactState[]): Buffer[] {
  return [
    int8Array(states.map((state) => state.listId)),
    int8Array(states.map((state) => state.phone)),
    boolArray(states.map((state) => state.active)),
    textArray(states.map((state) => state.reason)),
    int8Array(states.map((state) => state.unsubscribedMs)),
    int8Array(states.map((state) => state.signupMs)),
    textArray(states.map((state) => state.signupMethod)),
    textArray(states.map((state) => state.adNetworkSource)),
    textArray(states.map((state) => state.adNetworkId)),
    textArray(states.map((state) => toJson(state.customFields))),
  ];
}

const NO_FIELDS = '{}';

function toJson(fields: CustomFields): string {
  for (const _ in fields) return JSON.stringify(fields);
  return NO_FIELDS;
}

/** Custom fields of those of the phones that are on the list and have some. */
export async function readCustomFields(
  db: Queryable,
  listId: number,
  phones: readonly number[],
): Promise<Map<number, CustomFields>> {
  const { rows } = await db.query<{ phone: number; fields: CustomFields }>({
    name: 'list_contact.custom_fields',
    text: `select phone, custom_fields as fields from list_contact
           where list_id = $1 and phone = any ($2::bigint[]) and custom_fields <> '{}'`,
    values: [listId, int8Array(phones)],
  });
  return new Map(rows.map((row) => [row.phone, row.fields]));
}

/** Those of the phones that are on the list, active or not, each with the number of the import that put it there. */
export async function findListed(
  transaction: Transaction,
  listId: number,
  phones: readonly number[],
): Promise<Map<number, number | null>> {
  if (phones.length === 0) return new Map();
  const { rows } = await transaction.query<{ phone: number; importNumber: number | null }>({
    name: 'list_contact.find_listed',
    text: `select phone, import_number as "importNumber" from list_contact
           where list_id = $1 and phone = any ($2::bigint[])`,
    values: [listId, int8Array(phones)],
  });
  return new Map(rows.map(({ phone, importNumber }) => [phone, importNumber]));
}
