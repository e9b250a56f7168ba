import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import type { CarrierConnection, CarrierEvents } from '../../../carriers/carrier.ts';
import { makeMessage, submitAll } from '../../../carriers/contract-suite.ts';
import { createSimulatorCarrier } from '../../../carriers/simulator/simulator-carrier.ts';
import { openSimulatorStore } from '../../../carriers/simulator/simulator-store.ts';
import { toErrorAnswer } from '../../answer-error.ts';
import { registerSimulatorRoutes } from './register-simulator-routes.ts';

const FROM = '+18005551000';
const PHONE = '+13125550142';
const ACCOUNT = '68f0c2a7d1e94b0012ab34cd';

/** The parts of answers that tests walk into; the rest is compared as a whole. */
interface AnswerBody {
  readonly handsets: readonly { phone: string }[];
  readonly submits: readonly object[];
  readonly totals: object;
  readonly pagination: { next_cursor: string | null };
}

interface Subject extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly connection: CarrierConnection;
  readonly events: CarrierEvents[];
  call(
    method: NonNullable<InjectOptions['method']>,
    url: string,
    body?: unknown,
  ): Promise<{ status: number; body: AnswerBody }>;
}

function openSubject(changes: { enabled?: boolean; allowed?: boolean } = {}): Subject {
  const folder = mkdtempSync(join(tmpdir(), 'trackly-simulator-'));
  const store = openSimulatorStore(folder);
  const events: CarrierEvents[] = [];
  const simulator = createSimulatorCarrier({
    store,
    clock: Date.now,
    timeScale: 0.01,
    onEvents: (told) => Promise.resolve(void events.push(told)),
  });
  const connection = simulator.connect({ id: 1, accountId: ACCOUNT, number: FROM, credentials: {} });
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = toErrorAnswer(error);
    void reply.code(status).send(body);
  });
  registerSimulatorRoutes(app, {
    simulator,
    clock: Date.now,
    isAllowedAddress: () => changes.allowed ?? true,
    enabled: () => changes.enabled ?? true,
    simulatorLists: () => [{ id: 1, accountId: ACCOUNT, number: FROM }],
    hasAccount: (id) => id === ACCOUNT || id === 'b'.repeat(24),
  });
  return {
    app,
    connection,
    events,
    async call(method, url, body) {
      const payload = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
      const headers = { 'content-type': 'application/json' };
      const answer = await app.inject({ method, url, headers, ...payload });
      return { status: answer.statusCode, body: answer.json<AnswerBody>() };
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await connection[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

describe('handsets', () => {
  it('shows handsets newest first and walks them by cursor', async () => {
    await using subject = openSubject();
    const messages = [1, 2, 3].map((n) => makeMessage(FROM, `+1312555020${n}`));
    await submitAll(subject.connection, messages);
    const first = await subject.call('GET', '/simulator/handsets?limit=2');
    expect(first.body.handsets.map(({ phone }) => phone)).toEqual(['+13125550203', '+13125550202']);
    const cursor = first.body.pagination.next_cursor;
    const second = await subject.call('GET', `/simulator/handsets?limit=2&cursor=${cursor}`);
    expect(second.body).toMatchObject({
      handsets: [{ phone: '+13125550201', messages: 1 }],
      pagination: { limit: 2, next_cursor: null },
    });
  });

  it.each([PHONE, encodeURIComponent(PHONE)])('shows the messages of %s oldest first', async (path) => {
    await using subject = openSubject();
    const message = makeMessage(FROM, PHONE);
    await submitAll(subject.connection, [message]);
    await subject.call('POST', `/simulator/handsets/${path}/messages`, { to: FROM, body: 'Thanks' });
    const { body } = await subject.call('GET', `/simulator/handsets/${path}`);
    expect(body).toEqual({
      phone: PHONE,
      messages: [
        {
          id: 'sim-000001',
          message_id: message.id,
          direction: 'in',
          from: FROM,
          to: PHONE,
          body: 'Hello!',
          parts: 1,
          encoding: 'GSM-7',
          media_url: null,
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        },
        expect.objectContaining({ id: 'sim-000002', message_id: null, direction: 'out', to: FROM, body: 'Thanks' }),
      ],
    });
  });

  it('has a handset for every number', async () => {
    await using subject = openSubject();
    expect(await subject.call('GET', `/simulator/handsets/${PHONE}`)).toEqual({
      status: 200,
      body: { phone: PHONE, messages: [] },
    });
  });

  it('tells a text written on a handset as an inbound text', async () => {
    await using subject = openSubject();
    const answer = await subject.call('POST', `/simulator/handsets/${PHONE}/messages`, { to: FROM, body: 'STOP' });
    expect(answer).toEqual({ status: 201, body: { success: true, id: 'sim-000001' } });
    await vi.waitFor(() => expect(subject.events).toMatchObject([{ listId: 1, inbound: [{ text: 'STOP' }] }]));
  });

  it.each([
    ['missing_to', { body: 'Hi' }],
    ['missing_to', { to: '', body: 'Hi' }],
    ['missing_body', { to: FROM }],
    ['missing_body', { to: FROM, body: '  ' }],
    ['invalid_phone', { to: 5, body: 'Hi' }],
    ['invalid_phone', { to: '555', body: 'Hi' }],
    ['invalid_body', { to: FROM, body: 5 }],
    ['invalid_body', { to: FROM, body: 'a\0b' }],
    ['invalid_body', []],
    ['invalid_json', '{'],
    ['body_too_long', { to: FROM, body: 'a'.repeat(1_601) }],
    ['list_not_found', { to: '+18005559999', body: 'Hi' }],
  ])('answers %s', async (code, body) => {
    await using subject = openSubject();
    const answer = await subject.call('POST', `/simulator/handsets/${PHONE}/messages`, body);
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });

  it.each([
    ['invalid_limit', '/simulator/handsets?limit=0'],
    ['invalid_cursor', '/simulator/handsets?cursor=abc'],
    ['invalid_phone', '/simulator/handsets/12'],
    ['invalid_limit', '/simulator/ledger?limit=many'],
  ])('answers %s to %s', async (code, url) => {
    await using subject = openSubject();
    expect(await subject.call('GET', url)).toMatchObject({ status: 400, body: { code } });
  });
});

it('counts submits in the ledger and forgets them on DELETE', async () => {
  await using subject = openSubject();
  const message = makeMessage(FROM, PHONE);
  await submitAll(subject.connection, [message]);
  await submitAll(subject.connection, [message, makeMessage(FROM, PHONE)]);
  const { body } = await subject.call('GET', '/simulator/ledger?limit=1');
  expect(body.submits).toMatchObject([{ message_id: message.id, count: 2, taken: true }]);
  expect(body.totals).toEqual({ submits: 3, messages: 2, doubles: 1 });
  const next = await subject.call('GET', `/simulator/ledger?limit=1&cursor=${body.pagination.next_cursor}`);
  expect(next.body).toMatchObject({ submits: [{ count: 1 }], pagination: { next_cursor: null } });
  expect(await subject.call('DELETE', '/simulator')).toEqual({ status: 200, body: { success: true } });
  expect((await subject.call('GET', '/simulator/ledger')).body).toMatchObject({ submits: [], totals: { submits: 0 } });
});

it.each([{ enabled: false }, { allowed: false }])('answers not_found everywhere when %o', async (changes) => {
  await using subject = openSubject(changes);
  for (const url of ['/simulator', '/simulator/handsets', '/simulator/ledger', '/simulator/events'])
    expect(await subject.call('GET', url)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  const injected = await subject.call('POST', `/api/webhook-feedbacks/simulator?account=${ACCOUNT}`, {});
  expect(injected).toMatchObject({ status: 404, body: { code: 'not_found' } });
});

it('serves the page with a strict policy', async () => {
  await using subject = openSubject();
  for (const path of ['/simulator', '/simulator/page.css', '/simulator/page.js']) {
    const { statusCode, headers } = await subject.app.inject(path);
    expect([statusCode, headers['content-security-policy']]).toEqual([
      200,
      expect.stringContaining("default-src 'none'"),
    ]);
  }
});

it('streams messages and receipts, and ends when the server closes', async () => {
  await using subject = openSubject();
  await subject.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = subject.app.server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/simulator/events`);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const message = makeMessage(FROM, PHONE);
  await submitAll(subject.connection, [message]);
  let text = '';
  let closed: Promise<void> | undefined;
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('event: receipt')) closed ??= subject.app.close();
  }
  await closed;
  const names = [...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name);
  expect(names).toEqual(['message', 'receipt']);
  expect(text).toContain(`"message_id":"${message.id}","part":null,"state":"delivered"`);
});

describe('injection', () => {
  const path = `/api/webhook-feedbacks/simulator?account=${ACCOUNT}`;
  const inbound = { type: 'inbound', id: 'in-1', from: PHONE, to: FROM, text: 'STOP', at: '2026-11-02T17:06:00.000Z' };

  it('tells an inbound text before it answers', async () => {
    await using subject = openSubject();
    expect(await subject.call('POST', path, inbound)).toEqual({ status: 200, body: { success: true } });
    const atMs = Date.parse(inbound.at);
    expect(subject.events).toEqual([
      { listId: 1, reports: [], inbound: [{ id: 'in-1', from: PHONE, to: FROM, text: 'STOP', atMs }] },
    ]);
  });

  it('tells a status by message id and by carrier id', async () => {
    await using subject = openSubject();
    const message = makeMessage(FROM, '+13125550159', { segments: 2 });
    await submitAll(subject.connection, [message]);
    const status = { type: 'status', state: 'delivered', detail: 'DELIVERED_TO_HANDSET' };
    await subject.call('POST', path, { ...status, id: message.id, part: 1 });
    await subject.call('POST', path, { ...status, id: '1000000002' });
    await subject.call('POST', path, { ...status, id: 'ZZZZZZZZ' });
    expect(subject.events.flatMap(({ reports }) => reports)).toMatchObject([
      { messageId: message.id, carrierId: null, part: 1 },
      { messageId: message.id, carrierId: '1000000002', part: 2 },
      { messageId: 'ZZZZZZZZ', carrierId: null, part: null },
    ]);
  });

  it.each([
    ['no JSON', '{'],
    ['an unknown type', { type: 'other' }],
    ['a number of nobody', { ...inbound, to: '+18005559999' }],
    ['a text that is no text', { ...inbound, text: 5 }],
    ['a time that is none', { ...inbound, at: 'soon' }],
    ['an unknown state', { type: 'status', id: 'ZZZZZZZZ', state: 'lost' }],
    ['a part below 1', { type: 'status', id: 'ZZZZZZZZ', state: 'delivered', part: 0 }],
  ])('answers invalid_payload to %s', async (_what, body) => {
    await using subject = openSubject();
    expect(await subject.call('POST', path, body)).toMatchObject({ status: 400, body: { code: 'invalid_payload' } });
    expect(subject.events).toEqual([]);
  });

  it('answers invalid_signature to an unknown account, and takes no number of another one', async () => {
    await using subject = openSubject();
    const base = '/api/webhook-feedbacks/simulator';
    for (const url of [base, `${base}?account=${'c'.repeat(24)}`])
      expect(await subject.call('POST', url, inbound)).toMatchObject({
        status: 403,
        body: { code: 'invalid_signature' },
      });
    const foreign = await subject.call('POST', `${base}?account=${'b'.repeat(24)}`, inbound);
    expect(foreign).toMatchObject({ status: 400, body: { code: 'invalid_payload' } });
  });
});
