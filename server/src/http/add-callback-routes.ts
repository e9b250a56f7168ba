import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import { Type } from 'typebox';
import type { CallbackAnswer } from '../carriers/carrier.ts';
import { AppError, ERRORS, type ErrorCode } from '../lib/errors.ts';
import { wordSchema } from '../lib/fields.ts';
import type { HttpDeps } from './http-deps.ts';
import { readBody } from './read-body.ts';

/** Bytes of a call at the most, inclusive. */
const MAX_CALL_BYTES = 1_048_576;
const ERROR_CODES: readonly ErrorCode[] = ['invalid_payload', 'invalid_signature', 'payload_too_large', 'overloaded'];

interface CallParams {
  readonly carrier: string;
  readonly secret?: string;
}

/**
 * Where carriers tell receipts and inbound texts. No key: each call is checked with what its carrier signs or with the
 * secret in its path. Answered when what it said is durable; of a call that is refused nothing is stored as an event.
 */
export function addCallbackRoutes(app: FastifyInstance, deps: HttpDeps): void {
  for (const path of ['/api/webhook-feedbacks/:carrier', '/api/webhook-feedbacks/:carrier/:secret']) {
    app.post(path, { schema: toSchema(path.endsWith(':secret')) }, async (request, reply) => {
      const { contentType, body } = await receive(request, deps);
      return reply.code(200).header('Content-Type', contentType).send(body);
    });
  }
}

async function receive(request: FastifyRequest, { callbacks, config, clock }: HttpDeps): Promise<CallbackAnswer> {
  const { carrier, secret = null } = request.params as CallParams;
  if (!callbacks.serves(carrier)) throw new AppError('not_found');
  const query = request.query as Readonly<Record<string, string>>;
  return await callbacks.receive(carrier, query['account']?.toLowerCase() ?? '', {
    url: `${config.publicUrl}${request.raw.url ?? ''}`,
    secret,
    query,
    headers: request.headers,
    body: await readBody(request.raw, undefined, MAX_CALL_BYTES),
    nowMs: clock(),
  });
}

function toSchema(withSecret: boolean): FastifySchema {
  const params = { carrier: Type.String({ description: 'The list type, such as `twilio`.' }) };
  const secret = { secret: Type.String({ description: "The list's `callback_secret`." }) };
  return {
    operationId: withSecret ? 'receiveCallbackWithSecret' : 'receiveCallback',
    tags: ['Carrier callbacks'],
    summary: withSecret ? 'Take a call of a carrier that signs nothing' : 'Take a call of a carrier',
    description:
      'Receipts and inbound texts in the form of the carrier, at most 1 MiB. Checked by signature or by the secret in the ' +
      'path; answered when it is durable, in the form that the carrier wants.',
    security: [],
    params: Type.Object(withSecret ? { ...params, ...secret } : params),
    querystring: Type.Object({
      account: Type.String({ description: 'Id of the account.' }),
      m: Type.Optional(Type.String({ description: 'Id of the message, in addresses that we gave to the carrier.' })),
    }),
    response: {
      200: { description: 'Kept', ...Type.Object({ success: Type.Literal(true) }) },
      ...Object.fromEntries(ERROR_CODES.map((code) => [ERRORS[code].status, toErrorSchema(code)])),
    },
  };
}

function toErrorSchema(code: ErrorCode): object {
  return { description: `\`${code}\``, ...Type.Object({ error: Type.String(), code: wordSchema([code]) }) };
}
