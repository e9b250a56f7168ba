import type { Caller, List } from '../accounts/index.ts';
import { MINUTE_MS, SECOND_MS } from '../lib/clock.ts';
import { phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { findFieldError } from '../lib/fields.ts';
import { hexId } from '../lib/public-id.ts';
import { acceptItems, findListError } from '../messages/index.ts';
import { LANES, SOURCES } from '../pipeline/batch.ts';
import type { AcceptedMessage } from '../pipeline/outbound-message.ts';
import { insertOtp, lockOtps, readOtpTimes } from '../store/otp-store.ts';
import { type Transaction, within } from '../store/transaction.ts';
import { hashCode, newCode } from './otp-code.ts';
import type { OtpDeps, OtpInput } from './otp-deps.ts';
import { CODE_MACRO, DEFAULT_TEMPLATE, DEFAULTS, MAX_METADATA_BYTES, otpSendFields } from './otp-fields.ts';

/** Answer of `POST /api/v2/otp/send`. */
export interface SentOtp {
  readonly success: true;
  readonly otp_id: string;
  readonly message_id: string;
  readonly status: 'queued';
  readonly expires_at: string;
}

const MAX_SENDS = 5;
const SENDS_WITHIN_MS = 10 * MINUTE_MS;

/**
 * Sends a code of random digits. The message and the code's hash are stored in one transaction; an older code for the number
 * on the list ends.
 * @throws AppError the codes of `POST /api/v2/otp/send`; `otp_rate_limited` tells after how many seconds to come again
 */
export async function sendOtp(deps: OtpDeps, caller: Caller, { body, transaction }: OtpInput): Promise<SentOtp> {
  const nowMs = deps.clock();
  const error = findFieldError(otpSendFields, body, nowMs);
  if (error === 'metadata_too_large') {
    throw new AppError(error, { text: `metadata must be at most ${MAX_METADATA_BYTES} bytes of compact JSON` });
  }
  if (error !== undefined) throw new AppError(error);
  const list = deps.directory.listByNumber(body['list_number'] as string);
  if (list === undefined || list.accountId !== caller.account.id) throw new AppError('list_not_found');
  const listError = findListError(list, caller, true);
  if (listError !== undefined) throw new AppError(listError);
  return await within(deps.pool, transaction, (tx) => send(deps, tx, caller, { list, body, nowMs }));
}

interface Order {
  readonly list: List;
  /** Checked. */
  readonly body: OtpInput['body'];
  readonly nowMs: number;
}

async function send(
  deps: OtpDeps,
  transaction: Transaction,
  caller: Caller,
  { list, body, nowMs }: Order,
): Promise<SentOtp> {
  const accountId = caller.account.id;
  const phone = phoneToNumber(body['to'] as string);
  await lockOtps(transaction, accountId, phone);
  await assertNotTooMany(transaction, accountId, phone, nowMs);
  const code = newCode(numberOf(body, 'code_length'));
  const item = { listId: list.id, lane: LANES.transactional, dueMs: 0, json: JSON.stringify(toMessage(body, code)) };
  const [messageId] = await acceptItems(deps, caller, { source: SOURCES.otp, items: [item], transaction });
  const id = hexId(nowMs);
  const expiresMs = nowMs + numberOf(body, 'ttl_seconds') * SECOND_MS;
  await insertOtp(transaction, {
    accountId,
    id,
    listId: list.id,
    phone,
    messageNumber: deps.idCodec.decode((messageId as string).replace('sandbox_', '')) as number,
    codeHash: hashCode(deps.secretKey, id, code),
    attemptsLeft: numberOf(body, 'max_attempts'),
    expiresMs,
    createdMs: nowMs,
  });
  return {
    success: true,
    otp_id: id,
    message_id: messageId as string,
    status: 'queued',
    expires_at: new Date(expiresMs).toISOString(),
  };
}

async function assertNotTooMany(
  transaction: Transaction,
  accountId: string,
  phone: number,
  nowMs: number,
): Promise<void> {
  const window = { phone, sinceMs: nowMs - SENDS_WITHIN_MS, limit: MAX_SENDS };
  const times = await readOtpTimes(transaction, accountId, window);
  if (times.length < MAX_SENDS) return;
  const freeMs = (times.at(-1) as number) + SENDS_WITHIN_MS;
  throw new AppError('otp_rate_limited', { retryAfterSeconds: Math.ceil((freeMs - nowMs) / SECOND_MS) });
}

/** The text is that of the sender and nothing else; opt-outs hold. */
function toMessage(body: OtpInput['body'], code: string): AcceptedMessage {
  const metadata = body['metadata'] ?? undefined;
  return {
    to: body['to'] as string,
    body: (body['template'] ?? DEFAULT_TEMPLATE) as string,
    category: 'transactional',
    contact_data: { custom_fields: { [CODE_MACRO]: code } },
    skip_affixes: true,
    skip_duplicate_check: true,
    ...(metadata === undefined ? {} : { metadata: metadata as Readonly<Record<string, unknown>> }),
  };
}

function numberOf(body: OtpInput['body'], name: keyof typeof DEFAULTS): number {
  return (body[name] ?? DEFAULTS[name]) as number;
}
