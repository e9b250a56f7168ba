import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHttpFixture, GOOD_SEND } from '../../test/helpers/http-fixture.ts';

const RUNS = 10_000;
const FULL_SEND = {
  ...GOOD_SEND,
  wrap_links: false,
  contact_data: { first_name: 'Zoe', custom_fields: { order: 4471, vip: true }, timezone: 'America/Chicago' },
  metadata: { a: [1, { b: 'c' }] },
  send_at: '2026-11-03T00:00:00Z',
  category: 'marketing',
  skip_affixes: true,
  skip_rate_limit: false,
};
const V1_SEND = { to_msisdn: '+13125550142', body: 'Hello', from_phone_number_id: 'pn_7k2m9q4x1c8v5b3n' };
const BULK = { list_number: '+18005551000', messages: [FULL_SEND, GOOD_SEND] };
/** Endpoints with a body that each of them accepts. */
const SEEDS: readonly { readonly url: string; readonly seed: object }[] = [
  { url: '/api/v2/send', seed: FULL_SEND },
  { url: '/api/v2/send-raw', seed: FULL_SEND },
  { url: '/api/v2/preflight', seed: FULL_SEND },
  { url: '/api/v2/send/bulk', seed: BULK },
  { url: '/api/v2/send-raw/bulk', seed: BULK },
  { url: '/api/v1/messages', seed: V1_SEND },
  { url: '/api/v1/messages/bulk', seed: { from_phone_number_id: 1, messages: [V1_SEND, V1_SEND] } },
  { url: '/api/v2/messages/k3Vd81Qz/cancel', seed: {} },
  { url: '/api/v2/settings', seed: { brand_name: 'a', bad_countries: ['US'], tune: { a: 1 } } },
  { url: '/api/v2/key/pause', seed: {} },
];
const anySeed = fc.constantFrom(...SEEDS);

interface FuzzRequest {
  readonly url: string;
  readonly payload: Buffer;
}

/** A valid body with one value, somewhere in it, replaced by any other. */
const mutated: fc.Arbitrary<FuzzRequest> = fc
  .record({ target: anySeed, steps: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), value: fc.jsonValue() })
  .map(({ target, steps, value }) => ({
    url: target.url,
    payload: Buffer.from(JSON.stringify(replaceAt(target.seed, steps, value))),
  }));

function replaceAt(node: unknown, [step, ...rest]: readonly number[], value: unknown): unknown {
  if (step === undefined || typeof node !== 'object' || node === null) return value;
  const keys = Object.keys(node);
  const key = keys[step % Math.max(keys.length, 1)] ?? 'a';
  const changed = replaceAt((node as Record<string, unknown>)[key], rest, value);
  return Array.isArray(node)
    ? node.map((item, i) => (String(i) === key ? changed : item))
    : { ...node, [key]: changed };
}

/** The text of a valid body with some characters overwritten. */
const damaged: fc.Arbitrary<FuzzRequest> = fc
  .record({ target: anySeed, at: fc.nat(), text: fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }) })
  .map(({ target, at, text }) => {
    const json = JSON.stringify(target.seed);
    const start = at % json.length;
    return { url: target.url, payload: Buffer.from(json.slice(0, start) + text + json.slice(start + text.length)) };
  });

/** Escapes where texts were. */
const escaped: fc.Arbitrary<FuzzRequest> = fc
  .record({
    target: anySeed,
    escape: fc.constantFrom(
      '\\u0000',
      '\\ud800',
      '\\udc00\\ud800',
      '\\ud83d\\ude00',
      '\\n',
      '\\u00e9',
      '\\"',
      '\\\\u0000',
    ),
  })
  .map(({ target, escape }) => ({
    url: target.url,
    payload: Buffer.from(JSON.stringify(target.seed).replace('Hello', escape).replace('Zoe', escape)),
  }));

const unrelated: fc.Arbitrary<FuzzRequest> = fc.record({
  url: anySeed.map(({ url }) => url),
  payload: fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  ),
});

const request = fc.oneof(mutated, damaged, escaped, unrelated);

test('10,000 bodies never give a 5xx, and a request that failed stores nothing', async () => {
  await using fixture = createHttpFixture();
  await fixture.app.ready();
  const { calls } = fixture.accept;
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ url, payload }) => {
      calls.length = 0;
      const response = await fixture.app.inject({
        method: url === '/api/v2/settings' ? 'PUT' : 'POST',
        url,
        headers: { 'x-api-key': 'key', 'content-type': 'application/json' },
        payload,
      });
      expect(response.statusCode).toBeLessThan(500);
      statuses.set(response.statusCode, (statuses.get(response.statusCode) ?? 0) + 1);
      const answer = response.json<FuzzAnswer>();
      expect(typeof answer.code).toBe(response.statusCode >= 400 ? 'string' : 'undefined');
      const jsons = calls.flatMap(({ items }) => items.map(({ json }) => json));
      expect(jsons).toHaveLength(response.statusCode === 201 ? (answer.queued_count ?? 1) : 0);
      for (const json of jsons) expectStorable(json);
    }),
    { numRuns: RUNS },
  );
  expect(fixture.reported).toEqual([]);
  // Both roads were taken often.
  expect(Math.min(statuses.get(201) ?? 0, statuses.get(400) ?? 0)).toBeGreaterThan(RUNS / 20);
}, 120_000);

interface FuzzAnswer {
  readonly code?: string;
  readonly queued_count?: number;
}

/** A message that the database can keep: no U+0000, no half of a surrogate pair. */
function expectStorable(json: string): void {
  const message = JSON.parse(json) as Record<string, unknown>;
  expect(message).toMatchObject({ to: expect.stringMatching(/^\+[1-9]\d{6,14}$/), body: expect.any(String) });
  expect(json.isWellFormed() && !/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i.test(json)).toBe(true);
}
