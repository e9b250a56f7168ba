import { toObjectSchema } from '../../../lib/fields.ts';
import {
  rawSendFields,
  type SendBytesDeps,
  type SendDeps,
  sendFields,
  sendMessage,
  sendMessageBytes,
} from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import { LATE_SEND_ERRORS, SEND_ERRORS, SEND_EXAMPLE, sentMessageSchema, SKIP_ERRORS } from '../../send-docs.ts';

const SHARED = {
  method: 'POST',
  status: 201,
  body: 'required',
  effect: 'transaction',
  product: 'sms',
} as const;

const RESPONSE = {
  tag: 'Messages',
  bodyExample: SEND_EXAMPLE,
  response: sentMessageSchema,
  responseExample: { success: true, message_id: 'k3Vd81Qz', status: 'queued' },
} as const;

/**
 * `POST /api/v2/send` and `POST /api/v2/send-raw`. Two roads with the same answers: `sendMessageBytes` for the plain good
 * requests, `sendMessage` for all others.
 */
export function sendMessageRoutes(deps: SendDeps & SendBytesDeps): ApiRoute[] {
  return [
    {
      ...SHARED,
      path: '/api/v2/send',
      docs: {
        ...RESPONSE,
        operationId: 'sendMessage',
        summary: 'Send a message',
        description:
          'Stores one message durably and answers at once; what becomes of it is told by reads and webhooks.',
        body: toObjectSchema(sendFields),
        errors: [...SEND_ERRORS, ...LATE_SEND_ERRORS],
      },
      handleBytes: ({ caller, bodyBytes }) => sendMessageBytes(deps, caller, { bytes: bodyBytes, raw: false }),
      handle: ({ caller, body, transaction }) => sendMessage(deps, caller, { body, raw: false, transaction }),
    },
    {
      ...SHARED,
      path: '/api/v2/send-raw',
      docs: {
        ...RESPONSE,
        operationId: 'sendRawMessage',
        summary: 'Send a message and skip checks',
        description: 'As a send, with flags that switch single checks off. Used flags are kept on the message.',
        body: toObjectSchema(rawSendFields),
        errors: [...SEND_ERRORS, ...SKIP_ERRORS, ...LATE_SEND_ERRORS],
      },
      handleBytes: ({ caller, bodyBytes }) => sendMessageBytes(deps, caller, { bytes: bodyBytes, raw: true }),
      handle: ({ caller, body, transaction }) => sendMessage(deps, caller, { body, raw: true, transaction }),
    },
  ];
}
