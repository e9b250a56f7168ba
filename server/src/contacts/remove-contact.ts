import type { Caller } from '../accounts/index.ts';
import { phoneToNumber } from '../lib/e164.ts';
import { findFieldError } from '../lib/fields.ts';
import { contactError, contactKeyFields } from './contact-fields.ts';
import { type ContactDeps, within, type WriteInput } from './contact-deps.ts';
import { findOwnList } from './parse-contact.ts';
import { unsubscribe } from './unsubscribe.ts';

export interface RemovedContact {
  readonly success: true;
  /** False: it was not subscribed. */
  readonly unsubscribed: boolean;
}

/**
 * Ends the subscription of a number to a list; nothing is deleted.
 * @throws AppError `missing_phone_number`, `missing_list_number`, `invalid_phone`, `invalid_list_number`
 */
export async function removeContact(
  deps: ContactDeps,
  caller: Caller,
  { body, transaction }: WriteInput,
): Promise<RemovedContact> {
  const nowMs = deps.clock();
  const error = findFieldError(contactKeyFields, body, nowMs);
  if (error !== undefined) throw contactError(error);
  const list = findOwnList({ directory: deps.directory, caller }, body['list_number'] as string);
  if (list === undefined) return { success: true, unsubscribed: false };
  const optOut = {
    accountId: caller.account.id,
    listId: list.id,
    phone: phoneToNumber(body['phone_number'] as string),
    reason: 'api' as const,
    atMs: nowMs,
    evidence: { actor: `key:${caller.key.id}` },
    whenUnknown: 'ignore' as const,
  };
  const done = await within(deps, transaction, (tx) => unsubscribe(deps, tx, [optOut], nowMs));
  return { success: true, unsubscribed: done.length > 0 };
}
