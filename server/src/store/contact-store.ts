import { boolArray, int8Array, textArray } from './array-parameters.ts';
import { hexIdsFrom } from '../lib/public-id.ts';
import { copyEach } from './copy-rows.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

export type LineType = 'CELL PHONE' | 'VOIP' | 'LANDLINE' | 'FAKE' | 'UNKNOWN';

/** A phone of the installation with what its number, or a look-up, tells. */
export interface NewContact {
  readonly phone: number;
  readonly isValid: boolean;
  readonly lineType: LineType;
  /** ISO 3166-1 alpha-2; null: the number belongs to none. */
  readonly country: string | null;
  /** Two letters; null: not a US area code with one. */
  readonly state: string | null;
  /** Default: not known. */
  readonly carrier?: string | null | undefined;
  /** On a do-not-call list. Default false. */
  readonly onDnc?: boolean | undefined;
}

/**
 * Stores phones that the installation does not know yet; what is known of the others stays. Phones may repeat. Call it
 * before list contacts are locked.
 * @returns the phones that are new
 */
export async function insertContacts(
  transaction: Transaction,
  contacts: readonly NewContact[],
  nowMs: number,
): Promise<Set<number>> {
  if (contacts.length === 0) return new Set();
  const { rows } = await transaction.query<{ phone: number }>({
    name: 'contact.insert',
    text: `
      insert into contact (phone, is_valid, line_type, country, state, carrier, on_dnc, created_ms)
      select distinct on (phone) phone, is_valid, line_type, country, state, carrier, on_dnc, $8
      from unnest($1::bigint[], $2::boolean[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
        as n(phone, is_valid, line_type, country, state, carrier, on_dnc)
      order by phone
      on conflict (phone) do nothing
      returning phone`,
    values: [
      int8Array(contacts.map((contact) => contact.phone)),
      boolArray(contacts.map((contact) => contact.isValid)),
      textArray(contacts.map((contact) => contact.lineType)),
      textArray(contacts.map((contact) => contact.country)),
      textArray(contacts.map((contact) => contact.state)),
      textArray(contacts.map((contact) => contact.carrier ?? null)),
      boolArray(contacts.map((contact) => contact.onDnc ?? false)),
      nowMs,
    ],
  });
  return new Set(rows.map((row) => row.phone));
}

/**
 * Stores phones none of which the installation knows, each once, at a third of the cost. Call it before list contacts are
 * locked.
 * @throws Error that `isUniqueViolation` tells, when it does know one
 */
export async function loadContacts(
  transaction: Transaction,
  contacts: Iterable<NewContact>,
  nowMs: number,
): Promise<void> {
  const ids = hexIdsFrom(nowMs);
  const columns = 'phone, id, is_valid, line_type, country, state, carrier, on_dnc, created_ms';
  await copyEach(transaction, `copy contact (${columns}) from stdin`, contacts, (rows, contact) => {
    rows.row(9).int8(contact.phone).hex(ids.next().value).bool(contact.isValid).text(contact.lineType);
    rows
      .text(contact.country)
      .text(contact.state)
      .text(contact.carrier ?? null)
      .bool(contact.onDnc ?? false)
      .int8(nowMs);
  });
}

/** Ids of phones, 24 hexadecimal characters; phones that are not stored are missing. */
export async function readContactIds(db: Queryable, phones: readonly number[]): Promise<Map<number, string>> {
  if (phones.length === 0) return new Map();
  const { rows } = await db.query<{ phone: number; id: string }>({
    name: 'contact.ids',
    text: `select phone, encode(id, 'hex') as id from contact where phone = any ($1::bigint[])`,
    values: [int8Array(phones)],
  });
  return new Map(rows.map((row) => [row.phone, row.id]));
}

/** Those of the phones that the installation knows. */
export async function readKnownPhones(db: Queryable, phones: readonly number[]): Promise<Set<number>> {
  return new Set((await readContactIds(db, phones)).keys());
}

/** What a look-up said of a phone. null: stays as it is. */
export interface LookedUpContact {
  readonly phone: number;
  readonly lineType: LineType | null;
  readonly carrier: string | null;
  readonly onDnc: boolean;
  /** What the account is told of it. */
  readonly disposition: string;
}

/**
 * Writes what look-ups said into the phones that are stored, and their disposition for the account; others stay unknown.
 * Each phone at most once. Call it before list contacts are locked.
 */
export async function updateLookedUp(
  transaction: Transaction,
  accountId: string,
  contacts: readonly LookedUpContact[],
): Promise<void> {
  if (contacts.length === 0) return;
  await transaction.query({
    name: 'contact.looked_up',
    text: `
      with known as materialized (
        select phone from contact where phone = any ($2::bigint[]) order by phone for update
      ), looked_up as (
        update contact c set line_type = coalesce(n.line_type, c.line_type), carrier = coalesce(n.carrier, c.carrier),
          on_dnc = n.on_dnc
        from known, unnest($2::bigint[], $3::text[], $4::text[], $5::boolean[]) as n(phone, line_type, carrier, on_dnc)
        where c.phone = known.phone and n.phone = known.phone
      )
      insert into account_contact (account_id, phone, validation_status)
      select $1, known.phone, n.disposition
      from known, unnest($2::bigint[], $6::text[]) as n(phone, disposition)
      where n.phone = known.phone order by known.phone
      on conflict (account_id, phone) do update set validation_status = excluded.validation_status`,
    values: [
      accountId,
      int8Array(contacts.map((contact) => contact.phone)),
      textArray(contacts.map((contact) => contact.lineType)),
      textArray(contacts.map((contact) => contact.carrier)),
      boolArray(contacts.map((contact) => contact.onDnc)),
      textArray(contacts.map((contact) => contact.disposition)),
    ],
  });
}

/** Phones that a carrier says nobody has. Those that are not stored stay so. Call it before list contacts are locked. */
export async function markInvalid(transaction: Transaction, phones: readonly number[]): Promise<void> {
  if (phones.length === 0) return;
  await transaction.query({
    name: 'contact.mark_invalid',
    text: `
      with known as materialized (
        select phone from contact where phone = any ($1::bigint[]) and is_valid order by phone for update
      )
      update contact c set is_valid = false from known where c.phone = known.phone and c.phone = any ($1::bigint[])`,
    values: [int8Array(phones)],
  });
}
