import { Type, type TSchema } from 'typebox';
import { type FieldTable, toObjectSchema } from '../../../lib/fields.ts';
import {
  MAX_BULK_MESSAGES,
  rawSendFields,
  sendBulk,
  sendBulkBytes,
  type SendBytesDeps,
  type SendDeps,
  sendFields,
} from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import { SEND_EXAMPLE, sentBulkSchema } from '../../send-docs.ts';

const SHARED = {
  method: 'POST',
  status: 201,
  body: 'required',
  effect: 'transaction',
  product: 'sms',
} as const;

const DOCS = {
  tag: 'Messages',
  description:
    'Each row is judged alone: good rows are stored together, bad rows come back in errors with the codes of a single send. ' +
    'Also when every row failed the answer is 201.',
  bodyExample: { list_number: SEND_EXAMPLE.list_number, messages: [{ to: SEND_EXAMPLE.to, body: 'Hello' }] },
  response: sentBulkSchema,
  responseExample: { queued_count: 1, error_count: 0, errors: [], message_ids: ['Pz07aKf2'] },
  errors: ['missing_messages', 'invalid_messages', 'too_many_messages', 'confirmation_required'],
} as const;

/**
 * `POST /api/v2/send/bulk` and `POST /api/v2/send-raw/bulk`. Two roads with the same answers: `sendBulkBytes` for the plain
 * good requests, `sendBulk` for all others.
 */
export function sendBulkRoutes(deps: SendDeps & SendBytesDeps): ApiRoute[] {
  return [
    {
      ...SHARED,
      path: '/api/v2/send/bulk',
      docs: { ...DOCS, operationId: 'sendBulk', summary: 'Send up to 1,000 messages', body: toBulkSchema(sendFields) },
      handleBytes: ({ caller, bodyBytes }) => sendBulkBytes(deps, caller, { bytes: bodyBytes, raw: false }),
      handle: ({ caller, body, transaction }) => sendBulk(deps, caller, { body, raw: false, transaction }),
    },
    {
      ...SHARED,
      path: '/api/v2/send-raw/bulk',
      docs: {
        ...DOCS,
        operationId: 'sendRawBulk',
        summary: 'Send up to 1,000 messages and skip checks',
        body: toBulkSchema(rawSendFields),
      },
      handleBytes: ({ caller, bodyBytes }) => sendBulkBytes(deps, caller, { bytes: bodyBytes, raw: true }),
      handle: ({ caller, body, transaction }) => sendBulk(deps, caller, { body, raw: true, transaction }),
    },
  ];
}

function toBulkSchema(fields: FieldTable): TSchema {
  return Type.Object({
    messages: Type.Array(toObjectSchema(fields, ['list_number']), { minItems: 1, maxItems: MAX_BULK_MESSAGES }),
    list_number: Type.Optional(Type.String({ description: 'For rows that have none.' })),
  });
}
