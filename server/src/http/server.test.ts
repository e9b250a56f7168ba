import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createHttpFixture, GOOD_SEND, testAccount, testKey } from '../../test/helpers/http-fixture.ts';
import { LogFullError, LogUnavailableError } from '../log/log.ts';
import { DatabaseUnavailableError } from '../store/transaction.ts';

const KEY = { 'x-api-key': 'key' };
const JSON_HEADERS = { ...KEY, 'content-type': 'application/json' };
const SUSPENDED = testAccount({ id: 'd'.repeat(24), status: 'suspended' });

describe('order of checks', () => {
  const everythingWrong = { 'content-type': 'text/plain', 'idempotency-key': '' };
  test.each([
    ['unknown path', 'POST', '/api/v2/nothing', {}, 'x', 404, 'not_found'],
    ['another case of the path', 'POST', '/api/v2/Send', {}, 'x', 404, 'not_found'],
    ['two slashes at the end', 'POST', '/api/v2/send//', {}, 'x', 404, 'not_found'],
    ['percent-encoding that is none', 'GET', '/api/v2/messages/%E0%A4%A', KEY, '', 404, 'not_found'],
    ['wrong method', 'DELETE', '/api/v2/send', {}, 'x', 405, 'method_not_allowed'],
    ['no key', 'POST', '/api/v2/send', everythingWrong, 'x', 401, 'missing_api_key'],
    ['empty key', 'POST', '/api/v2/send', { 'x-api-key': '' }, 'x', 401, 'missing_api_key'],
    ['unknown key', 'POST', '/api/v2/send', { ...everythingWrong, 'x-api-key': 'no' }, 'x', 401, 'invalid_api_key'],
    [
      'revoked key',
      'POST',
      '/api/v2/send',
      { ...everythingWrong, 'x-api-key': 'revoked' },
      'x',
      401,
      'invalid_api_key',
    ],
    [
      'suspended account',
      'POST',
      '/api/v2/send',
      { ...everythingWrong, 'x-api-key': 'suspended' },
      'x',
      403,
      'account_suspended',
    ],
    ['suspended account reads', 'GET', '/api/v2/whoami', { 'x-api-key': 'suspended' }, '', 403, 'account_suspended'],
    ['paused key', 'POST', '/api/v2/send', { ...everythingWrong, 'x-api-key': 'paused' }, 'x', 403, 'key_paused'],
    [
      'product off',
      'POST',
      '/api/v2/send',
      { ...everythingWrong, 'x-api-key': 'no-sms' },
      'x',
      403,
      'product_not_enabled',
    ],
    [
      'media type',
      'POST',
      '/api/v2/send',
      { ...KEY, ...everythingWrong, 'content-length': '9999999' },
      'x',
      415,
      'unsupported_media_type',
    ],
    [
      'media type that is none',
      'POST',
      '/api/v2/send',
      { ...KEY, 'content-type': ';;' },
      'x',
      415,
      'unsupported_media_type',
    ],
    [
      'another charset',
      'POST',
      '/api/v2/send',
      { ...KEY, 'content-type': 'application/json; charset=latin1' },
      '{}',
      415,
      'unsupported_media_type',
    ],
    ['no media type', 'POST', '/api/v2/send', KEY, Buffer.from('{}'), 415, 'unsupported_media_type'],
    [
      'content encoding',
      'POST',
      '/api/v2/send',
      { ...JSON_HEADERS, 'content-encoding': 'gzip' },
      '{}',
      415,
      'unsupported_media_type',
    ],
    [
      'size',
      'POST',
      '/api/v2/send',
      { ...JSON_HEADERS, 'idempotency-key': '' },
      ' '.repeat(5_242_881),
      413,
      'payload_too_large',
    ],
    ['empty body', 'POST', '/api/v2/send', KEY, '', 400, 'invalid_json'],
    ['JSON', 'POST', '/api/v2/send', { ...JSON_HEADERS, 'idempotency-key': '' }, '{', 400, 'invalid_json'],
    ['byte order mark', 'POST', '/api/v2/send', JSON_HEADERS, '\ufeff{}', 400, 'invalid_json'],
    ['no UTF-8', 'POST', '/api/v2/send', JSON_HEADERS, Buffer.from('{"to":"\xff"}', 'latin1'), 400, 'invalid_json'],
    [
      '65 levels',
      'POST',
      '/api/v2/send',
      JSON_HEADERS,
      `{"a":${'['.repeat(64)}${']'.repeat(64)}}`,
      400,
      'invalid_json',
    ],
    ['array', 'POST', '/api/v2/send', { ...JSON_HEADERS, 'idempotency-key': '' }, '[]', 400, 'invalid_body'],
    [
      'empty Idempotency-Key',
      'POST',
      '/api/v2/send',
      { ...JSON_HEADERS, 'idempotency-key': '' },
      '{}',
      400,
      'invalid_idempotency_key',
    ],
    [
      'long Idempotency-Key',
      'POST',
      '/api/v2/send',
      { ...JSON_HEADERS, 'idempotency-key': 'a'.repeat(256) },
      '{}',
      400,
      'invalid_idempotency_key',
    ],
    [
      'Idempotency-Key without a database',
      'POST',
      '/api/v2/send',
      { ...JSON_HEADERS, 'idempotency-key': 'a' },
      '{}',
      503,
      'service_unavailable',
    ],
    ['fields', 'POST', '/api/v2/send', JSON_HEADERS, '{}', 400, 'missing_to'],
    ['body of a cancel', 'POST', '/api/v2/messages/k3Vd81Qz/cancel', JSON_HEADERS, '{', 400, 'invalid_json'],
    [
      'media type of a cancel',
      'POST',
      '/api/v2/messages/k3Vd81Qz/cancel',
      { ...KEY, 'content-type': 'text/plain' },
      '{}',
      415,
      'unsupported_media_type',
    ],
  ] as const)('%s', async (_name, method, url, headers, payload, status, code) => {
    await using fixture = createHttpFixture();
    const { directory } = fixture;
    directory.accounts.push(
      SUSPENDED,
      testAccount({ id: 'e'.repeat(24), settings: { ...testAccount().settings, smsEnabled: false } }),
    );
    directory.keys.set('revoked', testKey({ status: 'revoked' }));
    directory.keys.set('paused', testKey({ status: 'paused' }));
    directory.keys.set('suspended', testKey({ accountId: SUSPENDED.id, status: 'paused' }));
    directory.keys.set('no-sms', testKey({ accountId: 'e'.repeat(24) }));
    const response = await fixture.app.inject({ method, url, headers, ...(payload === '' ? {} : { payload }) });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([status, code]);
    expect(fixture.accept.calls).toEqual([]);
  });

  test('64 levels are allowed', async () => {
    await using fixture = createHttpFixture();
    const payload = `{"a":${'['.repeat(63)}${']'.repeat(63)}}`;
    const response = await fixture.app.inject({ method: 'POST', url: '/api/v2/send', headers: JSON_HEADERS, payload });
    expect(response.json()).toMatchObject({ code: 'missing_to' });
  });

  test('a body of exactly 5 MB is read', async () => {
    await using fixture = createHttpFixture();
    const payload = JSON.stringify(GOOD_SEND).padEnd(5_242_880);
    const response = await fixture.app.inject({ method: 'POST', url: '/api/v2/send', headers: JSON_HEADERS, payload });
    expect(response.statusCode).toBe(201);
  });

  test('a paused key still reads', async () => {
    await using fixture = createHttpFixture();
    fixture.directory.keys.set('key', testKey({ status: 'paused' }));
    expect((await fixture.app.inject({ url: '/api/v2/whoami', headers: KEY })).json()).toMatchObject({
      api_key: { status: 'paused' },
    });
    expect((await fixture.app.inject({ method: 'HEAD', url: '/api/v2/whoami', headers: KEY })).statusCode).toBe(200);
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json ; charset=UTF-8',
  ])('media type %s is JSON', async (type) => {
    await using fixture = createHttpFixture();
    const response = await fixture.app.inject({
      method: 'POST',
      url: '/api/v2/send/',
      headers: { ...KEY, 'content-type': type },
      payload: JSON.stringify(GOOD_SEND),
    });
    expect(response.statusCode).toBe(201);
  });
});

