import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHttpFixture, GOOD_SEND, type HttpFixture, NOW_MS } from '../../test/helpers/http-fixture.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import type { Accept } from '../pipeline/accept-types.ts';
import { purgeIdempotencyKeys } from './idempotency.ts';

const HOUR_MS = 3_600_000;
let database: TestDatabase;
let nowMs = NOW_MS;

beforeAll(async () => {
  database = await createTestDatabase({ max: 25 });
  await database.pool.query('create table effect (body text not null)');
});
afterAll(async () => database[Symbol.asyncDispose]());
beforeEach(async () => {
  nowMs = NOW_MS;
  await database.pool.query('truncate effect, idempotency_key');
});

const neverTaken = () => Promise.reject(new Error('a request with a key must not take the log'));

/** Lands each accepted message as a row of `effect` in the transaction that it is given. */
function createLandingAccept(): Accept {
  let next = 0;
  return {
    accept: neverTaken,
    acceptRows: neverTaken,
    async acceptWithin(transaction, _source, _simulated, items) {
      for (const { json } of items) {
        await transaction.query('insert into effect (body) values ($1)', [json]);
        if (json.includes('fail')) throw new Error('after the effect');
      }
      return items.map(() => next++);
    },
  };
}

function createFixture(): HttpFixture {
  return createHttpFixture({ pool: database.pool, accept: createLandingAccept(), clock: () => nowMs });
}

async function send(fixture: HttpFixture, body: object | string, options: { key?: string; url?: string } = {}) {
  const response = await fixture.app.inject({
    method: 'POST',
    url: options.url ?? '/api/v2/send',
    headers: { 'x-api-key': 'key', 'content-type': 'application/json', 'idempotency-key': options.key ?? 'k1' },
    payload: body,
  });
  return {
    status: response.statusCode,
    replayed: response.headers['idempotent-replayed'],
    retryAfter: response.headers['retry-after'],
    body: response.json<Record<string, unknown>>(),
  };
}

async function countEffects(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>('select count(*) from effect');
  return rows[0]!.count;
}

describe('a request with an Idempotency-Key', () => {
  test('a repeat gives the first answer again and has no effect', async () => {
    await using fixture = createFixture();
    const first = await send(fixture, GOOD_SEND);
    expect([first.status, first.replayed]).toEqual([201, undefined]);
    const again = await send(fixture, '{ "body": "Hello", "list_number": "+18005551000", "to": "+13125550142" }');
    expect(again).toEqual({ ...first, replayed: 'true' });
    expect(await countEffects()).toBe(1);
  });

  test('twenty at once have one effect and one answer', async () => {
    await using fixture = createFixture();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(fixture, GOOD_SEND)));
    expect(await countEffects()).toBe(1);
    const done = answers.filter(({ status }) => status === 201);
    expect(new Set(done.map(({ body }) => body['message_id'])).size).toBe(1);
    expect(done.filter(({ replayed }) => replayed === undefined)).toHaveLength(1);
    const waiting = answers.filter(({ status }) => status !== 201);
    for (const answer of waiting) {
      expect(answer).toMatchObject({ status: 409, retryAfter: '1', body: { code: 'idempotency_in_progress' } });
    }
  });

  test('another body or query is refused', async () => {
    await using fixture = createFixture();
    await send(fixture, GOOD_SEND);
    const refusal = { status: 422, body: { code: 'idempotency_key_reused' } };
    expect(await send(fixture, { ...GOOD_SEND, body: 'other' })).toMatchObject(refusal);
    expect(await send(fixture, GOOD_SEND, { url: '/api/v2/send?a=1' })).toMatchObject(refusal);
    expect(await countEffects()).toBe(1);
  });

  test('another path or key is another request; a slash at the end is not', async () => {
    await using fixture = createFixture();
    await send(fixture, GOOD_SEND);
    expect((await send(fixture, GOOD_SEND, { url: '/api/v2/send-raw' })).replayed).toBeUndefined();
    expect((await send(fixture, GOOD_SEND, { key: 'k2' })).replayed).toBeUndefined();
    expect((await send(fixture, GOOD_SEND, { url: '/api/v2/send/' })).replayed).toBe('true');
    expect(await countEffects()).toBe(3);
  });

  test('a failed request leaves the key free and stores nothing', async () => {
    await using fixture = createFixture();
    expect((await send(fixture, { ...GOOD_SEND, to: 'x' })).status).toBe(400);
    expect((await send(fixture, { ...GOOD_SEND, body: 'fail' })).status).toBe(500);
    expect(await countEffects()).toBe(0);
    expect((await send(fixture, GOOD_SEND)).status).toBe(201);
  });

  test('a bulk request and one of version 1 replay too', async () => {
    await using fixture = createFixture();
    const bulk = {
      list_number: '+18005551000',
      messages: [
        { to: '+13125550142', body: 'a' },
        { to: 'x', body: 'b' },
      ],
    };
    const first = await send(fixture, bulk, { url: '/api/v2/send/bulk' });
    expect(await send(fixture, bulk, { url: '/api/v2/send/bulk' })).toEqual({ ...first, replayed: 'true' });
    const old = { to: '3125550142', body: 'a', from_phone_number_id: 1 };
    const firstOld = await send(fixture, old, { url: '/api/v1/messages' });
    expect(await send(fixture, old, { url: '/api/v1/messages' })).toEqual({ ...firstOld, replayed: 'true' });
    expect(await countEffects()).toBe(2);
  });

  test('a cancel is kept and replayed', async () => {
    let calls = 0;
    await using fixture = createFixture();
    fixture.deps.verbs.cancelMessage = async () => ({ success: true, calls: ++calls });
    const url = '/api/v2/messages/k3Vd81Qz/cancel';
    const first = await send(fixture, '', { url });
    expect(first).toMatchObject({ status: 200, body: { calls: 1 } });
    expect(await send(fixture, '', { url })).toEqual({ ...first, replayed: 'true' });
    expect(await send(fixture, '{}', { url })).toMatchObject({ status: 422 });
    expect(calls).toBe(1);
  });

  test('after 72 hours the key is new, and a purge forgets it', async () => {
    await using fixture = createFixture();
    await send(fixture, GOOD_SEND);
    nowMs = NOW_MS + 72 * HOUR_MS - 1;
    expect((await send(fixture, GOOD_SEND)).replayed).toBe('true');
    expect(await purgeIdempotencyKeys(database.pool, nowMs)).toBe(0);
    nowMs = NOW_MS + 72 * HOUR_MS;
    expect((await send(fixture, { ...GOOD_SEND, body: 'other' })).replayed).toBeUndefined();
    expect(await purgeIdempotencyKeys(database.pool, nowMs)).toBe(0);
    expect(await purgeIdempotencyKeys(database.pool, nowMs + 72 * HOUR_MS)).toBe(1);
    expect(await countEffects()).toBe(2);
  });
});
