import type { Caller } from '../accounts/index.ts';
import { phoneToNumber } from '../lib/e164.ts';
import { AppError } from '../lib/errors.ts';
import { findFieldError } from '../lib/fields.ts';
import { isCustomFields } from '../lib/value-kinds.ts';
import type { CustomFields } from '../store/list-contact-store.ts';
import { readContactViews } from '../store/contact-view-store.ts';
import { changeListContacts } from './change-list-contacts.ts';
import { type ContactDeps, within, type WriteInput } from './contact-deps.ts';
import { contactError, contactUpdateFields } from './contact-fields.ts';
import { findOwnList } from './parse-contact.ts';
import { liveListIds } from './read-contacts.ts';
import { patchFields } from './subscribe.ts';

export interface UpdatedContact {
  readonly success: true;
  readonly list_contact_id: string;
  /** All of them. */
  readonly custom_fields: CustomFields;
}

/**
 * Changes the custom fields of a list contact.
 * @throws AppError the codes of `PUT /api/v2/contacts`
 */
export async function updateContact(
  deps: ContactDeps,
  caller: Caller,
  { body, transaction }: WriteInput,
): Promise<UpdatedContact> {
  const nowMs = deps.clock();
  const error = findFieldError(contactUpdateFields, body, nowMs);
  if (error !== undefined) throw contactError(error);
  const phone = phoneToNumber(body['phone_number'] as string);
  const patch = { fields: body['custom_fields'] as CustomFields, replace: body['merge_fields'] === false };
  const memberships = await readContactViews(deps.pool, caller.account.id, liveListIds(deps, caller), [phone]);
  if (memberships.length === 0) throw new AppError('contact_not_found');
  const list = findOwnList({ directory: deps.directory, caller }, body['list_number'] as string);
  if (list === undefined) throw new AppError('list_not_found');
  return await within(deps, transaction, async (tx) => {
    const [change] = await changeListContacts(
      tx,
      [{ listId: list.id, phone }],
      (_key, before) =>
        before === null ? undefined : { ...before, customFields: patchFields(before.customFields, patch) },
      nowMs,
    );
    if (change === undefined || change.after === null) throw new AppError('list_contact_not_found');
    const { id, customFields } = change.after;
    // Two changes, each of which is not too large, can be too large together.
    if (!isCustomFields(customFields, { nulls: false })) throw new AppError('invalid_custom_fields');
    return { success: true, list_contact_id: id, custom_fields: customFields };
  });
}
