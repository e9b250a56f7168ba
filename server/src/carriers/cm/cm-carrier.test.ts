import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRecordedCarrier, type RecordedCarrier, toCallback } from '../../../test/helpers/recorded-carrier.ts';
import type { SubmitOutcome } from '../carrier.ts';
import { makeMessage } from '../contract-suite.ts';
import { CM_CALLBACKS } from './callbacks.ts';
import { createCmCarrier } from './cm-carrier.ts';
import { CM_CODES } from './codes.ts';

const FROM = '+18445550111';
const TO = '+13125550142';
const MESSAGE = makeMessage(FROM, TO, { id: 'k3Vd81Qz', segments: 11 });
const DOUBT = { kind: 'in_doubt' };
const refused = (detail: string, permanent: boolean) => ({ kind: 'refused', detail, permanent });
const later = (detail: string, connectionFailed = false) => ({ kind: 'retry', detail, connectionFailed });

let cm: RecordedCarrier;
beforeAll(async () => {
  cm = await openRecordedCarrier(createCmCarrier, (base_url) => ({ product_token: 'a-token', base_url }));
});
afterAll(() => cm[Symbol.asyncDispose]());

/** The answer that CM gives to one message with this code. */
function answerFor(code: number, status: 'Accepted' | 'Rejected' = 'Rejected'): object {
  const entry = { to: '0013125550142', status, reference: 'k3Vd81Qz', parts: 1, messageDetails: 'x' };
  return { details: 'x', errorCode: code === 0 ? 0 : 201, messages: [{ ...entry, messageErrorCode: code }] };
}

async function outcomeOf(status: number, body: unknown): Promise<SubmitOutcome | undefined> {
  cm.answerWith({ status, body });
  return (await cm.submit(MESSAGE))[0];
}

test('a submit has the form of the reference', async () => {
  expect(await outcomeOf(200, answerFor(0, 'Accepted'))).toEqual({
    kind: 'accepted',
    carrierIds: ['k3Vd81Qz'],
    detail: 'PENDING',
    echoesOwnId: true,
  });
  const request = cm.requests.at(-1)!;
  expect(request).toMatchObject({
    method: 'POST',
    url: '/v1.0/message',
    headers: { 'x-cm-producttoken': 'a-token', 'content-type': 'application/json' },
  });
  expect(JSON.parse(request.body)).toEqual({
    messages: {
      msg: [
        {
          from: '18445550111',
          to: [{ number: '0013125550142' }],
          body: { type: 'auto', content: 'Hello!' },
          reference: 'k3Vd81Qz',
          allowedChannels: ['SMS'],
          minimumNumberOfMessageParts: 1,
          maximumNumberOfMessageParts: 11,
          validity: '4h',
        },
      ],
    },
  });
  await cm.submit(makeMessage('55555', TO, { validityMinutes: 90 }));
  expect(JSON.parse(cm.requests.at(-1)!.body)).toMatchObject({
    messages: { msg: [{ from: '55555', validity: '90m' }] },
  });
});

describe('each code of a message, recorded as CM answers it', () => {
  const rows: readonly (readonly [number, object])[] = [
    [101, later('REJECTED_CREDENTIALS', true)],
    [102, later('REJECTED_CREDIT')],
    [103, later('REJECTED_CREDENTIALS', true)],
    [202, refused('REJECTED_CONTENT', true)],
    [203, refused('REJECTED_CONTENT', true)],
    [301, refused('REJECTED_SENDER', true)],
    [302, refused('REJECTED_DESTINATION', true)],
    [303, refused('REJECTED_DESTINATION', true)],
    [304, refused('REJECTED_CONTENT', true)],
    [305, refused('REJECTED_CONTENT', true)],
    [401, refused('REJECTED_CONTENT', true)],
    [402, refused('REJECTED_OPTED_OUT', true)],
    [403, refused('REJECTED_OPERATOR', false)],
    [500, refused('REJECTED_SYSTEM_ERROR', false)],
    [999, refused('REJECTED_SYSTEM_ERROR', false)],
    [777, refused('CARRIER_777', false)],
  ];
  test.each(rows)('%i', async (code, expected) => {
    expect(await outcomeOf(400, answerFor(code))).toEqual({ ...expected, code: String(code) });
  });

  test.each(rows.filter(([code]) => code !== 500 && code !== 999))(
    '%i for the whole request',
    async (code, expected) => {
      expect(await outcomeOf(401, { details: 'x', errorCode: code, messages: [] })).toMatchObject(expected);
    },
  );

  test('every row of the table is here', () => {
    const tested = new Set(rows.map(([code]) => String(code)));
    expect([...CM_CODES.keys()].filter((code) => !tested.has(code))).toEqual([]);
  });
});

