import { Type } from 'typebox';
import { sendV1Message, type SendDeps, v1MessageSchema } from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';

const V1_MESSAGE_ID = Type.String({ examples: ['msg_k3Vd81Qz'] });

/** `POST /api/v1/messages`. */
export function sendV1MessageRoute(deps: SendDeps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v1/messages',
    status: 201,
    body: 'required',
    effect: 'transaction',
    product: 'sms',
    docs: {
      operationId: 'sendV1Message',
      tag: 'Version 1',
      summary: 'Send a message (deprecated)',
      body: Type.Object({ ...v1MessageSchema.properties, from_phone_number_id: v1SenderSchema() }),
      bodyExample: { to_msisdn: '+13125550142', body: 'Hello', from_phone_number_id: 'pn_7k2m9q4x1c8v5b3n' },
      response: Type.Object({
        message_id: V1_MESSAGE_ID,
        id: V1_MESSAGE_ID,
        status: Type.Literal('queued'),
        segments: Type.Integer(),
        gsm7: Type.Boolean(),
        deprecated: Type.Literal(true),
      }),
      errors: [
        'missing_to',
        'missing_body',
        'missing_from',
        'invalid_phone',
        'invalid_body',
        'body_too_long',
        'invalid_metadata',
        'metadata_too_large',
        'invalid_from',
        'list_not_found',
        'list_not_allowed',
        'confirmation_required',
        'webhook_not_configured',
      ],
      statusOf: { list_not_found: 404 },
    },
    handle: ({ caller, body, transaction }) => sendV1Message(deps, caller, { body, transaction }),
  };
}

export function v1SenderSchema() {
  return Type.Union([Type.String(), Type.Integer()], {
    description: 'Id of the list (pn_ and 16 characters, or an integer) or its number.',
  });
}
