import { type Caller, findV1Sender, isV1Sender, type List } from '../accounts/index.ts';
import { normaliseV1Phone, phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { isCleanText, type Row } from '../lib/fields.ts';
import { readContactViews } from '../store/contact-view-store.ts';
import { blockPhone } from './blocks.ts';
import { type ContactDeps, within, type WriteInput } from './contact-deps.ts';
import { unsubscribe } from './unsubscribe.ts';

const MAX_REASON_LENGTH = 255;

export interface V1OptOut {
  readonly success: true;
  readonly to_msisdn: string;
  readonly lists_unsubscribed: number;
  readonly deprecated: true;
}

/**
 * `POST /api/v1/opt-outs`: ends the subscriptions of a number to one list or to all of the account. A number that is on
 * none of its lists is blocked, so that the opt-out holds.
 * @throws AppError `missing_to`, `invalid_phone`, `invalid_reason`, `invalid_from`; `list_not_found` (404)
 */
export async function optOutV1(
  deps: ContactDeps,
  caller: Caller,
  { body, transaction }: WriteInput,
): Promise<V1OptOut> {
  const { e164, reason, from } = parseOptOut(body);
  const list = from === null ? null : findV1Sender(deps.directory, caller, from);
  if (list === undefined || list?.status === 'deleted') {
    throw new AppError('list_not_found', { status: 404, text: 'Sending number not found' });
  }
  const all = deps.directory.listsOf(caller.account.id).filter((each) => each.status !== 'deleted');
  const lists = list === null ? all : [list];
  const target = { phone: phoneToNumber(e164), list, lists, reason };
  const count = await within(deps, transaction, (tx) => optOut(deps, tx, caller, target));
  return { success: true, to_msisdn: e164, lists_unsubscribed: count, deprecated: true };
}

interface Target {
  readonly phone: number;
  /** null: all of the account. */
  readonly list: List | null;
  readonly lists: readonly List[];
  readonly reason: string | null;
}

async function optOut(
  deps: ContactDeps,
  transaction: Parameters<typeof unsubscribe>[1],
  caller: Caller,
  { phone, list, lists, reason }: Target,
): Promise<number> {
  const nowMs = deps.clock();
  const accountId = caller.account.id;
  const listIds = lists.map(({ id }) => id);
  const known = await readContactViews(transaction, accountId, listIds, [phone]);
  if (known.length === 0) {
    await blockPhone(deps, transaction, caller, { phone, listId: list?.id ?? null, reason }, nowMs);
    return 0;
  }
  const evidence = { text: reason, actor: `key:${caller.key.id}` };
  // Also for the lists that it is not on, or it could be texted from there.
  const optOuts = listIds.map((listId) => ({
    accountId,
    listId,
    phone,
    reason: 'api' as const,
    atMs: nowMs,
    evidence,
    whenUnknown: 'hold' as const,
  }));
  return (await unsubscribe(deps, transaction, optOuts, nowMs)).length;
}

function parseOptOut(body: Row): { e164: string; reason: string | null; from: unknown } {
  const to = isEmpty(body['to_msisdn']) ? body['to'] : body['to_msisdn'];
  if (isEmpty(to)) throw new AppError('missing_to', { text: 'Recipient phone number (to_msisdn) is required' });
  const e164 = typeof to === 'string' && isCleanText(to) ? normaliseV1Phone(to) : undefined;
  if (e164 === undefined) throw new AppError('invalid_phone', { text: 'Invalid phone number format' });
  const reason = body['reason'] ?? null;
  const isReason = typeof reason === 'string' && reason.length <= MAX_REASON_LENGTH && isCleanText(reason);
  if (reason !== null && !isReason) throw new AppError('invalid_reason');
  const from = isEmpty(body['from_phone_number_id']) ? null : body['from_phone_number_id'];
  if (from !== null && !isV1Sender(from)) throw new AppError('invalid_from');
  return { e164, reason, from };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
