import { createHmac, hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CallbackRequest } from '../carrier.ts';
import { TWILIO_CALLBACKS } from './callbacks.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const URL_CALLED = 'https://sms.example.net/api/webhook-feedbacks/twilio?account=68f0c2a7d1e94b0012ab34cd';
const SID = 'SM00000000000000000000000000000001';
const FIELDS = { MessageSid: SID, MessageStatus: 'delivered', To: '+13125550142', From: '+18445550111' };
/** The published vector. */
const SIGNATURE = 'FTolTSXC0ekVL02HxYlOYxb4jl8=';

function call(fields: Record<string, string>, change: Partial<CallbackRequest> = {}): CallbackRequest {
  return {
    url: URL_CALLED,
    secret: null,
    query: { account: '68f0c2a7d1e94b0012ab34cd' },
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': SIGNATURE,
    },
    body: Buffer.from(new URLSearchParams(fields).toString()),
    nowMs: 1_793_638_449_000,
    ...change,
  };
}

const verify = (request: CallbackRequest, token: unknown = TOKEN): string =>
  TWILIO_CALLBACKS.verify(request, { auth_token: token });

describe('signature', () => {
  test('the published vector is genuine', () => {
    expect(verify(call(FIELDS))).toBe('genuine');
  });

  test('the order of the fields on the wire does not matter', () => {
    expect(verify(call(Object.fromEntries(Object.entries(FIELDS).toReversed())))).toBe('genuine');
  });

  test('the port of the address does not matter', () => {
    expect(verify(call(FIELDS, { url: URL_CALLED.replace('.net/', '.net:8443/') }))).toBe('genuine');
    expect(verify(call(FIELDS, { url: URL_CALLED.replace('.net/', '.net:443/') }))).toBe('genuine');
  });

  test.each([
    ['another token', call(FIELDS), 'f'.repeat(32)],
    ['no token', call(FIELDS), undefined],
    ['another address', call(FIELDS, { url: `${URL_CALLED}&m=k3Vd81Qz` }), TOKEN],
    ['another account', call(FIELDS, { url: URL_CALLED.replace('34cd', '34ce') }), TOKEN],
    ['a changed field', call({ ...FIELDS, MessageStatus: 'failed' }), TOKEN],
    ['a field that was added', call({ ...FIELDS, More: '1' }), TOKEN],
    ['a body that was cut', call(FIELDS, { body: call(FIELDS).body.subarray(0, -3) }), TOKEN],
    ['no signature', call(FIELDS, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }), TOKEN],
    ['a short signature', call(FIELDS, { headers: { ...call(FIELDS).headers, 'x-twilio-signature': 'FTol' } }), TOKEN],
  ])('%s is forged', (_, request, token) => {
    expect(TWILIO_CALLBACKS.verify(request, { auth_token: token })).toBe('forged');
  });

  test('a JSON body is covered by its hash in the signed address', () => {
    const body = Buffer.from('{"MessageSid":"SM1"}');
    const url = `${URL_CALLED}&bodySHA256=${hash('sha256', body)}`;
    const signature = createHmac('sha1', TOKEN).update(url).digest('base64');
    const headers = { 'content-type': 'application/json', 'x-twilio-signature': signature };
    expect(verify(call({}, { url, headers, body }))).toBe('genuine');
    expect(verify(call({}, { url, headers, body: Buffer.from('{"MessageSid":"SM2"}') }))).toBe('forged');
  });
});

describe('status calls', () => {
  const reportOf = (fields: Record<string, string>, query: Record<string, string> = { m: 'k3Vd81Qz' }) =>
    TWILIO_CALLBACKS.parse(call({ MessageSid: SID, To: '+13125550142', From: '+18445550111', ...fields }, { query }))
      ?.reports[0];

  test.each([
    ['accepted', { state: 'sent', detail: 'PENDING' }],
    ['scheduled', { state: 'sent', detail: 'PENDING' }],
    ['queued', { state: 'sent', detail: 'PENDING' }],
    ['sending', { state: 'sent', detail: 'PENDING' }],
    ['sent', { state: 'sent', detail: 'PENDING' }],
    ['delivered', { state: 'delivered', detail: 'DELIVERED_TO_HANDSET' }],
    ['read', { state: 'delivered', detail: 'DELIVERED_TO_HANDSET' }],
    ['undelivered', { state: 'undelivered', detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false }],
    ['failed', { state: 'failed', detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false }],
    ['canceled', { state: 'failed', detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false }],
  ])('%s', (MessageStatus, expected) => {
    const common = { messageId: 'k3Vd81Qz', carrierId: SID, ownNumber: '+18445550111', part: null, atMs: null };
    expect(reportOf({ MessageStatus })).toMatchObject({ ...common, ...expected });
  });

  test.each([
    ['30003', 'REJECTED_ABSENT_SUBSCRIBER', false],
    ['30005', 'REJECTED_DESTINATION', true],
    ['30007', 'REJECTED_CONTENT', true],
    ['21610', 'REJECTED_OPTED_OUT', true],
    ['30002', 'REJECTED_CREDENTIALS', false],
    ['39999', 'CARRIER_39999', false],
  ])('undelivered with code %s', (ErrorCode, detail, permanent) => {
    expect(reportOf({ MessageStatus: 'undelivered', ErrorCode })).toMatchObject({ detail, permanent, code: ErrorCode });
  });

  test('an older name of the status, and a call without our id', () => {
    expect(reportOf({ SmsStatus: 'delivered' }, {})).toMatchObject({
      messageId: null,
      carrierId: SID,
      state: 'delivered',
    });
  });

  test.each([{}, { MessageStatus: 'dancing' }, { MessageSid: '' }])('%j cannot be read', (fields) => {
    expect(TWILIO_CALLBACKS.parse(call({ MessageSid: SID, ...fields }))).toBeUndefined();
  });
});

describe('inbound texts', () => {
  const TEXT = { MessageSid: SID, SmsStatus: 'received', From: '+13125550142', To: '+18445550111', Body: 'STOP' };

  test('is a text of its sender', () => {
    expect(TWILIO_CALLBACKS.parse(call(TEXT))).toEqual({
      reports: [],
      inbound: [{ id: SID, from: '+13125550142', to: '+18445550111', text: 'STOP', atMs: 1_793_638_449_000 }],
    });
  });

  test('tells what Twilio took it for', () => {
    const content = TWILIO_CALLBACKS.parse(call({ ...TEXT, Body: 'Basta', OptOutType: 'STOP' }));
    expect(content?.inbound[0]).toMatchObject({ text: 'Basta', keyword: 'stop' });
  });

  test('may be empty, such as one with a picture', () => {
    expect(TWILIO_CALLBACKS.parse(call({ ...TEXT, Body: '' }))?.inbound).toHaveLength(1);
  });
});

test('the answer is the one that Twilio wants', () => {
  expect(TWILIO_CALLBACKS.answer).toEqual({ contentType: 'text/xml; charset=utf-8', body: '<Response/>' });
});