test.each([
  ['the fault of CM for the whole request', 500, { details: 'x', errorCode: 500, messages: [] }, DOUBT],
  ['an unknown fault for the whole request', 200, { details: 'x', errorCode: 999 }, DOUBT],
  ['the fault of CM for a message that is not rejected', 200, answerFor(500, 'Accepted'), DOUBT],
  ['an answer that does not name the message', 200, { details: 'x', errorCode: 0, messages: [] }, DOUBT],
  ['a message that is rejected without a code', 400, answerFor(0, 'Rejected'), refused('REJECTED_SYSTEM_ERROR', false)],
  [
    'a text that says that the account is unknown',
    200,
    'Error: ERROR No account found',
    later('REJECTED_CREDENTIALS', true),
  ],
  ['a text that says that there is no credit', 200, 'Error: ERROR Insufficient balance', later('REJECTED_CREDIT')],
  ['a text that says something else', 200, 'Error: ERROR Unknown', refused('REJECTED_SYSTEM_ERROR', false)],
  ['a text that says nothing', 200, 'Hello', DOUBT],
  ['a page of a proxy', 502, '<h1>Bad Gateway</h1>', DOUBT],
  ['too many requests', 429, 'slow down', later('THROTTLED')],
])('%s', async (_name, status, body, expected) => {
  expect(await outcomeOf(status, body)).toMatchObject(expected);
});

test('each message of a request is judged by its own entry, in any order', async () => {
  const messages = [1, 2, 3, 4].map((n) => makeMessage(FROM, `+1312555014${n}`, { id: `k3Vd81Q${n}` }));
  const entry = (n: number, messageErrorCode: number) => ({
    to: `001312555014${n}`,
    status: messageErrorCode === 0 ? 'Accepted' : 'Rejected',
    reference: `k3Vd81Q${n}`,
    messageErrorCode,
  });
  cm.answerWith({ status: 400, body: { errorCode: 201, messages: [entry(3, 303), entry(1, 0), entry(2, 402)] } });
  expect((await cm.submit(...messages)).map((outcome) => outcome?.kind)).toEqual([
    'accepted',
    'refused',
    'refused',
    'in_doubt',
  ]);
});

test('a check sends no message and tells a wrong token from a right one', async () => {
  cm.answerWith({ status: 400, body: { errorCode: 202, details: 'No messages', messages: [] } });
  expect(await cm.connection.check?.()).toEqual({ passed: true, detail: null });
  expect(JSON.parse(cm.requests.at(-1)!.body)).toEqual({ messages: { msg: [] } });
  cm.answerWith({
    status: 401,
    body: { errorCode: 101, details: 'Authentication of the request failed', messages: [] },
  });
  expect(await cm.connection.check?.()).toEqual({ passed: false, detail: 'REJECTED_CREDENTIALS' });
  cm.answerWith({ status: 503, body: 'away' });
  expect(await cm.connection.check?.()).toEqual({ passed: false, detail: 'HTTP_503' });
});

const statusCall = (status: object) => ({
  messages: {
    msg: { received: '2026-11-02T17:04:22', to: '0013125550142', reference: 'k3Vd81Qz', status, operator: '' },
  },
});

