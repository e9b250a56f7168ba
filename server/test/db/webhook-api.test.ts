import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHttpFixture, type HttpFixture } from '../helpers/http-fixture.ts';
import { startReceiver, type WebhookReceiver } from '../helpers/webhook-receiver.ts';
import { createWebhookRig, unsubscribed, type WebhookRig } from '../helpers/webhook-rig.ts';
import { createAddressRules, createEndpointFields, createWebhookVerbs } from '../../src/webhooks/index.ts';

let rig: WebhookRig;
let http: HttpFixture;
let receiver: WebhookReceiver;
beforeEach(async () => {
  rig = await createWebhookRig();
  receiver = await startReceiver();
  http = fixture(rig.verbs);
});
afterEach(async () => {
  await http[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function fixture(webhooks: WebhookRig['verbs']): HttpFixture {
  const { pool, directory, deps } = rig.installation;
  const verbs = { webhooks } as HttpFixture['deps']['verbs'];
  return createHttpFixture({ pool, directory, clock: deps.clock, verbs });
}

const PATH = '/api/v2/webhooks';
const UNKNOWN = 'f'.repeat(24);
const GOOD = { url: 'https://hooks.example.net/sms', events: ['delivery', 'unsubscribe'] };
const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

async function call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, headers: object = {}) {
  const answer = await http.app.inject({
    method,
    url: path,
    headers: { 'x-api-key': 'trk_00000000000000000000000000000001', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>(), headers: answer.headers };
}
const post = (path: string, body?: unknown, headers?: object) => call('POST', path, body, headers);
const add = async (body: object = {}): Promise<Record<string, unknown> & { id: string }> =>
  (await post(PATH, { ...GOOD, ...body })).body as Record<string, unknown> & { id: string };

describe('what is wrong with a request', () => {
  test.each([
    ['nothing', {}, 400, 'missing_url'],
    ['no url', { events: ['sent'] }, 400, 'missing_url'],
    ['an empty url', { ...GOOD, url: '' }, 400, 'missing_url'],
    ['a url that is null', { ...GOOD, url: null }, 400, 'missing_url'],
    ['no events', { url: GOOD.url }, 400, 'missing_events'],
    ['empty events', { ...GOOD, events: [] }, 400, 'missing_events'],
    ['both of the wrong type', { url: 1, events: 1 }, 400, 'invalid_url'],
    ['a url that is none', { ...GOOD, url: 'hooks.example.net' }, 400, 'invalid_url'],
    ['another scheme', { ...GOOD, url: 'ftp://hooks.example.net' }, 400, 'invalid_url'],
    ['no host', { ...GOOD, url: 'https://' }, 400, 'invalid_url'],
    ['a user', { ...GOOD, url: 'https://user@hooks.example.net' }, 400, 'invalid_url'],
    ['a password', { ...GOOD, url: 'https://:secret@hooks.example.net' }, 400, 'invalid_url'],
    ['a long url', { ...GOOD, url: `https://hooks.example.net/${'x'.repeat(2_048)}` }, 400, 'invalid_url'],
    ['a private address', { ...GOOD, url: 'https://10.0.0.1/' }, 400, 'invalid_url'],
    ['events as a text', { ...GOOD, events: 'delivery' }, 400, 'invalid_events'],
    ['an unknown event', { ...GOOD, events: ['delivery', 'opened'] }, 400, 'invalid_events'],
    ['an event that is no text', { ...GOOD, events: [1] }, 400, 'invalid_events'],
    ['all and one', { ...GOOD, events: ['*', 'sent'] }, 400, 'invalid_events'],
    ['a description of another type', { ...GOOD, description: 1 }, 400, 'invalid_description'],
    ['a long description', { ...GOOD, description: 'x'.repeat(256) }, 400, 'invalid_description'],
    ['a secret without its prefix', { ...GOOD, secret: SECRET.slice(6) }, 400, 'invalid_secret'],
    ['a short secret', { ...GOOD, secret: 'whsec_AAAA' }, 400, 'invalid_secret'],
    ['a secret of another type', { ...GOOD, secret: 7 }, 400, 'invalid_secret'],
    ['include_drops as a text', { ...GOOD, include_drops: 'no' }, 400, 'invalid_include_drops'],
  ])('%s, when a webhook is made', async (_name, body, status, code) => {
    expect(await post(PATH, body)).toMatchObject({ status, body: { code } });
    expect((await call('GET', PATH)).body).toMatchObject({ webhooks: [], pagination: { total: 0, total_pages: 0 } });
  });

  test.each([
    [{ url: 'https://10.0.0.1/' }, 'url must lead to a public address: this one is private or reserved'],
    [{ url: 'https://[::ffff:a00:1]/' }, 'url must lead to a public address: this one is private or reserved'],
    [{ url: 'https://user@hooks.example.net' }, 'url must name a host, and no user or password'],
    [{ url: 'hooks.example.net' }, 'url cannot be read'],
    [{ events: ['sent', 'opened'] }, expect.stringMatching(/^events\[1\] is none of .*sent/)],
    [{ events: ['*', 'sent'] }, '"*" must be alone'],
  ])('%j is refused with what is wrong with it', async (wrong, message) => {
    expect((await post(PATH, { ...GOOD, ...wrong })).body).toMatchObject({ message });
  });

  test.each([
    '0xa000001',
    '0xa.1',
    '167772161',
    '012.0.0.1',
    '10.1',
    '10.0.0.1.',
    '%31%30.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[::ffff:a00:1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::a00:1]',
    '[2002:a00:1::]',
    '[fc00::1]',
    '[fe80::1]',
    '[fe80::1%25eth0]',
    '[ff02::1]',
  ])('the host %s', async (host) => {
    const body = { ...GOOD, url: `https://${host}/` };
    expect(await post(PATH, body)).toMatchObject({ status: 400, body: { code: 'invalid_url' } });
    const { id } = await add();
    expect(await call('PUT', `${PATH}/${id}`, body)).toMatchObject({ status: 400, body: { code: 'invalid_url' } });
  });

  test.each([
    ['PUT', '', { url: 'http://' }, 400, 'invalid_url'],
    ['PUT', '', { url: '' }, 400, 'invalid_url'],
    ['PUT', '', { events: [] }, 400, 'invalid_events'],
    ['PUT', '', { events: ['*', '*'] }, 400, 'invalid_events'],
    ['PUT', '', { description: [] }, 400, 'invalid_description'],
    ['PUT', '', { include_drops: 1 }, 400, 'invalid_include_drops'],
    ['PUT', '', { status: 'disabled' }, 400, 'invalid_status'],
    ['PUT', '', { status: true }, 400, 'invalid_status'],
    ['POST', '/rotate-secret', { secret: 'whsec_short' }, 400, 'invalid_secret'],
    ['POST', '/test', { event: 'opened' }, 400, 'invalid_event'],
    ['POST', '/test', { event: 1 }, 400, 'invalid_event'],
    ['GET', '/deliveries?limit=0', undefined, 400, 'invalid_limit'],
    ['GET', '/deliveries?limit=x', undefined, 400, 'invalid_limit'],
    ['GET', '/deliveries?cursor=x', undefined, 400, 'invalid_cursor'],
    ['GET', '/deliveries?state=sent', undefined, 400, 'invalid_state'],
    ['GET', '/deliveries?event=opened', undefined, 400, 'invalid_event'],
    ['GET', '/deliveries?message_id=short', undefined, 400, 'invalid_message_id'],
    ['POST', `/deliveries/${UNKNOWN}/replay`, undefined, 404, 'not_found'],
    ['POST', '/deliveries/7/replay', undefined, 404, 'not_found'],
  ] as const)('%s …%s with %o', async (method, path, body, status, code) => {
    const { id } = await add();
    expect(await call(method, `${PATH}/${id}${path}`, body)).toMatchObject({ status, body: { code } });
  });

  test.each(['?page=0', '?page=', '?page=x'])('%s of the list', async (query) => {
    expect(await call('GET', PATH + query)).toMatchObject({ status: 400, body: { code: 'invalid_page' } });
  });

  test.each(['?per_page=0', '?per_page=-1'])('%s of the list', async (query) => {
    expect(await call('GET', PATH + query)).toMatchObject({ status: 400, body: { code: 'invalid_per_page' } });
  });

  test.each([
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['POST', '/rotate-secret'],
    ['POST', '/test'],
    ['GET', '/deliveries'],
    ['POST', `/deliveries/${UNKNOWN}/replay`],
  ] as const)('an id that is unknown, malformed or of another account: %s …%s', async (method, path) => {
    const foreign = '0'.repeat(23) + '1';
    await rig.installation.pool.query(`insert into account (id, name, created_ms) values ($1, 'Other', 0)`, [UNKNOWN]);
    await rig.installation.pool.query(
      `insert into webhook_endpoint (id, account_id, url, events, secret, created_ms) values ($1, $2, 'x', '{*}', '', 0)`,
      [foreign, UNKNOWN],
    );
    for (const id of [UNKNOWN, foreign, 'x', '%00']) {
      const answer = await call(method, `${PATH}/${id}${path}`, method === 'PUT' ? {} : undefined);
      expect([id, answer.status, answer.body['code']]).toEqual([id, 404, 'not_found']);
    }
  });

  test('the twenty-first webhook of an account, also when they are made at once', async () => {
    const answers = await Promise.all(Array.from({ length: 23 }, () => post(PATH, GOOD)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect({ status, code: body['code'] }).toEqual({ status: 409, code: 'too_many_webhooks' });
    }
  });

  test('plain http and addresses of the own network, unless the operator allows them', async () => {
    const { deps } = rig.installation;
    const strict = createEndpointFields({ allowHttp: false, addresses: createAddressRules() });
    const vault = { seal: async () => '', open: async () => undefined };
    const sender = { post: () => Promise.reject(new Error('Nothing is sent')), [Symbol.asyncDispose]: async () => {} };
    await http[Symbol.asyncDispose]();
    http = fixture(createWebhookVerbs({ ...deps, vault, sender, fields: strict }));
    for (const url of ['http://hooks.example.net', 'https://127.0.0.1', 'https://localhost', 'https://a.localhost.']) {
      expect([url, (await post(PATH, { ...GOOD, url })).body['code']]).toEqual([url, 'invalid_url']);
    }
    expect((await post(PATH, GOOD)).status).toBe(201);
  });
});

test('a webhook is made, read, changed and deleted; its secret is shown once and sealed', async () => {
  const made = await post(PATH, { ...GOOD, description: 'CRM', events: ['sent', 'sent'], include_drops: false });
  const shown = {
    url: GOOD.url,
    events: ['sent'],
    description: 'CRM',
    status: 'active',
    status_reason: null,
    include_drops: false,
    last_success_at: null,
    last_failure_at: null,
  };
  expect(made).toMatchObject({ status: 201, body: { ...shown, secret: expect.stringMatching(/^whsec_.{44}$/) } });
  const { id, secret } = made.body as { id: string; secret: string };
  const { rows } = await rig.installation.pool.query('select row_to_json(e)::text as row from webhook_endpoint e');
  expect(JSON.stringify(rows)).not.toContain(secret.slice(6));
  const path = `${PATH}/${id.toUpperCase()}`;
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { ...shown, id, secret: 'whsec_***' } });
  const changed = await call('PUT', path, { status: 'paused', events: ['*'], description: '', secret: 'ignored' });
  expect(changed.body).toMatchObject({ status: 'paused', events: ['*'], description: '', secret: 'whsec_***' });
  expect((await call('PUT', path, { url: null, unknown: 1 })).body).toEqual(changed.body);
  const list = await call('GET', PATH);
  expect(list.body).toEqual({
    webhooks: [changed.body],
    pagination: { page: 1, per_page: 50, total: 1, total_pages: 1 },
  });
  expect(await call('DELETE', path)).toMatchObject({ status: 200, body: { success: true, deleted: true } });
  expect((await call('DELETE', path)).status).toBe(404);
});

test('pages of webhooks, newest first', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    rig.installation.nowMs++;
    ids.unshift((await add()).id);
  }
  const page = await call('GET', `${PATH}?page=2&per_page=2`);
  expect((page.body['webhooks'] as { id: string }[]).map(({ id }) => id)).toEqual(ids.slice(2, 4));
  expect(page.body['pagination']).toEqual({ page: 2, per_page: 2, total: 5, total_pages: 3 });
  expect((await call('GET', `${PATH}?page=9`)).body['webhooks']).toEqual([]);
});

test('a secret of the own is taken, and a rotation gives another', async () => {
  const { id, secret } = await add({ secret: SECRET });
  expect(secret).toBe(SECRET);
  const rotated = await post(`${PATH}/${id}/rotate-secret`);
  expect(rotated).toMatchObject({ status: 200, body: { id, secret: expect.stringMatching(/^whsec_/) } });
  expect(rotated.body['secret']).not.toBe(SECRET);
  expect((await post(`${PATH}/${id}/rotate-secret`, { secret: SECRET })).body['secret']).toBe(SECRET);
});

test('with an Idempotency-Key a webhook is made once, and what is kept of the answer is sealed', async () => {
  const key = { 'idempotency-key': 'once' };
  const first = await post(PATH, GOOD, key);
  const second = await post(PATH, GOOD, key);
  expect(second.headers['idempotent-replayed']).toBe('true');
  expect(second.body).toEqual(first.body);
  expect((await call('GET', PATH)).body).toMatchObject({ pagination: { total: 1 } });
  const { rows } = await rig.installation.pool.query<{ body: string }>('select body from idempotency_key');
  expect(rows).toHaveLength(1);
  expect(rows[0]?.body).not.toContain('whsec_');
});

test('a test sends one signed sample, also to a paused webhook, and is kept as a delivery', async () => {
  const { id, secret } = await add({ url: `http://127.0.0.1:${receiver.port}/` });
  await call('PUT', `${PATH}/${id}`, { status: 'paused' });
  for (const event of ['delivery', 'unsubscribe', 'reply', 'sent', 'click', 'conversion', 'resubscribe']) {
    const answer = await post(`${PATH}/${id}/test`, { event });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, delivered: true, status_code: 204, error: null },
    });
    const received = receiver.received.at(-1);
    expect(JSON.parse(received?.body ?? '')).toMatchObject({ event, test: true });
    const signature = createHmac('sha256', String(secret))
      .update(received?.body ?? '')
      .digest('hex');
    expect(received?.headers['x-trackly-signature']).toBe(`sha256=${signature}`);
  }
  receiver.answer = 500;
  rig.installation.nowMs++;
  const failed = await post(`${PATH}/${id}/test`);
  expect(failed.body).toMatchObject({ delivered: false, status_code: 500 });
  const { body } = await call('GET', `${PATH}/${id}/deliveries?limit=1`);
  expect(body['deliveries']).toMatchObject([
    {
      id: failed.body['delivery_id'],
      event: 'delivery',
      message_id: 'k3Vd81Qz',
      state: 'failed',
      next_attempt_at: null,
    },
  ]);
  expect(receiver.received).toHaveLength(8);
});