describe('every answer', () => {
  test.each([
    ['GET', '/api/v2/whoami', 200],
    ['GET', '/api/v2/nothing', 404],
    ['GET', '/api/v2/messages/%zz', 404],
    ['PUT', '/api/v2/whoami', 405],
    ['GET', '/nothing', 404],
    ['POST', '/api/v2/send', 400],
    ['HEAD', '/api/v2/whoami', 200],
    ['OPTIONS', '/api/v2/whoami', 204],
  ] as const)('%s %s carries the common headers', async (method, url, status) => {
    await using fixture = createHttpFixture();
    const response = await fixture.app.inject({ method, url, headers: { ...KEY, 'x-request-id': 'my-id_1.2' } });
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({
      'x-request-id': 'my-id_1.2',
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(response.headers).not.toHaveProperty('deprecation');
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test.each(['', 'a b', 'a'.repeat(65), 'é'])('the request id %j is replaced', async (id) => {
    await using fixture = createHttpFixture();
    const response = await fixture.app.inject({ url: '/api/v2/whoami', headers: { ...KEY, 'x-request-id': id } });
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('OPTIONS needs no key and tells the methods', async () => {
    await using fixture = createHttpFixture();
    const settings = await fixture.app.inject({ method: 'OPTIONS', url: '/api/v2/settings/' });
    expect([settings.statusCode, settings.headers['allow'], settings.body]).toEqual([
      204,
      'GET, HEAD, OPTIONS, PUT',
      '',
    ]);
    const message = await fixture.app.inject({ method: 'OPTIONS', url: '/api/v2/messages/abc' });
    expect(message.headers['allow']).toBe('GET, HEAD, OPTIONS');
    expect((await fixture.app.inject({ method: 'OPTIONS', url: '/api/v2/nothing' })).statusCode).toBe(404);
  });

  test('a wrong method tells the right ones', async () => {
    await using fixture = createHttpFixture();
    const response = await fixture.app.inject({ method: 'GET', url: '/api/v2/send' });
    expect([response.statusCode, response.headers['allow']]).toEqual([405, 'OPTIONS, POST']);
  });

  test('a 405 comes before what the body is', async () => {
    await using fixture = createHttpFixture();
    const response = await fixture.app.inject({
      method: 'PUT',
      url: '/api/v2/send',
      headers: { 'content-type': ';;' },
      payload: 'x',
    });
    expect(response.json()).toMatchObject({ code: 'method_not_allowed' });
  });
});

test('of a query parameter the last value counts, unknown ones are ignored, ids are decoded once', async () => {
  await using fixture = createHttpFixture();
  const seen: unknown[] = [];
  fixture.deps.verbs.listMessages = async (_caller, query) => seen.push({ ...query }) && {};
  fixture.deps.verbs.getMessage = async (_caller, input) => seen.push(input) && {};
  await fixture.app.inject({ url: '/api/v2/messages?limit=1&to=%2B1&limit=2&nonsense=%zz', headers: KEY });
  await fixture.app.inject({ url: '/api/v2/messages/a%252Fb?limit=1', headers: KEY });
  expect(seen).toEqual([{ limit: '2', to: '+1', nonsense: '%zz' }, { id: 'a%2Fb' }]);
});

describe('origins', () => {
  const config = { publicUrl: 'https://sms.example', corsOrigins: ['https://dash.example'] };

  test('an allowed origin may read the answer', async () => {
    await using fixture = createHttpFixture({ config });
    const response = await fixture.app.inject({
      url: '/api/v2/whoami',
      headers: { ...KEY, origin: 'https://dash.example' },
    });
    expect(response.headers).toMatchObject({ 'access-control-allow-origin': 'https://dash.example', vary: 'Origin' });
  });

  test('an allowed origin may ask before it calls', async () => {
    await using fixture = createHttpFixture({ config });
    const response = await fixture.app.inject({
      method: 'OPTIONS',
      url: '/api/v2/send',
      headers: { origin: 'https://dash.example' },
    });
    expect(response.statusCode).toBe(204);
    expect(response.headers['access-control-allow-headers']).toContain('X-Api-Key');
  });

  test('another origin gets nothing', async () => {
    await using fixture = createHttpFixture({ config });
    const response = await fixture.app.inject({
      url: '/api/v2/whoami',
      headers: { ...KEY, origin: 'https://evil.example' },
    });
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('outages', () => {
  test.each([new LogFullError('full'), new LogUnavailableError('gone'), new DatabaseUnavailableError('gone')])(
    '%s is a 503 that tells when to come again',
    async (error) => {
      await using fixture = createHttpFixture();
      fixture.accept.error = error;
      const response = await fixture.app.inject({
        method: 'POST',
        url: '/api/v2/send',
        headers: JSON_HEADERS,
        payload: GOOD_SEND,
      });
      expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
      expect(response.json()).toEqual({ error: 'Service unavailable', code: 'service_unavailable' });
    },
  );

  test('a bug is a 500 without its cause', async () => {
    await using fixture = createHttpFixture();
    fixture.accept.error = new Error('secret detail');
    const response = await fixture.app.inject({
      method: 'POST',
      url: '/api/v2/send',
      headers: JSON_HEADERS,
      payload: GOOD_SEND,
    });
    expect([response.statusCode, response.json()]).toEqual([
      500,
      { error: 'Internal server error', code: 'internal_error' },
    ]);
    expect(fixture.reported).toEqual([fixture.accept.error]);
  });

  test('a directory that may be out of date answers nobody', async () => {
    await using fixture = createHttpFixture();
    fixture.directory.current = false;
    const response = await fixture.app.inject({ url: '/api/v2/whoami', headers: KEY });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
    expect((await fixture.app.inject({ url: '/api/v2/nothing' })).statusCode).toBe(404);
  });
});

describe('version 1', () => {
  test.each([
    ['POST', '/api/v1/messages', 401, '/api/v2/send'],
    ['POST', '/api/v1/messages/bulk', 401, '/api/v2/send/bulk'],
    ['GET', '/api/v1/messages', 405, '/api/v2/send'],
    ['GET', '/api/v1/contacts/%2B13125550142', 401, '/api/v2/contacts'],
    ['GET', '/api/v1/contacts/%zz', 404, '/api/v2/contacts'],
    ['POST', '/api/v1/opt-outs', 401, '/api/v2/contacts'],
    ['POST', '/api/v1/phone/validate/batch', 401, '/api/v2/phone/validate/batch'],
    ['POST', '/api/%76%31/messages', 401, '/api/v2/send'],
    ['GET', '/api/v1', 404, '/api/v2'],
    ['GET', '/api/v1/', 404, '/api/v2'],
    ['GET', '/api/v1/anything?a=1', 404, '/api/v2'],
  ] as const)('%s %s tells its successor', async (method, url, status, successor) => {
    await using fixture = createHttpFixture();
    const response = await fixture.app.inject({ method, url });
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject({
      'x-api-deprecated': 'v1 is deprecated',
      deprecation: 'true',
      link: `<https://sms.example${successor}>; rel="successor-version"`,
    });
    // Errors of the phone family have a form of their own.
    const form = url.includes('/phone/') ? { message: 'API key required' } : { deprecated: true };
    expect(response.json()).toMatchObject(form);
  });
});

describe('over a socket', () => {
  async function talk(bytes: string | Buffer): Promise<string> {
    await using fixture = createHttpFixture();
    await fixture.app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((fixture.app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write(bytes);
    await once(socket, 'close');
    return answer;
  }

  test('what is no HTTP is answered with 400', async () => {
    expect(await talk('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"invalid_request"\}$/);
  });

  test('two keys are no key', async () => {
    const answer = await talk(
      'GET /api/v2/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Api-Key: key\r\nX-Api-Key: key\r\n\r\n',
    );
    expect(answer).toContain('invalid_api_key');
  });

  test('a request that is asked of the whole server is answered', async () => {
    expect(await talk('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('an announced body that is too large is answered and cut off', async () => {
    const head =
      'POST /api/v2/send HTTP/1.1\r\nHost: x\r\nX-Api-Key: key\r\nContent-Type: application/json\r\nContent-Length: 6000000\r\n\r\n';
    const answer = await talk(Buffer.concat([Buffer.from(head), Buffer.alloc(6_000_000, 0x20)]));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a body that breaks off is nobody’s error', async () => {
    await using fixture = createHttpFixture();
    await fixture.app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((fixture.app.server.address() as AddressInfo).port, '127.0.0.1');
    const seen = once(fixture.app.server, 'request');
    socket.write(
      'POST /api/v2/send HTTP/1.1\r\nHost: x\r\nX-Api-Key: key\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    const [request] = (await seen) as [IncomingMessage];
    const closed = new Promise((resolve) => request.once('close', resolve));
    socket.resetAndDestroy();
    await closed;
    expect((await fixture.app.inject('/healthz')).statusCode).toBe(200);
    expect(fixture.reported).toEqual([]);
  });

  test('a stream that grows too large is answered and cut off', async () => {
    const head =
      'POST /api/v2/send HTTP/1.1\r\nHost: x\r\nX-Api-Key: key\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await talk(Buffer.concat([Buffer.from(`${head}500001\r\n`), Buffer.alloc(0x500001, 0x20)]));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });
});

describe('without a key', () => {
  test('health, readiness and metrics', async () => {
    await using fixture = createHttpFixture({
      isReady: () => ({ ready: false, reasons: ['the database cannot be reached'] }),
    });
    expect((await fixture.app.inject('/healthz')).statusCode).toBe(200);
    const ready = await fixture.app.inject('/readyz');
    expect([ready.statusCode, ready.json()]).toEqual([
      503,
      { ready: false, reasons: ['the database cannot be reached'] },
    ]);
    expect((await fixture.app.inject('/metrics')).headers['content-type']).toContain('text/plain');
  });

  test('the reference page is served from here', async () => {
    await using fixture = createHttpFixture();
    const page = await fixture.app.inject('/docs/');
    expect([page.statusCode, page.body.includes('<title>Trackly</title>')]).toEqual([200, true]);
    expect(page.body).not.toMatch(/https?:\/\/[^"']*(cdn|unpkg)/);
  });
});
