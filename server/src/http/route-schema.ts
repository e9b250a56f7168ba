import type { FastifySchema } from 'fastify';
import { Type, type TSchema } from 'typebox';
import { ERRORS, type ErrorCode } from '../lib/errors.ts';
import { wordSchema } from '../lib/fields.ts';
import { isPhonePath } from './answer-error.ts';
import type { ApiRoute } from './api-route.ts';

const COMMON_ERRORS = [
  'missing_api_key',
  'invalid_api_key',
  'account_suspended',
  'internal_error',
  'service_unavailable',
] as const satisfies readonly ErrorCode[];
const BODY_ERRORS = ['unsupported_media_type', 'payload_too_large', 'invalid_json', 'invalid_body'] as const;
const IDEMPOTENCY_ERRORS = ['invalid_idempotency_key', 'idempotency_in_progress', 'idempotency_key_reused'] as const;

const IDEMPOTENCY_HEADER = Type.Object({
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[ -~]+$',
      description: 'A repeat with the same key within 72 hours gives the first answer again.',
    }),
  ),
});

/** Every code that the endpoint can answer, those that all endpoints share included. */
export function errorsOf(route: ApiRoute): ErrorCode[] {
  const codes: ErrorCode[] = [...COMMON_ERRORS];
  if (route.method !== 'GET') codes.push('key_paused');
  if (route.product !== undefined) codes.push('product_not_enabled');
  if (route.body === 'required' || route.body === 'optional') codes.push(...BODY_ERRORS);
  if (readsIdempotencyKey(route)) codes.push(...IDEMPOTENCY_ERRORS);
  return [...new Set([...codes, ...route.docs.errors])];
}

/** What `openapi.json` says about an endpoint, in Fastify's form. Judges nothing. */
export function toRouteSchema(route: ApiRoute): FastifySchema {
  const { docs } = route;
  return {
    operationId: docs.operationId,
    tags: [docs.tag],
    summary: docs.summary,
    ...(docs.description === undefined ? {} : { description: docs.description }),
    ...(docs.tag === 'Version 1' ? { deprecated: true } : {}),
    security: [{ apiKey: [] }],
    ...(docs.params === undefined ? {} : { params: docs.params }),
    ...(docs.query === undefined ? {} : { querystring: docs.query }),
    ...(readsIdempotencyKey(route) ? { headers: IDEMPOTENCY_HEADER } : {}),
    ...(docs.body === undefined ? {} : { body: toBodySchema(route, docs.body) }),
    response: {
      ...toSuccesses(route),
      ...toErrorResponses(route),
    },
  };
}

function readsIdempotencyKey({ method }: ApiRoute): boolean {
  return method === 'POST';
}

function toBodySchema({ body, docs }: ApiRoute, schema: TSchema): object {
  return body === 'csv' ? asCsv(schema) : withExample(schema, docs.bodyExample);
}

function asCsv(schema: TSchema): object {
  return { content: { 'text/csv': { schema } } };
}

function toSuccesses({ status, otherStatus, answersCsv, docs }: ApiRoute): Record<string, object> {
  if (answersCsv === true) return { [status]: { description: 'Success', ...asCsv(docs.response) } };
  const success = { description: 'Success', ...withExample(docs.response, docs.responseExample) };
  return { [status]: success, ...(otherStatus === undefined ? {} : { [otherStatus]: success }) };
}

function withExample(schema: TSchema, example: object | undefined): TSchema {
  return example === undefined ? schema : { ...schema, examples: [example] };
}

function toErrorResponses(route: ApiRoute): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(route)) {
    const status = route.docs.statusOf?.[code] ?? ERRORS[code].status;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, toErrorSchema(route, codes)]));
}

function toErrorSchema(route: ApiRoute, codes: readonly ErrorCode[]): object {
  const schema = isPhonePath(route.path)
    ? Type.Object({
        error: Type.String({ description: 'The class of the error, such as validation_error.' }),
        code: wordSchema(codes),
        message: Type.String({ description: 'For people; may change.' }),
      })
    : Type.Object({
        error: Type.String({ description: 'For people; may change.' }),
        code: wordSchema(codes),
        message: Type.Optional(Type.String({ description: 'More detail.' })),
        ...(route.docs.tag === 'Version 1' ? { deprecated: Type.Literal(true) } : {}),
      });
  return { description: codes.map((code) => `\`${code}\``).join(', '), ...schema };
}
