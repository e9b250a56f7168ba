import type { Caller } from '../accounts/index.ts';
import { AppError, type ErrorCode } from '../lib/errors.ts';
import { isPlainObject } from '../lib/fields.ts';
import { type Validation, validatePhones } from '../phone/index.ts';
import { contactErrorText } from './contact-fields.ts';
import { type ContactDeps, within, type WriteInput } from './contact-deps.ts';
import { type ContactInput, parseContact } from './parse-contact.ts';
import { rejectsVoip, toAsked, warningsOf } from './save-contact.ts';
import { findOverfull, findUnsendable, storeContacts } from './store-contacts.ts';

const MAX_CONTACTS = 1_000;

export interface ContactRowError {
  readonly index: number;
  /** As it was sent; null when it was no text. */
  readonly phone_number: string | null;
  readonly code: ErrorCode;
  readonly error: string;
  /** Why a number was refused. */
  readonly validation?: Validation;
}

/** Answer of `POST /api/v2/contacts/bulk`. */
export interface SavedContacts {
  readonly success_count: number;
  readonly error_count: number;
  readonly errors: readonly ContactRowError[];
  readonly contacts_created: number;
  readonly list_contacts_created: number;
  readonly journeys_enrolled: number;
  readonly warnings: readonly string[];
}

/**
 * Saves up to 1,000 contacts; good rows are stored together in one transaction. A row that asks for a look-up is refused
 * when its number cannot be texted or the look-up fails.
 * @throws AppError for what is wrong with the whole request; DatabaseUnavailableError
 */
export async function saveContacts(
  deps: ContactDeps,
  caller: Caller,
  { body, transaction }: WriteInput,
): Promise<SavedContacts> {
  const nowMs = deps.clock();
  const rows = toRows(body['contacts']);
  assertBatchPayable(caller, rows);
  const listNumber = body['list_number'] ?? undefined;
  const context = { caller, directory: deps.directory, nowMs, defaultListNumber: listNumber };
  const parsed = rows.map((row) => parseContact(row, context));
  const inputs = parsed.filter((input) => typeof input !== 'string');
  const db = transaction ?? deps.pool;
  const refused = {
    not_sendable: await findUnsendable(db, inputs, rejectsVoip),
    invalid_custom_fields: await findOverfull(db, inputs),
  };
  const asked = toAsked(inputs.filter((input) => findRefusal(input, refused) === undefined));
  const validations = await validatePhones(deps, { account: caller.account, transaction }, asked);
  const errors: ContactRowError[] = [];
  const good: ContactInput[] = [];
  for (const [index, input] of parsed.entries()) {
    const problem = findProblem(input, refused, validations);
    if (problem !== undefined) errors.push(toRowError(rows, index, problem));
    else if (typeof input !== 'string') good.push(input);
  }
  const stored = await within(deps, transaction, (tx) =>
    storeContacts(deps, tx, caller, { inputs: good, validations, nowMs }),
  );
  return {
    success_count: good.length,
    error_count: errors.length,
    errors,
    contacts_created: new Set(stored.filter(({ isNewPhone }) => isNewPhone).map(({ contact }) => contact.phone)).size,
    list_contacts_created: stored.filter(({ isNewListContact }) => isNewListContact).length,
    journeys_enrolled: 0,
    warnings: summarise(stored.flatMap(warningsOf)),
  };
}

/** @throws AppError 402 with the state of the account's billing; nothing of the batch is stored then */
function assertBatchPayable({ account }: Caller, rows: readonly unknown[]): void {
  const { billingProblem } = account.settings;
  const asks = rows.some((row) => isPlainObject(row) && row['use_validation'] === true);
  if (asks && billingProblem !== null) throw new AppError(billingProblem);
}

function toRows(contacts: unknown): readonly unknown[] {
  if (contacts === undefined || contacts === null || contacts === '') throw new AppError('missing_contacts');
  if (!Array.isArray(contacts)) throw new AppError('invalid_contacts');
  if (contacts.length === 0) throw new AppError('missing_contacts');
  if (contacts.length > MAX_CONTACTS) throw new AppError('too_many_contacts');
  return contacts;
}

/** Rows that what is stored speaks against, in the order in which it is told. */
type Refused = Readonly<Record<'not_sendable' | 'invalid_custom_fields', ReadonlySet<ContactInput>>>;

function findRefusal(input: ContactInput, refused: Refused): keyof Refused | undefined {
  if (refused.not_sendable.has(input)) return 'not_sendable';
  return refused.invalid_custom_fields.has(input) ? 'invalid_custom_fields' : undefined;
}

interface RowProblem {
  readonly code: ErrorCode;
  readonly validation?: Validation;
}

function findProblem(
  input: ContactInput | ErrorCode,
  refused: Refused,
  validations: ReadonlyMap<number, Validation>,
): RowProblem | undefined {
  if (typeof input === 'string') return { code: input };
  const refusal = findRefusal(input, refused);
  if (refusal !== undefined) return { code: refusal };
  if (!input.useValidation) return undefined;
  const validation = validations.get(input.phone);
  if (validation === undefined) return { code: 'provider_error' };
  const isRefused = validation.disposition === 'invalid' || validation.disposition === 'unreachable';
  return isRefused ? { code: 'validation_failed', validation } : undefined;
}

function toRowError(rows: readonly unknown[], index: number, { code, validation }: RowProblem): ContactRowError {
  const row = rows[index];
  const phone = isPlainObject(row) ? row['phone_number'] : undefined;
  return {
    index,
    phone_number: typeof phone === 'string' ? phone.toWellFormed() : null,
    code,
    error: contactErrorText(code),
    ...(validation === undefined ? {} : { validation }),
  };
}

/** Each text once, with how often it was said. */
function summarise(warnings: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const warning of warnings) counts.set(warning, (counts.get(warning) ?? 0) + 1);
  return [...counts].map(([warning, count]) => `${warning} (${count} rows)`);
}