test('deliveries are listed by cursor and filtered; each is on exactly one page', async () => {
  const { id } = await add({ events: ['*'] });
  const messageId = rig.installation.deps.messageIds.encode(7);
  await rig.emit(...Array.from({ length: 5 }, () => unsubscribed()), {
    ...unsubscribed(),
    event: 'delivery',
    number: 7,
    messageId,
    status: 'pending',
    statusDetail: 'in_doubt',
    provider: 'twilio',
  } as Parameters<WebhookRig['emit']>[0]);
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await call('GET', `${PATH}/${id}/deliveries?limit=4${query}`);
    seen.push(...(body['deliveries'] as { id: string }[]).map((delivery) => delivery.id));
    cursor = (body['pagination'] as { next_cursor: string | null }).next_cursor;
  }
  expect(seen).toHaveLength(6);
  expect(seen).toEqual([...new Set(seen)].sort().toReversed());
  const of = async (query: string) =>
    ((await call('GET', `${PATH}/${id}/deliveries?${query}`)).body['deliveries'] as unknown[]).length;
  expect(await of('event=delivery')).toBe(1);
  expect(await of(`message_id=${messageId}`)).toBe(1);
  expect(await of(`message_id=msg_${messageId}&event=sent`)).toBe(0);
  expect(await of('state=pending')).toBe(6);
  expect(await of('state=delivered')).toBe(0);
  const replay = await post(`${PATH}/${id}/deliveries/${seen[0]}/replay`);
  expect(replay).toMatchObject({
    status: 201,
    body: { success: true, delivery_id: expect.stringMatching(/^[0-9a-f]{24}$/) },
  });
  expect(await of('state=pending')).toBe(7);
});
