import type { Caller } from '../accounts/index.ts';
import { isE164, isListNumber, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { lockNewestOtp, lockOtp, type StoredOtp, updateOtp } from '../store/otp-store.ts';
import { type Transaction, within } from '../store/transaction.ts';
import { hashCode, isSameHash } from './otp-code.ts';
import type { OtpDeps, OtpInput } from './otp-deps.ts';

export const OTP_STATUSES = ['verified', 'pending', 'expired', 'locked', 'used'] as const;

/** Answer of `POST /api/v2/otp/verify`. */
export interface VerifiedOtp {
  readonly success: true;
  readonly verified: boolean;
  readonly status: (typeof OTP_STATUSES)[number];
  readonly attempts_left: number;
}

/**
 * Tries a code. A wrong try is counted in the transaction that reads the state, so tries at the same moment cannot share
 * one; the right code is taken once.
 * @throws AppError `missing_otp_id`, `missing_code`, `invalid_otp_id`, `invalid_phone`, `invalid_list_number`,
 * `invalid_code`, `otp_not_found`
 */
export async function verifyOtp(deps: OtpDeps, caller: Caller, { body, transaction }: OtpInput): Promise<VerifiedOtp> {
  const { name, code } = parseTry(body);
  const accountId = caller.account.id;
  return await within(deps.pool, transaction, async (tx) => {
    const otp = await find(deps, tx, accountId, name);
    if (otp === undefined) throw new AppError('otp_not_found');
    const status = statusOf(otp, deps.clock());
    if (status !== 'pending') return answer(status, otp.attemptsLeft);
    if (isSameHash(hashCode(deps.secretKey, otp.id, code), otp.codeHash)) {
      await updateOtp(tx, accountId, { ...otp, state: 'verified' });
      return answer('verified', otp.attemptsLeft);
    }
    const attemptsLeft = otp.attemptsLeft - 1;
    await updateOtp(tx, accountId, { ...otp, attemptsLeft });
    return answer(attemptsLeft === 0 ? 'locked' : 'pending', attemptsLeft);
  });
}

function answer(status: VerifiedOtp['status'], attemptsLeft: number): VerifiedOtp {
  return { success: true, verified: status === 'verified', status, attempts_left: attemptsLeft };
}

function statusOf(
  { state, attemptsLeft, expiresMs }: StoredOtp,
  nowMs: number,
): 'used' | 'expired' | 'locked' | 'pending' {
  if (state === 'verified') return 'used';
  if (state === 'ended' || nowMs >= expiresMs) return 'expired';
  return attemptsLeft === 0 ? 'locked' : 'pending';
}

/** Which code is tried: the one with this id, or the newest for a number on a list. */
type OtpName = { readonly id: string } | { readonly phone: number; readonly listNumber: string };

function parseTry(body: OtpInput['body']): { readonly name: OtpName; readonly code: string } {
  const { otp_id: id, to, list_number: listNumber, code } = body;
  if (isEmpty(id) && (isEmpty(to) || isEmpty(listNumber))) throw new AppError('missing_otp_id');
  if (isEmpty(code)) throw new AppError('missing_code');
  const name = isEmpty(id) ? parsePlace(to, listNumber) : parseId(id);
  if (typeof code !== 'string' || !/^[0-9]{1,64}$/.test(code)) throw new AppError('invalid_code');
  return { name, code };
}

function parseId(id: unknown): OtpName {
  if (typeof id !== 'string' || !/^[0-9a-f]{24}$/i.test(id)) throw new AppError('invalid_otp_id');
  return { id: id.toLowerCase() };
}

function parsePlace(to: unknown, listNumber: unknown): OtpName {
  if (typeof to !== 'string' || !isE164(to)) throw new AppError('invalid_phone');
  if (typeof listNumber !== 'string' || !isListNumber(listNumber)) throw new AppError('invalid_list_number');
  return { phone: phoneToNumber(to), listNumber };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

async function find(
  { directory }: OtpDeps,
  transaction: Transaction,
  accountId: string,
  name: OtpName,
): Promise<StoredOtp | undefined> {
  if ('id' in name) return await lockOtp(transaction, accountId, name.id);
  const list = directory.listByNumber(name.listNumber);
  if (list === undefined || list.accountId !== accountId) return undefined;
  return await lockNewestOtp(transaction, accountId, { listId: list.id, phone: name.phone });
}
