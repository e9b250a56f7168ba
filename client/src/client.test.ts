import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ClientOptions, createTracklyClient, type TracklyClient } from './client.ts';
import { TracklyError } from './trackly-error.ts';

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  /** The connection breaks instead. */
  readonly cut?: boolean;
}

let server: Server;
let received: Received[];
let answers: Answer[];

beforeEach(async () => {
  received = [];
  answers = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ method: request.method, url: request.url, headers: request.headers, body });
      const answer = answers.shift();
      if (answer === undefined) return;
      if (answer.cut === true) {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { 'X-Request-Id': 'req-1', ...answer.headers });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function connect(options: Partial<ClientOptions> = {}): TracklyClient {
  const { port } = server.address() as AddressInfo;
  return createTracklyClient({ baseUrl: `http://127.0.0.1:${port}/`, apiKey: 'trk_1', ...options });
}

const MESSAGE = { to: '+13125550142', list_number: '+18005551000', body: 'Hello!' };
const SENT = { status: 201, body: { success: true, message_id: 'k3Vd81Qz', status: 'queued' } };
const BUSY = { status: 503, body: { error: 'Service unavailable', code: 'service_unavailable' } };

test('a send goes out with the key of the account and an idempotency key of its own', async () => {
  answers.push(SENT, SENT);
  const client = connect();
  expect(await client.sendMessage(MESSAGE)).toEqual(SENT.body);
  await client.sendMessage(MESSAGE);
  const [first, second] = received;
  expect(first).toMatchObject({ method: 'POST', url: '/api/v2/send' });
  expect(first?.headers).toMatchObject({ 'x-api-key': 'trk_1', 'content-type': 'application/json' });
  expect(JSON.parse(first?.body ?? '')).toEqual(MESSAGE);
  expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  expect(second?.headers['idempotency-key']).not.toBe(first?.headers['idempotency-key']);
});

test('path parameters are escaped and queries leave out what is not set', async () => {
  answers.push({ status: 200, body: {} }, { status: 200, body: {} });
  const client = connect();
  await client.getMessage('a/b?c');
  await client.listMessages({ to: '+13125550142', limit: '5', cursor: undefined });
  expect(received.map(({ url }) => url)).toEqual([
    '/api/v2/messages/a%2Fb%3Fc',
    '/api/v2/messages?to=%2B13125550142&limit=5',
  ]);
  expect(received[0]?.headers).not.toHaveProperty('idempotency-key');
});

test('an outage and a broken connection are retried with the same idempotency key', async () => {
  answers.push(BUSY, { status: 0, body: '', cut: true }, SENT);
  expect(await connect().sendMessage(MESSAGE)).toEqual(SENT.body);
  expect(received).toHaveLength(3);
  expect(new Set(received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
});

test('a first try that still runs and a rate limit are waited for', async () => {
  answers.push(
    { status: 409, body: { error: 'x', code: 'idempotency_in_progress' }, headers: { 'Retry-After': '0' } },
    { status: 429, body: { error: 'x', code: 'otp_rate_limited' }, headers: { 'Retry-After': '0' } },
    SENT,
  );
  expect(await connect().sendMessage(MESSAGE, { idempotencyKey: 'order-4471' })).toEqual(SENT.body);
  expect(received.map(({ headers }) => headers['idempotency-key'])).toEqual(['order-4471', 'order-4471', 'order-4471']);
});

test('a send without an idempotency key is never repeated', async () => {
  answers.push(BUSY);
  await expect(connect().sendMessage(MESSAGE, { idempotencyKey: null })).rejects.toMatchObject({ status: 503 });
  expect(received).toHaveLength(1);
  expect(received[0]?.headers).not.toHaveProperty('idempotency-key');
});

test('a refusal is told with status, code, words and request id, and not repeated', async () => {
  answers.push({ status: 400, body: { error: 'to is wrong', code: 'invalid_phone', message: 'too short' } });
  const error = await connect()
    .sendMessage(MESSAGE)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TracklyError);
  expect(error).toMatchObject({
    status: 400,
    code: 'invalid_phone',
    message: 'to is wrong: too short',
    requestId: 'req-1',
  });
  expect(received).toHaveLength(1);
});

test('an answer of a proxy that is no JSON is an error with an unknown code', async () => {
  answers.push({ status: 502, body: '<html>' });
  await expect(connect({ retries: 0 }).whoAmI()).rejects.toMatchObject({
    status: 502,
    code: 'unknown',
    message: 'HTTP 502',
  });
});

test('tries end with the number that was asked for', async () => {
  answers.push(BUSY, BUSY, BUSY, BUSY);
  await expect(connect({ retries: 2 }).whoAmI()).rejects.toMatchObject({ code: 'service_unavailable' });
  expect(received).toHaveLength(3);
});

test('the caller can end a call that has no answer', async () => {
  const controller = new AbortController();
  const call = connect().whoAmI({ signal: controller.signal });
  await expect.poll(() => received.length).toBe(1);
  controller.abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  expect(received).toHaveLength(1);
});

test('a try that takes too long is given up', async () => {
  await expect(connect({ retries: 0, timeoutMs: 30 }).whoAmI()).rejects.toMatchObject({ name: 'TimeoutError' });
});
