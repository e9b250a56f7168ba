import { describe, expect, test } from 'vitest';
import { openHttpClient, type HttpAnswer, type HttpRequest } from '../../test/helpers/http-client.ts';
import { createHttpFixture, createMemoryAccept, GOOD_SEND, testKey } from '../../test/helpers/http-fixture.ts';
import { openRawClient, toHead } from '../../test/helpers/raw-client.ts';
import { until } from '../../test/helpers/until.ts';
import { LogFullError, LogUnavailableError } from '../log/log.ts';

const BODY = Buffer.from(JSON.stringify(GOOD_SEND));
const BULK_BODY = Buffer.from(JSON.stringify({ messages: [GOOD_SEND, GOOD_SEND] }));
const HEADERS = { 'X-Api-Key': 'key', 'Content-Type': 'application/json', 'Content-Length': String(BODY.length) };
const ORIGIN = 'https://app.example';

interface World {
  readonly fixture: ReturnType<typeof createHttpFixture>;
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>;
  /** Requests whose bytes were accepted as they came. */
  readonly fastCount: () => number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `answers: false`: what is accepted never gets durable. */
async function createWorld({ cors = false, answers = true } = {}): Promise<World> {
  let fastCount = 0;
  const accept = createMemoryAccept();
  const fixture = createHttpFixture({
    accept: {
      ...accept,
      acceptRows(...call) {
        fastCount++;
        return answers ? accept.acceptRows(...call) : new Promise(() => {});
      },
    },
    config: { publicUrl: 'https://sms.example', corsOrigins: cors ? [ORIGIN] : [] },
  });
  const { keys } = fixture.directory;
  keys.set('paused', testKey({ status: 'paused' }));
  keys.set('revoked', testKey({ status: 'revoked' }));
  keys.set('sandbox', testKey({ sandbox: true }));
  const client = await openHttpClient(fixture.app);
  return {
    fixture: { ...fixture, accept },
    send: (request) => client.send(request),
    fastCount: () => fastCount,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

/** Without what differs from request to request. */
function masked({ status, headers, text }: HttpAnswer): unknown {
  const mask = (name: string, value: string): string => {
    if (name.toLowerCase() === 'date') return 'now';
    return name.toLowerCase() === 'x-request-id' ? value.replace(/^[0-9a-f-]{36}$/, 'new') : value;
  };
  const fields = headers.map(([name, value]) => [name, mask(name, value)]);
  return { status, fields, text };
}

const GIVEN_ID = { 'X-Request-Id': 'a-1.b_C' };

/** The router alone serves an address with a question mark. */
describe('an answer of the road is that of the router, header by header', () => {
  test.each<[string, string, Record<string, string>, Buffer, number]>([
    ['a plain send', '/api/v2/send', {}, BODY, 1],
    ['a plain raw send', '/api/v2/send-raw', {}, BODY, 1],
    ['a plain bulk', '/api/v2/send/bulk', {}, BULK_BODY, 1],
    ['a plain raw bulk', '/api/v2/send-raw/bulk', {}, BULK_BODY, 1],
    ['a sandbox key', '/api/v2/send', { 'X-Api-Key': 'sandbox' }, BODY, 1],
    ['a bulk of a sandbox key', '/api/v2/send/bulk', { 'X-Api-Key': 'sandbox' }, BULK_BODY, 1],
    ['a request id', '/api/v2/send', GIVEN_ID, BODY, 1],
    ['a request id in another form', '/api/v2/send', { 'X-Request-Id': 'a b' }, BODY, 1],
    ['a charset', '/api/v2/send', { 'Content-Type': 'application/json; charset=utf-8' }, BODY, 1],
    ['an encoding that is none', '/api/v2/send', { 'Content-Encoding': 'identity' }, BODY, 1],
    ['a body in chunks', '/api/v2/send', { 'Transfer-Encoding': 'chunked' }, BODY, 1],
    ['an origin', '/api/v2/send', { Origin: ORIGIN }, BODY, 1],
    ['another origin', '/api/v2/send', { Origin: 'https://other.example' }, BODY, 1],
    ['a connection that ends', '/api/v2/send', { Connection: 'close' }, BODY, 1],
    ['version 1', '/api/v1/messages', {}, Buffer.from('{"to":"+13125550142","body":"a"}'), 0],
    ['a slash at the end', '/api/v2/send/', {}, BODY, 0],
    ['an encoded path', '/api/v2/%73end', {}, BODY, 0],
    ['another path', '/api/v2/sent', {}, BODY, 0],
    ['no key', '/api/v2/send', { 'X-Api-Key': '' }, BODY, 0],
    ['an unknown key', '/api/v2/send', { 'X-Api-Key': 'no' }, BODY, 0],
    ['a paused key', '/api/v2/send', { 'X-Api-Key': 'paused' }, BODY, 0],
    ['a revoked key', '/api/v2/send', { 'X-Api-Key': 'revoked' }, BODY, 0],
    ['another media type', '/api/v2/send', { 'Content-Type': 'text/plain' }, BODY, 0],
    ['a packed body', '/api/v2/send', { 'Content-Encoding': 'gzip' }, BODY, 0],
    ['an empty Idempotency-Key', '/api/v2/send', { 'Idempotency-Key': '' }, BODY, 0],
    ['a wrong field', '/api/v2/send', GIVEN_ID, Buffer.from('{"to":"1"}'), 0],
    ['metadata', '/api/v2/send', GIVEN_ID, Buffer.from(JSON.stringify({ ...GOOD_SEND, metadata: { a: 1 } })), 0],
    ['no JSON', '/api/v2/send/bulk', {}, Buffer.from('{'), 0],
    ['no body', '/api/v2/send', {}, Buffer.alloc(0), 0],
    ['a body that is too large', '/api/v2/send', {}, Buffer.alloc(5_242_881, ' '), 0],
  ])('%s', async (_name, path, headers, body, fast) => {
    await using road = await createWorld({ cors: true });
    await using router = await createWorld({ cors: true });
    const length: Record<string, string> =
      'Transfer-Encoding' in headers ? {} : { 'Content-Length': String(body.length) };
    const request = {
      headers: { 'X-Api-Key': 'key', 'Content-Type': 'application/json', ...length, ...headers },
      body,
    };
    const answer = await road.send({ ...request, path });
    expect(masked(answer)).toEqual(masked(await router.send({ ...request, path: `${path}?` })));
    expect(road.fastCount()).toBe(fast);
    expect(router.fastCount()).toBe(0);
    expect(road.fixture.accept.calls.length).toBe(router.fixture.accept.calls.length);
    expect(road.fixture.reported.length).toBe(router.fixture.reported.length);
  });

  test.each([
    ['a full log', new LogFullError('full')],
    ['a log that is away', new LogUnavailableError('away')],
    ['a bug', new Error('bug')],
  ])('%s: tried once, reported once', async (_name, error) => {
    await using road = await createWorld({ cors: true });
    await using router = await createWorld({ cors: true });
    road.fixture.accept.error = error;
    router.fixture.accept.error = error;
    const answer = await road.send({ path: '/api/v2/send', headers: HEADERS, body: BODY });
    expect(masked(answer)).toEqual(masked(await router.send({ path: '/api/v2/send?', headers: HEADERS, body: BODY })));
    expect(road.fastCount()).toBe(1);
    expect(road.fixture.reported).toEqual([error]);
  });

  test('memory that may be out of date', async () => {
    await using road = await createWorld({ cors: true });
    await using router = await createWorld({ cors: true });
    road.fixture.directory.current = false;
    router.fixture.directory.current = false;
    const answer = await road.send({ path: '/api/v2/send', headers: HEADERS, body: BODY });
    expect(answer.status).toBe(503);
    expect(masked(answer)).toEqual(masked(await router.send({ path: '/api/v2/send?', headers: HEADERS, body: BODY })));
  });
});

describe('requests that do not wait for their answers', () => {
  const request = toHead('/api/v2/send', 'key', BODY.length) + BODY.toString();
  const countAnswers = (text: string): number => text.split('HTTP/1.1 201').length - 1;

  test('four are answered in their order', async () => {
    await using world = await createWorld();
    const client = await openRawClient(urlOf(world));
    const ids = ['a', 'b', 'c', 'd'];
    client.socket.write(ids.map((id) => request.replace('Host: test', `Host: test\r\nX-Request-Id: ${id}`)).join(''));
    await until('all are answered', () => countAnswers(client.answer()) === 4);
    expect([...client.answer().matchAll(/x-request-id: (\w)/g)].map(([, id]) => id)).toEqual(ids);
    client.socket.destroy();
  });

  test('with the fifth the connection is cut off', async () => {
    await using world = await createWorld({ answers: false });
    const client = await openRawClient(urlOf(world));
    client.socket.write(request.repeat(5));
    await until('it is closed', () => client.isClosed());
    expect(countAnswers(client.answer())).toBe(0);
  });

  test('a body that is cut off is not kept, and the next connection is served', async () => {
    await using world = await createWorld();
    const client = await openRawClient(urlOf(world));
    client.socket.write(request.slice(0, -1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.socket.destroy();
    const answer = await world.send({ path: '/api/v2/send', headers: HEADERS, body: BODY });
    expect(answer.status).toBe(201);
    expect(world.fixture.accept.calls.length).toBe(1);
  });
});

function urlOf({ fixture }: World): string {
  const address = fixture.app.server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}
