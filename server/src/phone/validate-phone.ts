import { Type } from 'typebox';
import type { Caller } from '../accounts/index.ts';
import { normaliseV1Phone, numberToPhone, phoneToNumber } from '../lib/e164.ts';
import { AppError, ERRORS } from '../lib/errors.ts';
import {
  booleanKind,
  createFieldTable,
  customKind,
  type FieldTable,
  findFieldError,
  isCleanText,
} from '../lib/fields.ts';
import type { Row } from '../lib/fields.ts';
import type { Transaction } from '../store/transaction.ts';
import {
  assertPayable,
  type Disposition,
  type Validation,
  type ValidationDeps,
  validatePhones,
} from './validate-phones.ts';

const MAX_PHONES = 500;
const MICROS = 1_000_000;
const INVALID_PHONE = 'invalid phone number format';

const phoneField = {
  name: 'phone',
  kind: customKind(
    Type.String({ examples: ['+13125550142'] }),
    (value) => typeof value === 'string' && parsePhone(value) !== undefined,
  ),
  description: 'E.164; US numbers may be written as people do, such as (312) 555-0142',
  missing: 'missing_phone',
  invalid: 'invalid_phone',
} as const;

const forceField = {
  name: 'force',
  kind: booleanKind(false),
  description: 'Asks and pays again although the answer is known',
  invalid: 'invalid_force',
} as const;

/** Fields of `POST /phone/validate`, whose flag is judged before the number. */
export const phoneFields: FieldTable = { ...createFieldTable([forceField, phoneField]), required: [phoneField] };

/** Fields of `POST /phone/validate/batch`. */
export const phoneBatchFields = createFieldTable([
  {
    name: 'phones',
    kind: customKind(
      Type.Array(Type.String(), { minItems: 1, maxItems: MAX_PHONES }),
      Array.isArray,
      (value) => value === '' || (Array.isArray(value) && value.length === 0),
    ),
    description: 'Each is judged alone',
    missing: 'missing_phones',
    invalid: 'invalid_phones',
    limit: { code: 'too_many_phones', exceeds: (value) => (value as readonly unknown[]).length > MAX_PHONES },
  },
  forceField,
]);

/** A request, and the transaction that its effect belongs to, if there is one. */
export interface ValidateInput {
  readonly body: Row;
  readonly transaction: Transaction | null;
}

export type PhoneValidation = { readonly phone: string } & Validation;

/**
 * Asks the look-up provider about a number, once: the answer is kept.
 * @throws AppError `missing_phone`, `invalid_force`, `invalid_phone`, 402 (see `assertPayable`), `provider_error`
 */
export async function validatePhone(
  deps: ValidationDeps,
  caller: Caller,
  { body, transaction }: ValidateInput,
): Promise<PhoneValidation> {
  const error = findFieldError(phoneFields, body, deps.clock());
  if (error !== undefined) throw new AppError(error, error === 'invalid_phone' ? { text: INVALID_PHONE } : {});
  const phone = parsePhone(body['phone'] as string) as number;
  const scope = { account: caller.account, transaction };
  const asked = [{ phone, force: body['force'] === true }];
  await assertPayable(deps, scope, asked);
  const validation = (await validatePhones(deps, scope, asked)).get(phone);
  if (validation === undefined) throw new AppError('provider_error');
  return { phone: numberToPhone(phone), ...validation };
}

/** An element of a batch that has no validation. */
export interface PhoneError {
  /** As it was sent; null when it was no text. */
  readonly phone: string | null;
  readonly error: 'validation_error' | 'provider_error';
  readonly code: 'invalid_phone' | 'provider_error';
  readonly message: string;
}

export interface BatchValidation {
  /** In the order of the request. */
  readonly results: readonly (PhoneValidation | PhoneError)[];
  readonly summary: Readonly<Record<Disposition | 'total' | 'errors' | 'cached' | 'total_cost', number>>;
}

/**
 * The same for up to 500 numbers, each judged alone; one that is there several times is looked up and paid once.
 * @throws AppError `missing_phones`, `invalid_phones`, `invalid_force`, `too_many_phones`, 402 (see `assertPayable`)
 */
export async function validatePhoneBatch(
  deps: ValidationDeps,
  caller: Caller,
  { body, transaction }: ValidateInput,
): Promise<BatchValidation> {
  const error = findFieldError(phoneBatchFields, body, deps.clock());
  if (error !== undefined) throw new AppError(error);
  const given = body['phones'] as readonly unknown[];
  const phones = given.map((text) => (typeof text === 'string' ? parsePhone(text) : undefined));
  const force = body['force'] === true;
  const asked = [...new Set(phones)].filter((phone) => phone !== undefined).map((phone) => ({ phone, force }));
  const scope = { account: caller.account, transaction };
  await assertPayable(deps, scope, asked);
  const validations = await validatePhones(deps, scope, asked);
  const told = new Set<number>();
  const results = phones.map((phone, index) => {
    if (phone === undefined) return toError(given[index], 'invalid_phone');
    const validation = validations.get(phone);
    if (validation === undefined) return toError(given[index], 'provider_error');
    const again = told.has(phone) ? { cost: 0, cached: true } : {};
    told.add(phone);
    return { phone: numberToPhone(phone), ...validation, ...again };
  });
  return { results, summary: summarise(results) };
}

function toError(given: unknown, code: PhoneError['code']): PhoneError {
  return {
    phone: typeof given === 'string' ? given.toWellFormed() : null,
    error: code === 'invalid_phone' ? 'validation_error' : 'provider_error',
    code,
    message: code === 'invalid_phone' ? INVALID_PHONE : ERRORS[code].text,
  };
}

function summarise(results: readonly (PhoneValidation | PhoneError)[]): BatchValidation['summary'] {
  const summary = {
    total: results.length,
    ok: 0,
    unreachable: 0,
    invalid: 0,
    risky: 0,
    unknown: 0,
    errors: 0,
    cached: 0,
  };
  let costMicros = 0;
  for (const result of results) {
    if ('error' in result) {
      summary.errors++;
      continue;
    }
    summary[result.disposition]++;
    if (result.cached) summary.cached++;
    costMicros += Math.round(result.cost * MICROS);
  }
  return { ...summary, total_cost: costMicros / MICROS };
}

function parsePhone(text: string): number | undefined {
  const e164 = isCleanText(text) ? normaliseV1Phone(text) : undefined;
  return e164 === undefined ? undefined : phoneToNumber(e164);
}
