import { int8Array } from './array-parameters.ts';
import type { Pool } from './pool.ts';
import { type Transaction, withTransaction } from './transaction.ts';

/** pending: may still be used; ended: a newer code took its place. */
export type OtpState = 'pending' | 'verified' | 'ended';

/** A one-time code that was sent, without the code. */
export interface StoredOtp {
  /** 24 hexadecimal characters. */
  readonly id: string;
  readonly codeHash: Buffer;
  readonly state: OtpState;
  readonly attemptsLeft: number;
  readonly expiresMs: number;
}

export interface NewOtp extends Omit<StoredOtp, 'state'> {
  readonly accountId: string;
  readonly listId: number;
  readonly phone: number;
  /** Of the message that carries the code. */
  readonly messageNumber: number;
  readonly createdMs: number;
}

/** Sends to one number of one account wait for each other from here to the end of the transaction. */
export async function lockOtps(transaction: Transaction, accountId: string, phone: number): Promise<void> {
  await transaction.query({
    name: 'otp.lock',
    text: `select pg_advisory_xact_lock(hashtextextended('trackly otp ' || $1 || ' ' || $2, 0))`,
    values: [accountId, String(phone)],
  });
}

/** Times of the newest codes for a number that were sent after `sinceMs`, newest first, up to `limit`. */
export async function readOtpTimes(
  transaction: Transaction,
  accountId: string,
  { phone, sinceMs, limit }: { readonly phone: number; readonly sinceMs: number; readonly limit: number },
): Promise<number[]> {
  const { rows } = await transaction.query<{ createdMs: number }>({
    name: 'otp.times',
    text: `select created_ms as "createdMs" from otp where account_id = $1 and phone = $2 and created_ms > $3
           order by created_ms desc limit $4`,
    values: [accountId, phone, sinceMs, limit],
  });
  return rows.map((row) => row.createdMs);
}

/** Stores a code; older ones for the number on the list end. The caller holds the lock. */
export async function insertOtp(transaction: Transaction, otp: NewOtp): Promise<void> {
  await transaction.query({
    name: 'otp.end',
    text: `update otp set state = 'ended' where account_id = $1 and phone = $2 and list_id = $3 and state = 'pending'`,
    values: [otp.accountId, otp.phone, otp.listId],
  });
  await transaction.query({
    name: 'otp.insert',
    text: `
      insert into otp (account_id, id, list_id, phone, message_number, code_hash, attempts_left, expires_ms, created_ms)
      values ($1, decode($2, 'hex'), $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      otp.accountId,
      otp.id,
      otp.listId,
      otp.phone,
      otp.messageNumber,
      otp.codeHash,
      otp.attemptsLeft,
      otp.expiresMs,
      otp.createdMs,
    ],
  });
}

const COLUMNS = `encode(id, 'hex') as id, code_hash as "codeHash", state, attempts_left as "attemptsLeft",
  expires_ms as "expiresMs"`;

/** The code with this id, locked until the transaction ends. */
export async function lockOtp(transaction: Transaction, accountId: string, id: string): Promise<StoredOtp | undefined> {
  const { rows } = await transaction.query<StoredOtp>({
    name: 'otp.lock_one',
    text: `select ${COLUMNS} from otp where account_id = $1 and id = decode($2, 'hex') for update`,
    values: [accountId, id],
  });
  return rows[0];
}

/** The newest code for a number on a list, locked until the transaction ends. */
export async function lockNewestOtp(
  transaction: Transaction,
  accountId: string,
  { listId, phone }: { readonly listId: number; readonly phone: number },
): Promise<StoredOtp | undefined> {
  const { rows } = await transaction.query<StoredOtp>({
    name: 'otp.lock_newest',
    text: `select ${COLUMNS} from otp where account_id = $1 and phone = $2 and list_id = $3
           order by created_ms desc, state = 'ended', id desc limit 1 for update`,
    values: [accountId, phone, listId],
  });
  return rows[0];
}

/** After a try. The caller holds the row. */
export async function updateOtp(
  transaction: Transaction,
  accountId: string,
  { id, state, attemptsLeft }: Pick<StoredOtp, 'id' | 'state' | 'attemptsLeft'>,
): Promise<void> {
  await transaction.query({
    name: 'otp.update',
    text: `update otp set state = $3, attempts_left = $4 where account_id = $1 and id = decode($2, 'hex')`,
    values: [accountId, id, state, attemptsLeft],
  });
}

const PURGED_AT_ONCE = 1_000;

/**
 * Forgets codes that expired before a time, and wipes them out of the messages that carried them, which must have left
 * their queue by then. Up to 1,000; returns how many.
 */
export function purgeOtps(pool: Pool, expiredBeforeMs: number): Promise<number> {
  return withTransaction(pool, async (transaction) => {
    const { rows } = await transaction.query<{ listId: number; number: number }>({
      name: 'otp.purge',
      text: `
        delete from otp o using (
          select account_id, id from otp where expires_ms < $1 order by expires_ms limit $2 for update skip locked
        ) old
        where o.account_id = old.account_id and o.id = old.id
        returning o.list_id as "listId", o.message_number as number`,
      values: [expiredBeforeMs, PURGED_AT_ONCE],
    });
    if (rows.length > 0) await wipeCodes(transaction, rows);
    return rows.length;
  });
}

async function wipeCodes(
  transaction: Transaction,
  messages: readonly { readonly listId: number; readonly number: number }[],
): Promise<void> {
  const code = `m.contact_data->'custom_fields'->>'code'`;
  await transaction.query({
    name: 'otp.wipe',
    text: `
      update message m set contact_data = null, body = replace(m.body, ${code}, repeat('*', length(${code})))
      from unnest($1::bigint[], $2::bigint[]) as gone(list_id, number)
      where m.list_id = gone.list_id and m.number = gone.number and m.number = any ($2::bigint[]) and ${code} is not null`,
    values: [int8Array(messages.map((one) => one.listId)), int8Array(messages.map((one) => one.number))],
  });
}
