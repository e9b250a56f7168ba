import { beforeEach, describe, expect, test } from 'vitest';
import { createHttpFixture, testAccount, testList } from '../../test/helpers/http-fixture.ts';
import type { List } from '../accounts/index.ts';
import type { Carrier, CarrierEvents } from '../carriers/carrier.ts';
import { createHttpCarriers, createHttpRoads } from '../carriers/index.ts';
import { signTwilioCall } from '../carriers/twilio/signature.ts';
import { LogFullError } from '../log/log.ts';
import { createCallbackReceiver, type UnreadableCall } from './receive-callback.ts';

const ACCOUNT = 'a'.repeat(24);
const PUBLIC_URL = 'https://sms.example';
const TOKENS = ['1'.repeat(32), '2'.repeat(32)] as const;
const SECRET = 'a-secret-of-the-path';
const CARRIERS: readonly Carrier[] = createHttpCarriers({ roads: createHttpRoads(), publicUrl: PUBLIC_URL });

const twilio = (id: number, number: string, auth_token: string, change: Partial<List> = {}): List =>
  testList({ id, number, type: 'twilio', credentials: { account_sid: 'AC', auth_token }, ...change });
const infobip = (id: number, number: string, callback_secret?: string): List =>
  testList({ id, number, type: 'infobip', credentials: { base_url: 'https://x', api_key: 'x', callback_secret } });

let lists: List[];
let stored: CarrierEvents[];
let unreadable: UnreadableCall[];
let strays: { ownNumber: string; phone: string; body: string }[];
let failure: Error | null;

beforeEach(() => {
  [lists, stored, unreadable, strays, failure] = [[], [], [], [], null];
  isAway = false;
});

interface Call {
  readonly path: string;
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
}

/** What a database that does not answer makes of keeping something. */
const NEVER = new Promise<never>(() => {});
let isAway = false;

async function call({ path, body, headers = {} }: Call, allowUnsigned = false) {
  const callbacks = createCallbackReceiver({
    directory: {
      account: (id) => (id === ACCOUNT ? testAccount() : undefined),
      listsOf: (id) => lists.filter((list) => list.accountId === id),
    },
    carriers: CARRIERS,
    allowUnsigned,
    async onEvents(events) {
      if (failure !== null) throw failure;
      stored.push(events);
    },
    keepUnreadable: async (kept) => (isAway ? NEVER : void unreadable.push(kept)),
    keepStray: async (kept) => (isAway ? NEVER : void strays.push(kept)),
    onError: () => {},
  });
  await using fixture = createHttpFixture({ callbacks });
  const answer = await fixture.app.inject({ method: 'POST', url: path, headers, payload: body });
  return {
    status: answer.statusCode,
    type: answer.headers['content-type'],
    body: answer.body,
    headers: answer.headers,
  };
}

function twilioCall(fields: Record<string, string>, token: string, query = `account=${ACCOUNT}`): Call {
  const path = `/api/webhook-feedbacks/twilio?${query}`;
  const signature = signTwilioCall({ url: PUBLIC_URL + path, fields: Object.entries(fields) }, token);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
  return { path, body: new URLSearchParams(fields).toString(), headers };
}

function infobipCall(payload: unknown, secret?: string): Call {
  const path = `/api/webhook-feedbacks/infobip${secret === undefined ? '' : `/${secret}`}?account=${ACCOUNT}`;
  return { path, body: JSON.stringify(payload), headers: { 'content-type': 'application/json' } };
}

const DELIVERED = { MessageSid: 'SM1', MessageStatus: 'delivered', To: '+13125550142', From: '+18445550111' };
const STOP = { MessageSid: 'SM2', SmsStatus: 'received', From: '+13125550142', To: '+18445550111', Body: 'STOP' };
const RECEIPT = {
  messageId: 'k3Vd81Qz',
  to: '13125550142',
  status: { groupName: 'DELIVERED', name: 'DELIVERED_TO_HANDSET' },
};

