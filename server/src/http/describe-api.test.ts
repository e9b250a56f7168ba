import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../lib/errors.ts';
import { describeApi, describeErrors } from './describe-api.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly requestBody?: {
    readonly content: Record<
      string,
      { readonly schema: { readonly properties: Record<string, { description?: string }> } }
    >;
  };
  readonly responses: Record<
    string,
    {
      readonly content: Record<
        string,
        { readonly schema: { readonly properties: { readonly code?: { readonly enum: ErrorCode[] } } } }
      >;
    }
  >;
}

/** Codes that no endpoint lists: they answer what is no call of an endpoint. */
const OUTSIDE: readonly ErrorCode[] = ['not_found', 'method_not_allowed', 'invalid_request'];
/** Codes of rows that were not taken, in answers to many contacts at once and in error files. */
const OF_ROWS: readonly ErrorCode[] = [
  'invalid_contact',
  'validation_failed',
  'invalid_row',
  'invalid_encoding',
  'invalid_carrier',
  'invalid_line_type',
  'invalid_consent_date',
  'unsubscribed',
];
/** Answered with another status by version 1, and by one endpoint. */
const V1_STATUSES: Partial<Record<ErrorCode, number>> = { list_not_found: 404, too_many_messages: 400 };
const OWN_STATUSES: Readonly<Record<string, Partial<Record<ErrorCode, number>>>> = {
  'get /api/v2/contacts/{phone_number}': { contact_not_found: 404 },
  'get /api/v1/contacts/{msisdn}': { contact_not_found: 404 },
};

let paths: Record<string, Record<string, Operation>>;
let operations: [name: string, operation: Operation][];

beforeAll(async () => {
  paths = (await describeApi())['paths'] as typeof paths;
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
});

function codesOf(operation: Operation): [status: string, code: ErrorCode][] {
  return Object.entries(operation.responses).flatMap(([status, { content }]) =>
    (content['application/json']?.schema.properties.code?.enum ?? []).map((code): [string, ErrorCode] => [
      status,
      code,
    ]),
  );
}

describe('openapi.json', () => {
  test('describes every endpoint once', () => {
    expect(operations.map(([name]) => name).sort()).toEqual([
      'delete /api/v1/contacts/{msisdn}',
      'delete /api/v2/blocks/{id}',
      'delete /api/v2/contacts',
      'delete /api/v2/lists/{list_id}',
      'delete /api/v2/webhooks/{id}',
      'get /api/v1/contacts',
      'get /api/v1/contacts/{msisdn}',
      'get /api/v2/blocks',
      'get /api/v2/contacts',
      'get /api/v2/contacts/export',
      'get /api/v2/contacts/{phone_number}',
      'get /api/v2/contacts/{phone_number}/consents',
      'get /api/v2/jobs/{id}',
      'get /api/v2/jobs/{id}/errors',
      'get /api/v2/lists',
      'get /api/v2/lists/{list_id}',
      'get /api/v2/messages',
      'get /api/v2/messages/{id}',
      'get /api/v2/replies',
      'get /api/v2/settings',
      'get /api/v2/setup-status',
      'get /api/v2/webhooks',
      'get /api/v2/webhooks/{id}',
      'get /api/v2/webhooks/{id}/deliveries',
      'get /api/v2/whoami',
      'patch /api/v1/contacts/{msisdn}',
      'post /api/v1/contacts',
      'post /api/v1/contacts/bulk',
      'post /api/v1/messages',
      'post /api/v1/messages/bulk',
      'post /api/v1/opt-outs',
      'post /api/v1/phone/validate',
      'post /api/v1/phone/validate/batch',
      'post /api/v2/blocks',
      'post /api/v2/contacts',
      'post /api/v2/contacts/bulk',
      'post /api/v2/contacts/import',
      'post /api/v2/key/pause',
      'post /api/v2/lists',
      'post /api/v2/lists/{list_id}/verify',
      'post /api/v2/messages/{id}/cancel',
      'post /api/v2/optins/webhook',
      'post /api/v2/otp/send',
      'post /api/v2/otp/verify',
      'post /api/v2/phone/validate',
      'post /api/v2/phone/validate/batch',
      'post /api/v2/preflight',
      'post /api/v2/send',
      'post /api/v2/send-raw',
      'post /api/v2/send-raw/bulk',
      'post /api/v2/send/bulk',
      'post /api/v2/webhooks',
      'post /api/v2/webhooks/{id}/deliveries/{delivery_id}/replay',
      'post /api/v2/webhooks/{id}/rotate-secret',
      'post /api/v2/webhooks/{id}/test',
      'post /api/webhook-feedbacks/{carrier}',
      'post /api/webhook-feedbacks/{carrier}/{secret}',
      'put /api/v1/contacts/{msisdn}',
      'put /api/v2/contacts',
      'put /api/v2/lists/{list_id}',
      'put /api/v2/settings',
      'put /api/v2/webhooks/{id}',
    ]);
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, { summary }] of operations) expect(summary).not.toBe('');
  });

  test('names only errors of the catalogue, under their status', () => {
    for (const [name, operation] of operations) {
      for (const [status, code] of codesOf(operation)) {
        const ofVersion = name.includes('/v1/') ? V1_STATUSES[code] : undefined;
        const expected = OWN_STATUSES[name]?.[code] ?? ofVersion ?? ERRORS[code].status;
        expect([name, code, status]).toEqual([name, code, String(expected)]);
      }
    }
  });

  test('names every error of the catalogue that an endpoint can answer', () => {
    const named = new Set<string>([
      ...OUTSIDE,
      ...OF_ROWS,
      ...operations.flatMap(([, { responses }]) => listCodes(responses)),
    ]);
    expect(Object.keys(ERRORS).filter((code) => !named.has(code))).toEqual([]);
  });

  test('describes every field of a send', () => {
    const schema = paths['/api/v2/send-raw']?.['post']?.requestBody?.content['application/json']?.schema;
    for (const [field, { description }] of Object.entries(schema?.properties ?? {})) {
      expect([field, typeof description]).toEqual([field, 'string']);
    }
    expect(Object.keys(schema?.properties ?? {})).toHaveLength(13);
  });
});

/** Codes of answers and of rows inside them. */
function listCodes(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) =>
    name === 'code' && Array.isArray((value as { enum?: unknown }).enum)
      ? (value as { enum: string[] }).enum
      : listCodes(value),
  );
}

describe('docs', () => {
  const read = (name: string): Promise<string> => readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

  test('errors.md tells exactly the catalogue', async () => {
    const text = await read('errors.md');
    expect(text).toBe(describeErrors());
    expect([...text.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code)).toEqual(Object.keys(ERRORS));
  });

  test('openapi.json is what the server gives', async () => {
    expect(JSON.parse(await read('openapi.json'))).toEqual(JSON.parse(JSON.stringify(await describeApi())));
  });
});
