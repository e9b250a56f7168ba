import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  openRecordedCarrier,
  PUBLIC_URL,
  type RecordedCarrier,
  toCallback,
} from '../../../test/helpers/recorded-carrier.ts';
import { ACCOUNT_ID } from '../../../test/helpers/carrier-subject.ts';
import { findCredentialError } from '../../lib/credentials.ts';
import type { SubmitOutcome } from '../carrier.ts';
import { makeMessage } from '../contract-suite.ts';
import { createHttpRoads } from '../http-road/http-road.ts';
import { TELNYX_CALLBACKS } from './callbacks.ts';
import { TELNYX_CODES } from './codes.ts';
import { createTelnyxCarrier } from './telnyx-carrier.ts';

const VECTOR = {
  key: '6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=',
  timestamp: '1793638449',
  body: '{"data":{"event_type":"message.finalized","id":"9d1a1f0e-0000-4000-8000-000000000001"}}',
  signature: 'DaB1H2Dje+ZBUWcbc3AIkehzzRmfkbSMvWDGdtY/HcZBQLshajsbTNL4pXT1uKhjiUnsIjgkT+g69cXZ6zgNCw==',
};
const VECTOR_MS = 1_793_638_449_000;
const MESSAGE = makeMessage('+18445550111', '+13125550142', { id: 'k3Vd81Qz' });
const DOUBT = { kind: 'in_doubt' };
const refused = (detail: string, permanent: boolean) => ({ kind: 'refused', detail, permanent });
const later = (detail: string, connectionFailed = false) => ({ kind: 'retry', detail, connectionFailed });

let telnyx: RecordedCarrier;
beforeAll(async () => {
  const credentials = { api_key: 'KEY1', public_key: VECTOR.key, messaging_profile_id: 'a-profile' };
  telnyx = await openRecordedCarrier(createTelnyxCarrier, (base_url) => ({ ...credentials, base_url }));
});
afterAll(() => telnyx[Symbol.asyncDispose]());

async function outcomeOf(status: number, body: unknown): Promise<SubmitOutcome | undefined> {
  telnyx.answerWith({ status, body });
  return (await telnyx.submit(MESSAGE))[0];
}

const resource = (status: string, errors: readonly object[] = []) => ({
  data: { id: '9d1a1f0e', to: [{ phone_number: '+13125550142', status }], parts: 1, encoding: 'GSM-7', errors },
});
const error = (code: string) => ({ errors: [{ code, title: 'x', detail: 'x' }] });

test('a submit has the form of the reference', async () => {
  expect(await outcomeOf(200, resource('queued'))).toEqual({
    kind: 'accepted',
    carrierIds: ['9d1a1f0e'],
    detail: 'PENDING',
    echoesOwnId: true,
  });
  const request = telnyx.requests.at(-1)!;
  expect(request).toMatchObject({ method: 'POST', url: '/v2/messages', headers: { authorization: 'Bearer KEY1' } });
  expect(JSON.parse(request.body)).toEqual({
    from: '+18445550111',
    to: '+13125550142',
    text: 'Hello!',
    type: 'SMS',
    messaging_profile_id: 'a-profile',
    webhook_url: `${PUBLIC_URL}/api/webhook-feedbacks/telnyx?account=${ACCOUNT_ID}&m=k3Vd81Qz`,
    use_profile_webhooks: false,
    auto_detect: false,
  });
});

test('a message with pictures is an MMS', async () => {
  telnyx.answerWith({ status: 200, body: resource('queued') });
  const mediaUrls = ['https://img.example/a.png', 'https://img.example/b.png'];
  await telnyx.submit({ ...MESSAGE, mediaUrls });
  expect(JSON.parse(telnyx.requests.at(-1)!.body)).toMatchObject({
    type: 'MMS',
    media_urls: mediaUrls,
    text: 'Hello!',
  });
});