describe('what is kept', () => {
  test('a receipt of Twilio, answered in its form', async () => {
    lists = [twilio(1, '+18445550111', TOKENS[0])];
    const answer = await call(twilioCall(DELIVERED, TOKENS[0], `account=${ACCOUNT}&m=k3Vd81Qz`));
    expect(answer).toMatchObject({ status: 200, type: 'text/xml; charset=utf-8', body: '<Response/>' });
    expect(stored).toMatchObject([
      { listId: 1, inbound: [], reports: [{ messageId: 'k3Vd81Qz', carrierId: 'SM1', state: 'delivered' }] },
    ]);
    expect(stored[0]?.reports[0]).not.toHaveProperty('ownNumber');
  });

  test('a text goes to the list that it was written to', async () => {
    lists = [twilio(1, '+18445550110', TOKENS[0]), twilio(2, '+18445550111', TOKENS[0])];
    expect((await call(twilioCall(STOP, TOKENS[0]))).status).toBe(200);
    expect(stored).toMatchObject([
      { listId: 2, inbound: [{ from: '+13125550142', to: '+18445550111', text: 'STOP' }] },
    ]);
  });

  test('an opt-out from a deleted list', async () => {
    lists = [twilio(1, '+18445550111', TOKENS[0], { status: 'deleted' })];
    expect((await call(twilioCall(STOP, TOKENS[0]))).status).toBe(200);
    expect(stored).toHaveLength(1);
  });

  test('a text to a number that is no list of the account is kept for the operator and does nothing', async () => {
    lists = [
      twilio(1, '+18445550120', TOKENS[0]),
      twilio(2, '+18445550121', TOKENS[0]),
      twilio(3, '+18445550122', TOKENS[1]),
    ];
    expect((await call(twilioCall(STOP, TOKENS[0]))).status).toBe(200);
    expect(stored).toEqual([]);
    expect(strays).toMatchObject([{ ownNumber: '+18445550111', phone: '+13125550142', body: 'STOP' }]);
  });

  test('what names our number in no readable form goes to every list that the call is genuine for, and to no other', async () => {
    lists = [
      twilio(1, '+18445550120', TOKENS[0]),
      twilio(2, '+18445550121', TOKENS[0]),
      twilio(3, '+18445550122', TOKENS[1]),
    ];
    await call(twilioCall({ ...STOP, To: 'PetsService' }, TOKENS[0]));
    expect(stored.map(({ listId, inbound }) => [listId, inbound[0]?.text])).toEqual([
      [1, 'STOP'],
      [2, 'STOP'],
    ]);
  });

  test('a receipt that names no list is told to each as one that may be of another', async () => {
    lists = [infobip(1, '+18445550111', SECRET), infobip(2, '+18445550112', SECRET)];
    await call(infobipCall({ results: [RECEIPT] }, SECRET));
    await call(infobipCall({ results: [{ ...RECEIPT, from: '18445550112' }] }, SECRET));
    expect(stored.map(({ listId, reports }) => [listId, reports[0]?.isShared])).toEqual([
      [1, true],
      [2, true],
      [2, undefined],
    ]);
  });

  test('numbers in any spelling of the carrier', async () => {
    lists = [infobip(1, '+18445550111', SECRET), infobip(2, '55555', SECRET)];
    const text = (to: string): object => ({ messageId: to, from: '0013125550142', to, text: 'Hi' });
    const answer = await call(infobipCall({ results: [text('18445550111'), text('55555')] }, SECRET));
    expect(answer).toMatchObject({ status: 200, body: '{"success":true}' });
    expect(stored).toMatchObject([
      { listId: 1, inbound: [{ from: '+13125550142', to: '+18445550111' }] },
      { listId: 2, inbound: [{ from: '+13125550142', to: '55555' }] },
    ]);
  });

  test.each(['InfoSMS', '55555'])('a text of %s, which is no phone number, is taken and left out', async (from) => {
    lists = [infobip(1, '+18445550111', SECRET)];
    const text = { messageId: 'x', from, to: '18445550111', text: 'STOP' };
    expect((await call(infobipCall({ results: [text] }, SECRET))).status).toBe(200);
    expect(stored).toEqual([]);
  });

  test('the same call twice: the effect of the second is nothing, and it is answered alike', async () => {
    lists = [twilio(1, '+18445550111', TOKENS[0])];
    const first = await call(twilioCall(STOP, TOKENS[0]));
    expect(await call(twilioCall(STOP, TOKENS[0]))).toMatchObject({ status: first.status, body: first.body });
    expect(stored[1]?.inbound[0]?.id).toBe(stored[0]?.inbound[0]?.id);
  });

  test('what can be read of a call; the rest is kept for people', async () => {
    lists = [infobip(1, '+18445550111', SECRET)];
    const text = { messageId: 'x', from: '13125550142', to: '18445550111', text: 'STOP' };
    expect((await call(infobipCall({ results: [{ ...text, from: 5.5, to: null }, text] }, SECRET))).status).toBe(200);
    expect(stored).toMatchObject([{ listId: 1, inbound: [{ text: 'STOP' }] }]);
    expect(unreadable).toMatchObject([{ carrier: 'infobip', accountId: ACCOUNT }]);
  });

  test('ids and words in a form that a database takes', async () => {
    lists = [infobip(1, '+18445550111', SECRET)];
    const text = { from: '13125550142', to: '18445550111', text: 'STOP' };
    const ids = ['a\u0000b', '\ud800', 'x'.repeat(256), 'y'.repeat(1_000), 'z'.repeat(255)];
    await call(infobipCall({ results: ids.map((messageId) => ({ ...text, messageId })) }, SECRET));
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(stored[0]?.inbound.map(({ id }) => id)).toEqual([sha256, sha256, sha256, sha256, 'z'.repeat(255)]);
    expect(new Set(stored[0]?.inbound.map(({ id }) => id)).size).toBe(5);
  });

  test('a call without a secret, when neither the list has one nor the operator minds', async () => {
    lists = [infobip(1, '+18445550111')];
    expect((await call(infobipCall({ results: [RECEIPT] }), true)).status).toBe(200);
    expect(stored).toHaveLength(1);
  });
});

