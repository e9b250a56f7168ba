import { type TSchema, Type } from 'typebox';
import type { ErrorCode } from '../lib/errors.ts';
import { wordSchema } from '../lib/fields.ts';
import { customFieldsSchema } from '../lib/value-kinds.ts';
import { VALIDATION_FIELDS } from '../phone/index.ts';
import { contactFields } from './contact-fields.ts';

/* What openapi.json says about contacts; contact-view.ts makes them. */

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const HEX_ID = Type.String({ pattern: '^[0-9a-f]{24}$', examples: ['6923f0119c4de20011aa3001'] });
const PHONE = Type.String({ examples: ['+13125550142'] });
const TIME = Type.String({ format: 'date-time' });
const CUSTOM_FIELDS = customFieldsSchema({ nulls: false });

const PHONE_FIELDS = {
  phone_number: PHONE,
  carrier: nullable(Type.String({ description: 'Known after a validation' })),
  line_type: wordSchema(['CELL PHONE', 'VOIP', 'LANDLINE', 'FAKE', 'UNKNOWN']),
  timezone: nullable(
    Type.String({ description: "The given zone, else the only one of the number, else the account's" }),
  ),
  is_valid: Type.Boolean({ description: 'The number is of an assigned range' }),
  timezones: Type.Array(Type.String(), { description: 'All zones of the area code or country' }),
  state: nullable(Type.String({ description: 'US state of the area code' })),
  validation_status: nullable(wordSchema(['invalid', 'unreachable', 'risky', 'unknown', 'ok'])),
  on_dnc: Type.Boolean({ description: 'On a do-not-call list' }),
  contact_id: nullable(HEX_ID),
  email: nullable(Type.String()),
  first_name: nullable(Type.String()),
  last_name: nullable(Type.String()),
};

const MEMBERSHIP_FIELDS = {
  list_id: Type.Integer(),
  list_number: Type.String(),
  active: Type.Boolean(),
  signup_date: TIME,
  custom_fields: CUSTOM_FIELDS,
  send_count: Type.Integer(),
  click_count: Type.Integer(),
  revenue_total: Type.Number(),
  conversion_count: Type.Integer(),
  last_sent_at: nullable(TIME),
  last_clicked_at: nullable(TIME),
  signup_method: wordSchema(['api', 'import', 'form', 'journey', 'keyword', 'inbound', 'optin']),
  in_workflow: Type.Boolean(),
  unsubscribed_at: nullable(TIME),
  unsubscribe_reason: nullable(
    wordSchema(['message', 'manual', 'complaint', 'bad_response', 'invalid_contact', 'api', 'journey', 'no_consent']),
  ),
  list_contact_id: HEX_ID,
};

export const paginationSchema = Type.Object({
  page: Type.Integer(),
  per_page: Type.Integer(),
  total: Type.Integer(),
  total_pages: Type.Integer(),
});

export const contactPageSchema = Type.Object({
  contacts: Type.Array(
    Type.Object({
      ...PHONE_FIELDS,
      ...MEMBERSHIP_FIELDS,
      last_revenue_at: nullable(TIME),
      ad_network_source: nullable(Type.String()),
      ad_network_id: nullable(Type.String()),
    }),
  ),
  pagination: paginationSchema,
});

export const contactSchema = Type.Object({
  ...PHONE_FIELDS,
  blocked: Type.Boolean({ description: 'On the block list, of the account or of one of its lists' }),
  lists: Type.Array(Type.Object(MEMBERSHIP_FIELDS)),
});

const VALIDATION = Type.Object(VALIDATION_FIELDS);

export const savedContactSchema = Type.Object({
  success: Type.Literal(true),
  contact_id: HEX_ID,
  list_contact_id: HEX_ID,
  is_new_contact: Type.Boolean({ description: 'The number is new to the installation' }),
  is_new_list_contact: Type.Boolean(),
  journeys_enrolled: Type.Integer(),
  warnings: Type.Array(Type.String()),
  validation: Type.Optional(VALIDATION),
});

/** Codes of rows of a bulk request. */
const CONTACT_ROW_CODES: readonly ErrorCode[] = [
  'invalid_contact',
  'payload_too_large',
  'missing_phone_number',
  'missing_list_number',
  ...contactFields.all.map((field) => field.invalid),
  'list_not_found',
  'not_sendable',
  'validation_failed',
  'provider_error',
];

export const savedContactsSchema = Type.Object({
  success_count: Type.Integer(),
  error_count: Type.Integer(),
  errors: Type.Array(
    Type.Object({
      index: Type.Integer({ description: 'Place in the request, from 0' }),
      phone_number: nullable(Type.String()),
      code: wordSchema(CONTACT_ROW_CODES),
      error: Type.String(),
      validation: Type.Optional(VALIDATION),
    }),
  ),
  contacts_created: Type.Integer({ description: 'Numbers new to the installation' }),
  list_contacts_created: Type.Integer(),
  journeys_enrolled: Type.Integer(),
  warnings: Type.Array(Type.String()),
});

export const updatedContactSchema = Type.Object({
  success: Type.Literal(true),
  list_contact_id: HEX_ID,
  custom_fields: CUSTOM_FIELDS,
});

export const removedContactSchema = Type.Object({ success: Type.Literal(true), unsubscribed: Type.Boolean() });

const BLOCK = Type.Object({
  id: HEX_ID,
  phone_number: PHONE,
  list_number: nullable(Type.String({ description: 'null: the whole account' })),
  reason: nullable(Type.String()),
  created_at: TIME,
});

export const addedBlockSchema = Type.Object({ success: Type.Literal(true), block: BLOCK });
export const blockPageSchema = Type.Object({ blocks: Type.Array(BLOCK), pagination: paginationSchema });

const V1_STATUS = wordSchema(['subscribed', 'unsubscribed']);
const V1_CONTACT = Type.Object({
  id: nullable(HEX_ID),
  phone_number: PHONE,
  first_name: nullable(Type.String()),
  last_name: nullable(Type.String()),
  email: nullable(Type.String()),
  status: V1_STATUS,
  opted_out: nullable(TIME),
  timezone: nullable(Type.String()),
  created_at: TIME,
});

export const v1ContactSchema = Type.Object({
  phone_number: PHONE,
  status: V1_STATUS,
  opted_out: nullable(TIME),
  contact: V1_CONTACT,
  deprecated: Type.Literal(true),
});
export const v1ContactPageSchema = Type.Object({ contacts: Type.Array(V1_CONTACT), deprecated: Type.Literal(true) });
export const v1OptOutSchema = Type.Object({
  success: Type.Literal(true),
  to_msisdn: PHONE,
  lists_unsubscribed: Type.Integer(),
  deprecated: Type.Literal(true),
});
