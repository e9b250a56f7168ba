import type { Caller } from '../accounts/index.ts';
import { assertPayable, type AskedPhone, type Validation, validatePhones } from '../phone/index.ts';
import { readContactIds } from '../store/contact-store.ts';
import { contactError } from './contact-fields.ts';
import { type ContactDeps, within, type WriteInput } from './contact-deps.ts';
import { type ContactInput, parseContact } from './parse-contact.ts';
import { findOverfull, findUnsendable, storeContacts, type StoredContact } from './store-contacts.ts';

/** Answer of `POST /api/v2/contacts`. */
export interface SavedContact {
  readonly success: true;
  readonly contact_id: string;
  readonly list_contact_id: string;
  readonly is_new_contact: boolean;
  readonly is_new_list_contact: boolean;
  readonly journeys_enrolled: number;
  readonly warnings: readonly string[];
  readonly validation?: Validation;
}

const LOOKUP_FAILED = 'phone validation failed';

/**
 * Creates a contact on a list, or changes what is stored of it. A look-up that was asked for never refuses it.
 * @throws AppError the codes of `POST /api/v2/contacts`; DatabaseUnavailableError
 */
export async function saveContact(
  deps: ContactDeps,
  caller: Caller,
  { body, transaction }: WriteInput,
): Promise<SavedContact> {
  const nowMs = deps.clock();
  const input = parseContact(body, { caller, directory: deps.directory, nowMs });
  if (typeof input === 'string') throw contactError(input);
  if ((await findUnsendable(transaction ?? deps.pool, [input], rejectsVoip)).size > 0)
    throw contactError('not_sendable');
  if ((await findOverfull(transaction ?? deps.pool, [input])).size > 0) throw contactError('invalid_custom_fields');
  const scope = { account: caller.account, transaction };
  const asked = toAsked([input]);
  await assertPayable(deps, scope, asked);
  const validations = await validatePhones(deps, scope, asked);
  const validation = validations.get(input.phone);
  return await within(deps, transaction, async (tx) => {
    const [stored] = await storeContacts(deps, tx, caller, { inputs: [input], validations, nowMs });
    if (stored === undefined) throw new Error('a contact was not stored');
    const ids = await readContactIds(tx, [input.phone]);
    const warnings = warningsOf(stored);
    if (input.useValidation && validation === undefined) warnings.push(LOOKUP_FAILED);
    return {
      success: true,
      contact_id: ids.get(input.phone) ?? '',
      list_contact_id: stored.contact.id,
      is_new_contact: stored.isNewPhone,
      is_new_list_contact: stored.isNewListContact,
      journeys_enrolled: 0,
      warnings,
      ...(validation === undefined ? {} : { validation }),
    };
  });
}

/** The numbers that shall be looked up. */
export function toAsked(inputs: readonly ContactInput[]): AskedPhone[] {
  return inputs
    .filter((input) => input.useValidation)
    .map(({ phone, forceValidation }) => ({ phone, force: forceValidation }));
}

export function rejectsVoip({ list }: ContactInput): boolean {
  return list.settings.rejectVoip;
}

/** What a caller should know of a contact that was stored. */
export function warningsOf(stored: StoredContact): string[] {
  const warnings: string[] = [];
  if (!stored.contact.active) {
    warnings.push(
      'contact is unsubscribed from this list; pass a signup_date later than the opt-out to subscribe again',
    );
  }
  if (stored.isBlocked) warnings.push('contact is on the block list');
  return warnings;
}