test('a signature is checked once for all lists with the same credentials', async () => {
  lists = Array.from({ length: 300 }, (_, id) => twilio(id, `+1844555${1_000 + id}`, TOKENS[id % 2] ?? ''));
  const twilioCarrier = CARRIERS.find(({ type }) => type === 'twilio');
  const callbacks = twilioCarrier?.callbacks;
  if (twilioCarrier === undefined || !callbacks) throw new Error('There is no Twilio');
  let checks = 0;
  const verify: typeof callbacks.verify = (...args) => {
    checks++;
    return callbacks.verify(...args);
  };
  const receiver = createCallbackReceiver({
    directory: { account: () => testAccount(), listsOf: () => lists },
    carriers: [{ ...twilioCarrier, callbacks: { ...callbacks, verify } }],
    allowUnsigned: false,
    onEvents: async (events) => void stored.push(events),
    keepUnreadable: async () => {},
    keepStray: async () => {},
    onError: () => {},
  });
  const { path, body, headers } = twilioCall({ ...STOP, To: '+18445551002' }, TOKENS[0]);
  const query = { account: ACCOUNT };
  const url = PUBLIC_URL + path;
  await receiver.receive('twilio', ACCOUNT, {
    url,
    secret: null,
    query,
    headers: headers ?? {},
    body: Buffer.from(body),
    nowMs: 0,
  });
  expect(stored.map(({ listId }) => listId)).toEqual([2]);
  expect(checks).toBe(2);
});

describe('what is refused, with nothing stored', () => {
  test.each([
    ['a signature of another token', () => twilioCall(STOP, TOKENS[1])],
    ['no signature', () => ({ ...twilioCall(STOP, TOKENS[0]), headers: {} })],
    ['a body that was cut', () => ({ ...twilioCall(STOP, TOKENS[0]), body: 'MessageSid=SM2&From=%2B131' })],
    [
      'another account in the address',
      () => ({ ...twilioCall(STOP, TOKENS[0]), path: `/api/webhook-feedbacks/twilio?account=${'c'.repeat(24)}` }),
    ],
    ['no account', () => twilioCall(STOP, TOKENS[0], 'x=1')],
    [
      'another message in the address',
      () => ({ ...twilioCall(STOP, TOKENS[0]), path: `/api/webhook-feedbacks/twilio?account=${ACCOUNT}&m=k3Vd81Qz` }),
    ],
    ['a carrier that the account has no list of', () => infobipCall({ results: [RECEIPT] }, SECRET)],
  ])('%s', async (_, make) => {
    lists = [twilio(1, '+18445550111', TOKENS[0])];
    const answer = await call(make());
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'invalid_signature' });
    expect([stored, unreadable]).toEqual([[], []]);
  });

  test.each([
    ['a wrong secret', 'not-the-secret-of-it', SECRET, true],
    ['no secret where the list has one', undefined, SECRET, true],
    ['no secret at all, unless the operator allows it', undefined, undefined, false],
    ['a secret that no list has', SECRET, undefined, true],
  ])('%s', async (_, given, known, allowUnsigned) => {
    lists = [infobip(1, '+18445550111', known)];
    expect((await call(infobipCall({ results: [RECEIPT] }, given), allowUnsigned)).status).toBe(403);
    expect(stored).toEqual([]);
  });

  test('a genuine call that cannot be read is kept for people', async () => {
    lists = [infobip(1, '+18445550111', SECRET)];
    const answer = await call(infobipCall({ results: 'none' }, SECRET));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'invalid_payload' });
    expect(stored).toEqual([]);
    expect(unreadable).toMatchObject([{ carrier: 'infobip', accountId: ACCOUNT, contentType: 'application/json' }]);
    expect(unreadable[0]?.body.toString()).toBe('{"results":"none"}');
  });

  test('a call of more than 1 MiB', async () => {
    lists = [infobip(1, '+18445550111', SECRET)];
    const answer = await call({ ...infobipCall({}, SECRET), body: Buffer.alloc(1_048_577, ' ') });
    expect(answer.status).toBe(413);
    expect([stored, unreadable]).toEqual([[], []]);
  });

  test('an unknown carrier, and one without calls', async () => {
    for (const path of ['lime/secret', 'eztexting/secret', 'lime', 'nobody']) {
      const answer = await call({ path: `/api/webhook-feedbacks/${path}`, body: '{}' });
      expect([path, answer.status, JSON.parse(answer.body).code]).toEqual([path, 404, 'not_found']);
    }
    expect((await call({ path: `/api/webhook-feedbacks/smoke?account=${ACCOUNT}`, body: '{}' })).status).toBe(404);
  });

  test('what is kept for people holds up no answer while the database is away', async () => {
    isAway = true;
    lists = [twilio(1, '+18445550120', TOKENS[0]), infobip(2, '+18445550112', SECRET)];
    expect((await call(twilioCall(STOP, TOKENS[0]))).status).toBe(200);
    expect((await call(infobipCall({ results: 'none' }, SECRET))).status).toBe(400);
  });

  test('everything while the log is full, to be repeated later', async () => {
    lists = [twilio(1, '+18445550111', TOKENS[0])];
    failure = new LogFullError('full');
    const answer = await call(twilioCall(STOP, TOKENS[0]));
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'overloaded' });
  });
});