/** Carrier code, at submission, and what a receipt with it says. */
const ROWS: readonly (readonly [codes: readonly number[], detail: string, permanent: boolean, temporary?: boolean])[] =
  [
    [[10009, 10010, 40312, 40314], 'REJECTED_CREDENTIALS', false, true],
    [[10011, 40011], 'THROTTLED', false, true],
    [[40318], 'QUEUE_FULL', false, true],
    [[40001, 40012, 40310, 10002, 10016], 'REJECTED_DESTINATION', true],
    [[40003, 40009, 40015, 40302, 40304, 40316, 40317, 40322], 'REJECTED_CONTENT', true],
    [[40002], 'REJECTED_CONTENT', false],
    [[40004], 'REJECTED_OPERATOR', false],
    [[40005, 40014], 'EXPIRED', false],
    [[40006], 'REJECTED_ABSENT_SUBSCRIBER', false],
    [[40007, 40008], 'UNDELIVERABLE_NOT_DELIVERED', false],
    [[40010, 40013, 40305, 40306, 40308, 40315, 40321], 'REJECTED_SENDER', true],
    [[40320], 'REJECTED_SENDER', false],
    [[40300], 'REJECTED_OPTED_OUT', true],
    [[40309, 40319], 'REJECTED_ROUTE', true],
    [[49999], 'CARRIER_49999', false],
  ];
const CODES = ROWS.flatMap(([codes, detail, permanent, temporary = false]) =>
  codes.map((code) => [String(code), detail, permanent, temporary] as const),
);

describe('each code, recorded as Telnyx answers it', () => {
  test.each(CODES)('%s at submission', async (code, detail, permanent, temporary) => {
    const expected = temporary ? later(detail, detail === 'REJECTED_CREDENTIALS') : refused(detail, permanent);
    expect(await outcomeOf(400, error(code))).toEqual({ ...expected, code });
  });

  test.each(CODES)('%s in a receipt', (code, detail, permanent) => {
    const payload = { id: 'x', to: [{ phone_number: '+13125550142', status: 'delivery_failed' }], errors: [{ code }] };
    const call = toCallback({
      data: { event_type: 'message.finalized', occurred_at: '2026-11-02T17:04:22Z', payload },
    });
    expect(TELNYX_CALLBACKS.parse(call)?.reports).toMatchObject([{ state: 'undelivered', detail, permanent, code }]);
  });

  test('every row of the table is here', () => {
    const tested = new Set(CODES.map(([code]) => code));
    expect([...TELNYX_CODES.keys()].filter((code) => !tested.has(code))).toEqual([]);
  });
});

test.each([
  ['10007', 400, error('10007'), DOUBT],
  ['10008', 400, error('10008'), DOUBT],
  ['an unknown code with 500', 500, error('10017'), DOUBT],
  ['a page of a proxy', 502, '<h1>Bad Gateway</h1>', DOUBT],
  ['a success without an id', 200, { data: {} }, DOUBT],
  ['a success that is no JSON', 200, 'OK', DOUBT],
  ['a redirect', 302, '', DOUBT],
  ['401 without a code', 401, '', later('REJECTED_CREDENTIALS', true)],
  ['429 without a code', 429, '', later('THROTTLED')],
  [
    'a message that failed at once',
    200,
    resource('sending_failed', [{ code: '40305' }]),
    refused('REJECTED_SENDER', true),
  ],
  ['one that failed without a code', 200, resource('sending_failed'), refused('UNDELIVERABLE_NOT_DELIVERED', false)],
])('%s', async (_name, status, body, expected) => {
  expect(await outcomeOf(status, body)).toMatchObject(expected);
});

