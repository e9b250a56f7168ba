import { Type } from 'typebox';
import { normaliseV1Phone } from '../lib/e164.ts';
import { booleanKind, createFieldTable, customKind, type Field, textKind } from '../lib/fields.ts';
import {
  customFieldsKind,
  emailKind,
  ipAddressKind,
  listNumberKind,
  pastTimeKind,
  urlKind,
} from '../lib/value-kinds.ts';

export const MAX_CONSENT_TEXT = 2_000;
/** Of the database's `integer`. */
const MAX_LIST_ID = 2_147_483_647;
const SHORT_TEXT = textKind({ maxLength: 255 });

/** E.164, or one of the loose US spellings that people type into forms. */
const phoneKind = customKind(
  Type.String({ examples: ['+13125550142', '(312) 555-0142'] }),
  (value) => typeof value === 'string' && normaliseV1Phone(value) !== undefined,
);

/** An integer, or `pn_` and 16 characters. */
const listIdKind = customKind(
  Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: '^pn_[0-9a-z]{16}$' })]),
  (value) =>
    typeof value === 'string'
      ? /^pn_[0-9a-z]{16}$/.test(value)
      : typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_LIST_ID,
);

/** Fields of `POST /api/v2/optins/webhook` (inbound-and-compliance.md 3 of the contract). */
export const optInFields = createFieldTable([
  {
    name: 'phone_number',
    kind: phoneKind,
    description: 'Who opts in: E.164, or a US number as people write it',
    missing: 'missing_phone_number',
    invalid: 'invalid_phone',
  },
  {
    name: 'list_number',
    kind: listNumberKind,
    description: 'Number of the list; this or list_id is required',
    invalid: 'invalid_list_number',
  },
  { name: 'list_id', kind: listIdKind, description: 'Id of the list, or pn_...', invalid: 'invalid_list_id' },
  {
    name: 'consent_text',
    kind: textKind({ maxLength: MAX_CONSENT_TEXT }),
    description: 'What the person agreed to, as evidence',
    invalid: 'invalid_consent_text',
  },
  { name: 'url', kind: urlKind, description: 'Page of the form, as evidence', invalid: 'invalid_url' },
  { name: 'ip_address', kind: ipAddressKind, description: 'Of the person, as evidence', invalid: 'invalid_ip_address' },
  {
    name: 'user_agent',
    kind: textKind({ maxLength: 2_000 }),
    description: "The person's browser, as evidence",
    invalid: 'invalid_user_agent',
  },
  { name: 'form_id', kind: SHORT_TEXT, description: 'Which form it was', invalid: 'invalid_form_id' },
  {
    name: 'consented_at',
    kind: pastTimeKind,
    description: 'When the person agreed; default now. An opt-out ends only by a consent that is newer.',
    invalid: 'invalid_consented_at',
  },
  { name: 'first_name', kind: SHORT_TEXT, description: 'For the macro {{first_name}}', invalid: 'invalid_first_name' },
  { name: 'last_name', kind: SHORT_TEXT, description: 'For the macro {{last_name}}', invalid: 'invalid_last_name' },
  { name: 'email', kind: emailKind, description: 'E-mail address', invalid: 'invalid_email' },
  {
    name: 'custom_fields',
    kind: customFieldsKind,
    description: 'Merged key by key into what is stored; null takes a key away',
    invalid: 'invalid_custom_fields',
  },
  {
    name: 'double_opt_in',
    kind: booleanKind(),
    description: 'Whether the person is asked for a YES by text first; default: setting of the list',
    invalid: 'invalid_double_opt_in',
  },
] satisfies readonly Field[]);

export const optInAnswerSchema = Type.Object({
  success: Type.Literal(true),
  consent_id: Type.String({ description: 'Of the record in the ledger of consents' }),
  contact_id: Type.String(),
  list_contact_id: Type.String(),
  status: Type.Unsafe<OptInStatus>({
    type: 'string',
    enum: ['subscribed', 'pending_confirmation', 'still_unsubscribed'],
    description: 'still_unsubscribed: there is an opt-out that is newer than the consent.',
  }),
});

export type OptInStatus = 'subscribed' | 'pending_confirmation' | 'still_unsubscribed';
