import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
// @ts-expect-error a plain script without types
import { generateClientTypes } from './generate-client.mjs';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const API = {
  paths: {
    '/things/{thing_id}': {
      post: {
        operationId: 'changeThing',
        summary: 'Change a thing',
        parameters: [{ in: 'path', name: 'thing_id' }],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['kind'],
                properties: {
                  kind: { type: 'string', enum: ['a', 'b'], description: 'Which kind' },
                  tags: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] }, default: [] },
                },
              },
            },
          },
        },
        responses: {
          201: {
            content: { 'application/json': { schema: { type: 'object', additionalProperties: { type: 'integer' } } } },
          },
          400: { content: { 'application/json': { schema: { properties: { code: { enum: ['invalid_kind'] } } } } } },
        },
      },
    },
  },
};

test('an operation becomes types, a method and a row of the table', () => {
  const text: string = generateClientTypes(API);
  expect(text).toContain(`export type ErrorCode =\n  | 'invalid_kind';`);
  expect(text).toContain(`  /** Which kind. */\n  readonly kind: 'a' | 'b';`);
  expect(text).toContain(`  /** Default []. */\n  readonly tags?: readonly (string | null)[] | undefined;`);
  expect(text).toContain('export type ChangeThingResult = Readonly<Record<string, number>>;');
  expect(text).toContain(
    'changeThing(thingId: string | number, body: ChangeThingBody, options?: CallOptions): Promise<ChangeThingResult>;',
  );
  expect(text).toContain(
    `changeThing: { method: 'POST', path: '/things/{thing_id}', params: ['thing_id'], input: 'body', sends: false }`,
  );
});

test('the types of the client are those of openapi.json', () => {
  const generated: string = generateClientTypes(JSON.parse(read('docs/openapi.json')));
  expect(read('client/src/generated/types.ts')).toBe(generated);
});