test.each([
  ['queued', 'sent', 'PENDING', null],
  ['sending', 'sent', 'PENDING', null],
  ['sent', 'sent', 'PENDING', null],
  ['delivered', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['delivery_unconfirmed', 'sent', 'DELIVERED_TO_OPERATOR', null],
  ['sending_failed', 'failed', 'UNDELIVERABLE_NOT_DELIVERED', false],
  ['delivery_failed', 'undelivered', 'UNDELIVERABLE_NOT_DELIVERED', false],
  ['expired', 'undelivered', 'EXPIRED', false],
  ['gw_timeout', 'undelivered', 'EXPIRED', false],
])('status %s is %s, %s', (status, state, detail, permanent) => {
  const payload = {
    id: '9d1a1f0e',
    from: { phone_number: '+18445550111' },
    to: [{ phone_number: '+1', status }],
    errors: [],
  };
  const data = { event_type: 'message.finalized', id: 'e', occurred_at: '2026-11-02T17:04:22.900Z', payload };
  expect(TELNYX_CALLBACKS.parse(toCallback({ data }, { query: { m: 'k3Vd81Qz' } }))).toEqual({
    reports: [
      {
        messageId: 'k3Vd81Qz',
        carrierId: '9d1a1f0e',
        part: null,
        state,
        detail,
        permanent,
        code: null,
        atMs: Date.UTC(2026, 10, 2, 17, 4, 22, 900),
        ownNumber: '+18445550111',
      },
    ],
    inbound: [],
  });
});

test('inbound texts are read, other events are of no interest, other shapes cannot be read', () => {
  const payload = {
    id: 'in-1',
    from: { phone_number: '+13125550142' },
    to: [{ phone_number: '+18445550111' }],
    text: 'STOP',
    media: [],
  };
  const event = (event_type: string) =>
    toCallback({ data: { event_type, occurred_at: '2026-11-02T17:06:00Z', payload } });
  const atMs = Date.UTC(2026, 10, 2, 17, 6);
  expect(TELNYX_CALLBACKS.parse(event('message.received'))).toEqual({
    reports: [],
    inbound: [{ id: 'in-1', from: '+13125550142', to: '+18445550111', text: 'STOP', atMs }],
  });
  expect(TELNYX_CALLBACKS.parse(event('10dlc.campaign.update'))).toEqual({ reports: [], inbound: [] });
  for (const body of ['', 'x', '[]', '{}', { data: {} }, { data: { event_type: 'message.finalized', payload: {} } }]) {
    expect(TELNYX_CALLBACKS.parse(toCallback(body))).toBeUndefined();
  }
});

describe('signatures', () => {
  const verify = (changes: Partial<typeof VECTOR> & { nowMs?: number } = {}) => {
    const { key, timestamp, body, signature, nowMs = VECTOR_MS } = { ...VECTOR, ...changes };
    const headers = { 'telnyx-signature-ed25519': signature, 'telnyx-timestamp': timestamp };
    return TELNYX_CALLBACKS.verify(toCallback(body, { headers, nowMs }), { public_key: key });
  };

  test('the vector of the contract is genuine for 5 minutes before and after', () => {
    expect(verify()).toBe('genuine');
    expect(verify({ nowMs: VECTOR_MS + 300_000 })).toBe('genuine');
    expect(verify({ nowMs: VECTOR_MS - 300_000 })).toBe('genuine');
    expect(verify({ nowMs: VECTOR_MS + 300_001 })).toBe('forged');
    expect(verify({ nowMs: VECTOR_MS - 300_001 })).toBe('forged');
  });

  test('anything else is forged', () => {
    expect(verify({ body: `${VECTOR.body} ` })).toBe('forged');
    expect(verify({ timestamp: '1793638450' })).toBe('forged');
    expect(verify({ timestamp: '1793638449.0' })).toBe('forged');
    expect(verify({ signature: '' })).toBe('forged');
    expect(verify({ signature: VECTOR.signature.replace('D', 'E') })).toBe('forged');
    expect(verify({ key: 'x' })).toBe('forged');
    expect(verify({ key: Buffer.alloc(32).toString('base64') })).toBe('forged');
    expect(TELNYX_CALLBACKS.verify(toCallback(VECTOR.body), { public_key: VECTOR.key })).toBe('forged');
    expect(TELNYX_CALLBACKS.verify(toCallback(VECTOR.body), {})).toBe('forged');
  });

  test('bytes that are no UTF-8 are signed as they are', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');
    const body = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    const signature = sign(null, Buffer.concat([Buffer.from(`${VECTOR.timestamp}|`), body]), privateKey).toString(
      'base64',
    );
    const headers = { 'telnyx-signature-ed25519': signature, 'telnyx-timestamp': VECTOR.timestamp };
    const call = toCallback('', { headers, body, nowMs: VECTOR_MS });
    expect(TELNYX_CALLBACKS.verify(call, { public_key: key })).toBe('genuine');
  });
});

test('a public key of another form is refused when the list is saved', () => {
  const { credentials } = createTelnyxCarrier({ roads: createHttpRoads(), publicUrl: '' });
  expect(findCredentialError(credentials, { api_key: 'x', public_key: VECTOR.key })).toBeUndefined();
  expect(findCredentialError(credentials, { api_key: 'x', public_key: 'x' })).toMatch(/^public_key must be 32 bytes/);
});

test('a check is an authenticated read', async () => {
  telnyx.answerWith({ status: 200, body: { data: [] } });
  expect(await telnyx.connection.check?.()).toEqual({ passed: true, detail: null });
  expect(telnyx.requests.at(-1)).toMatchObject({ method: 'GET', url: '/v2/messaging_profiles?page%5Bsize%5D=1' });
  telnyx.answerWith({ status: 401, body: error('10009') });
  expect(await telnyx.connection.check?.()).toEqual({ passed: false, detail: 'REJECTED_CREDENTIALS' });
});
