import { int8Array, textArray } from './array-parameters.ts';
import { copyEach } from './copy-rows.ts';
import type { Transaction } from './transaction.ts';

/** What an account says about a phone. null: nothing, what is stored stays. */
export interface Profile {
  readonly phone: number;
  readonly email: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** IANA name. */
  readonly timezone: string | null;
  /** Disposition of the last validation. */
  readonly validationStatus: string | null;
}

/** Each phone at most once. */
export async function saveProfiles(
  transaction: Transaction,
  accountId: string,
  profiles: readonly Profile[],
): Promise<void> {
  if (profiles.length === 0) return;
  await transaction.query({
    name: 'account_contact.save',
    text: `
      insert into account_contact as a
        (account_id, phone, email, first_name, last_name, timezone, validation_status)
      select $1, n.* from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
        as n(phone, email, first_name, last_name, timezone, status)
      order by n.phone
      on conflict (account_id, phone) do update set
        email = coalesce(excluded.email, a.email),
        first_name = coalesce(excluded.first_name, a.first_name),
        last_name = coalesce(excluded.last_name, a.last_name),
        timezone = coalesce(excluded.timezone, a.timezone),
        validation_status = coalesce(excluded.validation_status, a.validation_status)`,
    values: [
      accountId,
      int8Array(profiles.map((profile) => profile.phone)),
      textArray(profiles.map((profile) => profile.email)),
      textArray(profiles.map((profile) => profile.firstName)),
      textArray(profiles.map((profile) => profile.lastName)),
      textArray(profiles.map((profile) => profile.timezone)),
      textArray(profiles.map((profile) => profile.validationStatus)),
    ],
  });
}

/**
 * The same for phones of which the account has said nothing, at a third of the cost.
 * @throws Error that `isUniqueViolation` tells, when it has
 */
export async function loadProfiles(
  transaction: Transaction,
  accountId: string,
  profiles: Iterable<Profile>,
): Promise<void> {
  const columns = 'account_id, phone, email, first_name, last_name, timezone, validation_status';
  await copyEach(
    transaction,
    `copy account_contact (${columns}) from stdin`,
    profiles,
    (rows, { phone, email, firstName, lastName, timezone, validationStatus }) => {
      rows.row(7).text(accountId).int8(phone).text(email).text(firstName).text(lastName);
      rows.text(timezone).text(validationStatus);
    },
  );
}

/** Whether the installation knows one of the phones, and whether the account has said something about one. */
export async function areKnown(
  transaction: Transaction,
  accountId: string,
  phones: readonly number[],
): Promise<{ readonly contacts: boolean; readonly profiles: boolean }> {
  const { rows } = await transaction.query<{ contacts: boolean; profiles: boolean }>({
    name: 'contact.are_known',
    text: `select exists (select 1 from contact where phone = any ($2::bigint[])) as contacts,
             exists (select 1 from account_contact where account_id = $1 and phone = any ($2::bigint[])) as profiles`,
    values: [accountId, int8Array(phones)],
  });
  return rows[0] ?? { contacts: true, profiles: true };
}
