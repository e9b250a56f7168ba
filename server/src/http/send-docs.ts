import { Type } from 'typebox';
import type { ErrorCode } from '../lib/errors.ts';
import { wordSchema } from '../lib/fields.ts';

/** Codes of one send without skip flags, in check order. */
export const SEND_ERRORS = [
  'missing_to',
  'missing_list_number',
  'missing_body',
  'invalid_phone',
  'invalid_list_number',
  'invalid_body',
  'invalid_wrap_links',
  'invalid_contact_data',
  'invalid_metadata',
  'invalid_send_at',
  'invalid_category',
  'invalid_skip_affixes',
] as const satisfies readonly ErrorCode[];

/** What `send-raw` adds behind them. */
export const SKIP_ERRORS = [
  'invalid_skip_duplicate_check',
  'invalid_skip_rate_limit',
  'invalid_skip_contact_validation',
  'invalid_skip_journey_check',
] as const satisfies readonly ErrorCode[];

/** Limits and look-ups, which come after the form of all fields. */
export const LATE_SEND_ERRORS = [
  'body_too_long',
  'metadata_too_large',
  'list_not_found',
  'list_not_allowed',
  'confirmation_required',
  'webhook_not_configured',
  'no_domain_configured',
] as const satisfies readonly ErrorCode[];

export const SEND_EXAMPLE = {
  to: '+13125550142',
  list_number: '+18005551000',
  body: 'Hi {{first_name}}, your order 4471 has left our store.',
  contact_data: { first_name: 'Zoe' },
  metadata: { order: '4471' },
};

export const messageIdSchema = Type.String({
  examples: ['k3Vd81Qz'],
  description: 'Sandbox keys: sandbox_ and 8 characters',
});

export const sentMessageSchema = Type.Object({
  success: Type.Literal(true),
  message_id: messageIdSchema,
  status: Type.Literal('queued'),
});

export const sentBulkSchema = Type.Object({
  queued_count: Type.Integer(),
  error_count: Type.Integer(),
  errors: Type.Array(
    Type.Object({
      index: Type.Integer({ description: 'Place of the row in the request, from 0.' }),
      code: wordSchema(['invalid_message', ...SEND_ERRORS, ...SKIP_ERRORS, ...LATE_SEND_ERRORS]),
      error: Type.String(),
    }),
  ),
  message_ids: Type.Array(Type.Union([messageIdSchema, Type.Null()]), {
    description: 'Aligned with the input; null where the row failed.',
  }),
});