test.each([
  ['0', '', 'sent', 'DELIVERED_TO_OPERATOR', null],
  ['1', '', 'failed', 'REJECTED_SYSTEM_ERROR', false],
  ['1', 'Filtered', 'failed', 'REJECTED_CONTENT', true],
  ['2', '', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['4', '', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['3', '', 'undelivered', 'UNDELIVERABLE_NOT_DELIVERED', false],
  ['3', 'Rejected by spam filter', 'undelivered', 'REJECTED_CONTENT', true],
  ['3', 'Message expired', 'undelivered', 'EXPIRED', false],
  ['3', 'Absent subscriber', 'undelivered', 'REJECTED_ABSENT_SUBSCRIBER', false],
  ['3', 'Handset unreachable', 'undelivered', 'REJECTED_ABSENT_SUBSCRIBER', false],
  ['3', 'Phone switched off', 'undelivered', 'REJECTED_ABSENT_SUBSCRIBER', false],
  ['3', 'Unknown subscriber', 'undelivered', 'REJECTED_DESTINATION', true],
  ['3', 'Invalid destination number', 'undelivered', 'REJECTED_DESTINATION', true],
  ['3', 'Number is on the blacklist', 'undelivered', 'REJECTED_OPTED_OUT', true],
  ['3', 'No credit', 'undelivered', 'REJECTED_OPERATOR', false],
])('status %s with "%s" is %s, %s', (code, errorDescription, state, detail, permanent) => {
  const report = { messageId: 'k3Vd81Qz', carrierId: null, part: null, state, detail, permanent, ownNumber: null };
  const expected = { reports: [{ ...report, code: '27', atMs: Date.UTC(2026, 10, 2, 17, 4, 22) }], inbound: [] };
  const status = { code, errorCode: '27', errorDescription };
  expect(CM_CALLBACKS.parse(toCallback(statusCall(status)))).toEqual(expected);
  expect(CM_CALLBACKS.parse(toCallback(statusCall({ ...status, code: Number(code) })))).toEqual(expected);
});

test('a status call may hold several messages, lack fields, or be of no use', () => {
  const { messages } = statusCall({ code: 2 });
  const both = CM_CALLBACKS.parse(
    toCallback({ messages: { msg: [messages.msg, { ...messages.msg, reference: 'other' }] } }),
  );
  expect(both?.reports.map(({ messageId }) => messageId)).toEqual(['k3Vd81Qz', 'other']);
  const bare = CM_CALLBACKS.parse(toCallback({ messages: { msg: { reference: 'k3Vd81Qz', status: { code: '2' } } } }));
  expect(bare?.reports).toMatchObject([{ state: 'delivered', atMs: null, code: null }]);
  for (const msg of [
    { status: { code: '2' } },
    { reference: 'k3Vd81Qz' },
    { reference: 'k3Vd81Qz', status: { code: '9' } },
  ]) {
    expect(CM_CALLBACKS.parse(toCallback({ messages: { msg } }))).toEqual({ reports: [], inbound: [] });
  }
  for (const body of ['', '[]', 'x', '{}', { from: {}, to: {} }]) {
    expect(CM_CALLBACKS.parse(toCallback(body))).toBeUndefined();
  }
});

test('an inbound text has an id by its content, so that a repeat is known', () => {
  const call = {
    from: { number: '0013125550142', name: '' },
    to: { number: '0018445550111' },
    message: { text: 'STOP', media: {} },
    reference: '',
    groupings: ['', '', ''],
    timeUtc: '2026-11-02T17:06:00',
    channel: 'SMS',
  };
  const read = (changes: object) => CM_CALLBACKS.parse(toCallback({ ...call, ...changes }))?.inbound[0];
  const text = read({});
  expect(text).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    from: '0013125550142',
    to: '0018445550111',
    text: 'STOP',
    atMs: Date.UTC(2026, 10, 2, 17, 6),
  });
  expect(read({ reference: 'another' })?.id).toBe(text?.id);
  expect(read({ message: { text: 'START' } })?.id).not.toBe(text?.id);
  expect(read({ timeUtc: '2026-11-02T17:06:01' })?.id).not.toBe(text?.id);
});

test('a call is known by the secret in its path', () => {
  const verify = (secret: string | null, expected?: string) =>
    CM_CALLBACKS.verify(toCallback({}, { secret }), expected === undefined ? {} : { callback_secret: expected });
  expect(verify('right', 'right')).toBe('genuine');
  expect(verify('wrong', 'right')).toBe('forged');
  expect(verify(null, 'right')).toBe('forged');
  expect(verify(null)).toBe('unsigned');
  expect(verify('any')).toBe('forged');
});
