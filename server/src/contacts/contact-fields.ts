import { booleanKind, createFieldTable, type Field, type FieldTable, textKind } from '../lib/fields.ts';
import { AppError, ERRORS, type ErrorCode } from '../lib/errors.ts';
import {
  customFieldsKind,
  emailKind,
  ipAddressKind,
  listNumberKind,
  pastTimeKind,
  phoneKind,
  urlKind,
  zoneKind,
} from '../lib/value-kinds.ts';

const SHORT_TEXT = textKind({ maxLength: 255 });

export const phoneField = {
  name: 'phone_number',
  kind: phoneKind,
  description: 'E.164',
  missing: 'missing_phone_number',
  invalid: 'invalid_phone',
} as const satisfies Field;
export const listField = {
  name: 'list_number',
  kind: listNumberKind,
  description: 'Number of a list of the account: E.164 or a short code',
  missing: 'missing_list_number',
  invalid: 'invalid_list_number',
} as const satisfies Field;

/** Fields of `POST /api/v2/contacts` (contacts.md 1 of the contract). */
export const contactFields = createFieldTable([
  phoneField,
  listField,
  flag('use_journeys', false, 'Enrols in every active journey of the list whose trigger matches'),
  flag('skip_journey_if_exists', true, 'No enrolment when the number was on the list before'),
  {
    name: 'signup_date',
    kind: pastTimeKind,
    description: 'When the person consented; default now. A consent newer than an opt-out ends it.',
    invalid: 'invalid_signup_date',
  },
  { name: 'ip_address', kind: ipAddressKind, description: 'Of the signup, as evidence', invalid: 'invalid_ip_address' },
  { name: 'url', kind: urlKind, description: 'Page of the signup, as evidence', invalid: 'invalid_url' },
  {
    name: 'custom_fields',
    kind: customFieldsKind,
    description: 'Merged key by key into what is stored; null takes a key away',
    invalid: 'invalid_custom_fields',
  },
  flag('replace_custom_fields', false, 'The fields replace all that are stored'),
  text('ad_network_source', 'Such as `adwords`'),
  text('ad_network_id', 'Id of the click or campaign there'),
  flag('use_validation', false, 'Asks the look-up provider about the number and stores what it says'),
  flag('force_validation', false, 'Asks again although the answer is known'),
  { name: 'email', kind: emailKind, description: 'E-mail address', invalid: 'invalid_email' },
  text('first_name', 'For the macro {{first_name}}'),
  text('last_name', 'For the macro {{last_name}}'),
  { name: 'timezone', kind: zoneKind, description: 'Zone of the person, for quiet hours', invalid: 'invalid_timezone' },
]);

const customFieldsField = {
  name: 'custom_fields',
  kind: customFieldsKind,
  description: 'Custom fields; null takes a key away',
  missing: 'missing_custom_fields',
  invalid: 'invalid_custom_fields',
} as const satisfies Field;

/** Fields of `PUT /api/v2/contacts`, whose forms are checked in another order than their presence. */
export const contactUpdateFields: FieldTable = {
  ...createFieldTable([
    customFieldsField,
    flag('merge_fields', true, 'false: the fields replace all that are stored'),
    phoneField,
    listField,
  ]),
  required: [phoneField, listField, customFieldsField],
};

/** What names one list contact, for `DELETE /api/v2/contacts`. */
export const contactKeyFields = createFieldTable([phoneField, listField]);

function flag(
  name: 'use_journeys' | 'skip_journey_if_exists' | 'replace_custom_fields' | ValidationFlag | 'merge_fields',
  byDefault: boolean,
  description: string,
): Field {
  return { name, kind: booleanKind(byDefault), description, invalid: `invalid_${name}` };
}

type ValidationFlag = 'use_validation' | 'force_validation';

function text(name: 'ad_network_source' | 'ad_network_id' | 'first_name' | 'last_name', description: string): Field {
  return { name, kind: SHORT_TEXT, description, invalid: `invalid_${name}` };
}

const TEXTS: Partial<Record<ErrorCode, string>> = {
  invalid_phone: 'phone_number must be in E.164 format',
  invalid_timezone: 'timezone must be an IANA zone name',
};

/** The text of a code where the number's field is called `phone_number`. */
export function contactErrorText(code: ErrorCode): string {
  return TEXTS[code] ?? ERRORS[code].text;
}

export function contactError(code: ErrorCode): AppError {
  return new AppError(code, { text: contactErrorText(code) });
}
