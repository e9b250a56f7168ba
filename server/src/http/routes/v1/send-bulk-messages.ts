import { Type } from 'typebox';
import { MAX_BULK_MESSAGES, sendV1Bulk, type SendDeps, v1RowSchema } from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import { v1SenderSchema } from './send-message.ts';

/** `POST /api/v1/messages/bulk`. */
export function sendBulkV1MessagesRoute(deps: SendDeps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v1/messages/bulk',
    status: 201,
    body: 'required',
    effect: 'transaction',
    product: 'sms',
    docs: {
      operationId: 'sendV1Bulk',
      tag: 'Version 1',
      summary: 'Send up to 1,000 messages (deprecated)',
      body: Type.Object({
        from_phone_number_id: v1SenderSchema(),
        messages: Type.Array(v1RowSchema, { minItems: 1, maxItems: MAX_BULK_MESSAGES }),
      }),
      bodyExample: {
        from_phone_number_id: 'pn_7k2m9q4x1c8v5b3n',
        messages: [{ to_msisdn: '+13125550142', body: 'Hello' }],
      },
      response: Type.Object({
        queued_count: Type.Integer(),
        error_count: Type.Integer(),
        errors: Type.Array(
          Type.Object({
            index: Type.Integer(),
            to_msisdn: Type.Union([Type.String(), Type.Null()]),
            error: Type.String(),
          }),
        ),
        message_ids: Type.Array(Type.Union([Type.String(), Type.Null()])),
        deprecated: Type.Literal(true),
      }),
      errors: [
        'missing_from',
        'missing_messages',
        'invalid_from',
        'invalid_messages',
        'too_many_messages',
        'list_not_found',
        'list_not_allowed',
        'confirmation_required',
        'webhook_not_configured',
      ],
      statusOf: { list_not_found: 404, too_many_messages: 400 },
    },
    handle: ({ caller, body, transaction }) => sendV1Bulk(deps, caller, { body, transaction }),
  };
}
