import { boolArray, int8Array, textArray } from './array-parameters.ts';
import type { NewContact } from './contact-store.ts';
import type { Transaction } from './transaction.ts';

/** How far contacts follow the numbering data of the program. */
export interface PhoneData {
  readonly version: string;
  /** Contacts up to this phone follow it; null: all. */
  readonly donePhone: number | null;
}

/** Locked until the transaction ends; undefined: nothing was noted yet. */
export async function lockPhoneData(transaction: Transaction): Promise<PhoneData | undefined> {
  const { rows } = await transaction.query<PhoneData>({
    name: 'phone_data.lock',
    text: 'select version, done_phone as "donePhone" from phone_data for update',
  });
  return rows[0];
}

export async function writePhoneData(transaction: Transaction, { version, donePhone }: PhoneData): Promise<void> {
  await transaction.query({
    name: 'phone_data.write',
    text: `insert into phone_data (version, done_phone) values ($1, $2)
           on conflict (one) do update set version = excluded.version, done_phone = excluded.done_phone`,
    values: [version, donePhone],
  });
}

/** What is stored of the next `limit` phones behind `afterPhone`, by phone, locked until the transaction ends. */
export async function lockFacts(transaction: Transaction, afterPhone: number, limit: number): Promise<NewContact[]> {
  const { rows } = await transaction.query<NewContact>({
    name: 'contact.lock_facts',
    text: `select phone, is_valid as "isValid", line_type as "lineType", country, state from contact
           where phone > $1 order by phone limit $2 for update`,
    values: [afterPhone, limit],
  });
  return rows;
}

/** Writes facts of phones that the transaction has locked. */
export async function updateFacts(transaction: Transaction, facts: readonly NewContact[]): Promise<void> {
  if (facts.length === 0) return;
  await transaction.query({
    name: 'contact.update_facts',
    text: `
      update contact c set is_valid = n.is_valid, line_type = n.line_type, country = n.country, state = n.state
      from unnest($1::bigint[], $2::boolean[], $3::text[], $4::text[], $5::text[])
        as n(phone, is_valid, line_type, country, state)
      where c.phone = n.phone and c.phone = any ($1::bigint[])`,
    values: [
      int8Array(facts.map((one) => one.phone)),
      boolArray(facts.map((one) => one.isValid)),
      textArray(facts.map((one) => one.lineType)),
      textArray(facts.map((one) => one.country)),
      textArray(facts.map((one) => one.state)),
    ],
  });
}
