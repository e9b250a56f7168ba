import { Type } from 'typebox';
import { toObjectSchema, wordSchema } from '../../../lib/fields.ts';
import { rawSendFields, validateOneSend } from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { LATE_SEND_ERRORS, SEND_ERRORS, SEND_EXAMPLE, SKIP_ERRORS } from '../../send-docs.ts';

const preflightSchema = Type.Object({
  success: Type.Literal(true),
  would_send: Type.Boolean(),
  outcome: wordSchema(['send', 'hold', 'dropped', 'delayed']),
  reasons: Type.Array(Type.Object({ code: Type.String(), detail: Type.Union([Type.String(), Type.Null()]) })),
  hold: Type.Union(
    [
      Type.Object({
        reason: Type.String(),
        until: Type.String({ format: 'date-time' }),
        rule: Type.Union([Type.String(), Type.Null()]),
      }),
      Type.Null(),
    ],
    { description: 'Set when the message would wait: why, until when, and the rule that says so.' },
  ),
  rendered_body: Type.Union([Type.String(), Type.Null()]),
  encoding: Type.Union([wordSchema(['GSM-7', 'UCS-2']), Type.Null()]),
  characters: Type.Union([Type.Integer(), Type.Null()]),
  segments: Type.Union([Type.Integer(), Type.Null()]),
  provider: Type.Union([Type.String(), Type.Null()]),
  estimated_delay_seconds: Type.Number(),
  cost: Type.Object({ amount: Type.Number(), currency: Type.String() }),
  decisions: Type.Array(Type.Record(Type.String(), Type.Unknown())),
});

/** `POST /api/v2/preflight`. */
export function preflightMessageRoute(deps: Pick<HttpDeps, 'directory' | 'clock' | 'verbs'>): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/preflight',
    status: 200,
    body: 'required',
    effect: 'repeatable',
    product: 'sms',
    docs: {
      operationId: 'preflightMessage',
      tag: 'Messages',
      summary: 'Ask what would become of a message',
      description: 'Runs the checks that decide before a message leaves, without sending. Nothing is stored.',
      body: toObjectSchema(rawSendFields),
      bodyExample: SEND_EXAMPLE,
      response: preflightSchema,
      errors: [...SEND_ERRORS, ...SKIP_ERRORS, ...LATE_SEND_ERRORS.filter((code) => code !== 'confirmation_required')],
    },
    handle: ({ caller, body }) =>
      deps.verbs.preflight(caller, validateOneSend(deps, caller, { body, fields: rawSendFields, sends: false })),
  };
}
