import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCOUNT_ID, OWN_NUMBER } from '../../../test/helpers/carrier-subject.ts';
import { startRecordedPeer, type RecordedPeer } from '../../../test/helpers/recorded-peer.ts';
import { findCredentialError, type Credentials } from '../../lib/credentials.ts';
import { makeMessage, submitAll } from '../contract-suite.ts';
import type { CarrierConnection, SubmitMessage, SubmitOutcome } from '../carrier.ts';
import { createHttpRoads, type HttpRoads } from '../http-road/http-road.ts';
import { TWILIO_CODES } from './codes.ts';
import { createTwilioCarrier } from './twilio-carrier.ts';

const SID = 'AC00000000000000000000000000000001';
const SM = 'SM00000000000000000000000000000001';
const TO = '+13125550142';

let peer: RecordedPeer;
let roads: HttpRoads;
beforeAll(async () => {
  peer = await startRecordedPeer();
  roads = createHttpRoads();
});
afterAll(async () => {
  await roads[Symbol.asyncDispose]();
  await peer[Symbol.asyncDispose]();
});

function connect(more: Credentials = {}): CarrierConnection {
  const credentials = { account_sid: SID, auth_token: 'secret', base_url: peer.url, ...more };
  return createTwilioCarrier({ roads, publicUrl: 'https://sms.example.net' }).connect({
    id: 7,
    accountId: ACCOUNT_ID,
    number: OWN_NUMBER,
    credentials,
  });
}

async function submitOne(message: SubmitMessage, more: Credentials = {}): Promise<SubmitOutcome | undefined> {
  await using connection = connect(more);
  return (await submitAll(connection, [message])).outcomes[0];
}

/** The answer to a refused submit. */
function refusal(status: number, code: number): { status: number; body: string } {
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return { status, body: JSON.stringify({ code, message: 'Recorded', more_info, status }) };
}

/** `Messages.json` as it answers a submit. */
function resource(change: object = {}): string {
  return JSON.stringify({
    account_sid: SID,
    api_version: '2010-04-01',
    body: 'Hello!',
    date_created: 'Mon, 02 Nov 2026 17:04:20 +0000',
    date_sent: null,
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from: OWN_NUMBER,
    num_media: '0',
    num_segments: '1',
    price: null,
    sid: SM,
    status: 'queued',
    to: TO,
    uri: `/2010-04-01/Accounts/${SID}/Messages/${SM}.json`,
    ...change,
  });
}

describe('submit', () => {
  test('sends one form with a status callback that names the message', async () => {
    peer.answer = () => ({ status: 201, body: resource() });
    const message = makeMessage(OWN_NUMBER, TO, { id: 'k3Vd81Qz', body: 'Grüße & 100 %+', validityMinutes: 240 });
    expect(await submitOne(message)).toEqual({
      kind: 'accepted',
      carrierIds: [SM],
      detail: 'PENDING',
      echoesOwnId: true,
    });
    const request = peer.seen.at(-1);
    expect(request).toMatchObject({ method: 'POST', url: `/2010-04-01/Accounts/${SID}/Messages.json` });
    expect(request?.headers['authorization']).toBe(`Basic ${Buffer.from(`${SID}:secret`).toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      To: TO,
      From: OWN_NUMBER,
      Body: 'Grüße & 100 %+',
      StatusCallback: `https://sms.example.net/api/webhook-feedbacks/twilio?account=${ACCOUNT_ID}&m=k3Vd81Qz`,
      ValidityPeriod: '14400',
      SmartEncoded: 'false',
    });
  });

  test('uses the messaging service and the API key of the list', async () => {
    peer.answer = () => ({ status: 201, body: resource() });
    const [service, key] = [`MG${'1'.repeat(32)}`, `SK${'2'.repeat(32)}`];
    const more = { messaging_service_sid: service, api_key_sid: key, api_key_secret: 'hush' };
    await submitOne(makeMessage(OWN_NUMBER, TO, { validityMinutes: 2_880 }), more);
    const request = peer.seen.at(-1);
    const form = new URLSearchParams(request?.body);
    expect([form.get('MessagingServiceSid'), form.get('From'), form.get('ValidityPeriod')]).toEqual([
      service,
      null,
      '36000',
    ]);
    expect(request?.headers['authorization']).toBe(`Basic ${Buffer.from(`${key}:hush`).toString('base64')}`);
  });

  test('sends pictures as addresses of their own', async () => {
    peer.answer = () => ({ status: 201, body: resource() });
    const mediaUrls = ['https://img.example/a.png?x=1&y=2', 'https://img.example/b.png'];
    await submitOne(makeMessage(OWN_NUMBER, TO, { mediaUrls }));
    expect(new URLSearchParams(peer.seen.at(-1)?.body).getAll('MediaUrl')).toEqual(mediaUrls);
  });

  test.each(['accepted', 'scheduled', 'queued', 'sending', 'sent'])(
    '201 with status %s is accepted',
    async (status) => {
      peer.answer = () => ({ status: 201, body: resource({ status }) });
      expect(await submitOne(makeMessage(OWN_NUMBER, TO))).toMatchObject({ kind: 'accepted' });
    },
  );

  test('201 with a failed message is a refusal, even when its code is a temporary one', async () => {
    peer.answer = () => ({ status: 201, body: resource({ status: 'failed', error_code: 20429 }) });
    expect(await submitOne(makeMessage(OWN_NUMBER, TO))).toEqual({
      kind: 'refused',
      detail: 'THROTTLED',
      permanent: false,
      code: '20429',
    });
  });

  /** Rows of the published table: HTTP status, codes, outcome. */
  const ROWS: readonly (readonly [status: number, codes: readonly number[], outcome: object])[] = [
    [401, [20003, 20005, 30002], { kind: 'retry', detail: 'REJECTED_CREDENTIALS', connectionFailed: true }],
    [429, [20429], { kind: 'retry', detail: 'THROTTLED', connectionFailed: false }],
    [400, [21611], { kind: 'retry', detail: 'QUEUE_FULL', connectionFailed: false }],
    [400, [30001], { kind: 'refused', detail: 'QUEUE_FULL', permanent: false }],
    [
      400,
      [21211, 21214, 21217, 21614, 21635, 30005, 30006],
      { kind: 'refused', detail: 'REJECTED_DESTINATION', permanent: true },
    ],
    [400, [21610], { kind: 'refused', detail: 'REJECTED_OPTED_OUT', permanent: true }],
    [400, [21408, 21612], { kind: 'refused', detail: 'REJECTED_ROUTE', permanent: true }],
    [
      400,
      [21212, 21603, 21606, 21659, 21660, 30018, 30024, 30032, 30034],
      { kind: 'refused', detail: 'REJECTED_SENDER', permanent: true },
    ],
    [
      400,
      [21602, 21617, 21620, 21623, 30007, 30019, 30038],
      { kind: 'refused', detail: 'REJECTED_CONTENT', permanent: true },
    ],
    [400, [30003], { kind: 'refused', detail: 'REJECTED_ABSENT_SUBSCRIBER', permanent: false }],
    [400, [30004], { kind: 'refused', detail: 'REJECTED_OPERATOR', permanent: false }],
    [400, [30008, 30009, 30017, 30410], { kind: 'refused', detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false }],
    [400, [30010], { kind: 'refused', detail: 'REJECTED_CREDIT', permanent: false }],
    [400, [30022, 30023, 30027], { kind: 'refused', detail: 'REJECTED_QUOTA', permanent: false }],
    [400, [30036], { kind: 'refused', detail: 'EXPIRED', permanent: false }],
    [400, [30047], { kind: 'refused', detail: 'REJECTED_ROUTE', permanent: false }],
    // Of no row.
    [400, [21999], { kind: 'refused', detail: 'CARRIER_21999', permanent: false }],
    [401, [20006], { kind: 'retry', detail: 'REJECTED_CREDENTIALS', connectionFailed: true }],
    [500, [20500], { kind: 'in_doubt' }],
  ];
  const CASES = ROWS.flatMap(([status, codes, outcome]) => codes.map((code) => [code, status, outcome] as const));

  test.each(CASES)('code %i', async (code, status, outcome) => {
    peer.answer = () => refusal(status, code);
    expect(await submitOne(makeMessage(OWN_NUMBER, TO))).toMatchObject(outcome);
  });

  test('every code of the table has a recorded answer', () => {
    const recorded = new Set(CASES.map(([code]) => String(code)));
    expect([...TWILIO_CODES.keys()].filter((code) => !recorded.has(code))).toEqual([]);
  });

  test.each([
    ['5xx without a code', 503, '<h1>Service Unavailable</h1>'],
    ['201 that cannot be read', 201, '{"sid":'],
    ['201 without an id', 201, '{}'],
  ])('%s is in doubt', async (_, status, body) => {
    peer.answer = () => ({ status, body });
    expect(await submitOne(makeMessage(OWN_NUMBER, TO))).toMatchObject({ kind: 'in_doubt' });
  });
});

describe('look-up', () => {
  const SUBMITTED_MS = Date.parse('2026-11-02T17:04:00Z');
  const message = makeMessage(OWN_NUMBER, TO, { id: 'k3Vd81Qz' });
  const page = (...messages: string[]): string => `{"messages":[${messages.join()}],"next_page_uri":null}`;

  async function lookUp(body: string, status = 200) {
    peer.answer = () => ({ status, body });
    await using connection = connect();
    return await connection.lookUp?.(message, SUBMITTED_MS);
  }

  test('finds the only message with the text near the time', async () => {
    const others = [resource({ body: 'Hello?' }), resource({ date_created: 'Mon, 02 Nov 2026 17:07:20 +0000' })];
    const found = await lookUp(page(...others, resource({ status: 'undelivered', error_code: 30003 })));
    expect(found).toMatchObject({ kind: 'found', carrierIds: [SM] });
    expect(found).toMatchObject({
      report: { messageId: 'k3Vd81Qz', state: 'undelivered', detail: 'REJECTED_ABSENT_SUBSCRIBER', permanent: false },
    });
    const query = new URL(peer.seen.at(-1)?.url ?? '', peer.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      To: TO,
      From: OWN_NUMBER,
      'DateSent>': '2026-11-02',
      PageSize: '1000',
    });
  });

  test.each([
    ['two alike', page(resource(), resource()), 200],
    ['none', page(), 200],
    ['more pages', '{"messages":[],"next_page_uri":"/next"}', 200],
    ['an error', '{}', 500],
    ['nothing readable', '<html>', 200],
  ])('%s decide nothing', async (_, body, status) => {
    expect(await lookUp(body, status)).toEqual({ kind: 'unknown' });
  });
});

test.each([
  [200, { passed: true, detail: null }],
  [401, { passed: false, detail: 'REJECTED_CREDENTIALS' }],
  [500, { passed: false, detail: 'HTTP_500' }],
])('a check that is answered %i', async (status, result) => {
  peer.answer = () => ({ status, body: '{"messages":[]}' });
  await using connection = connect();
  expect(await connection.check?.()).toEqual(result);
});

test.each([
  [{}, /^account_sid is required$/],
  [{ account_sid: SID }, /^auth_token is required$/],
  [{ account_sid: 'AC1', auth_token: 'x' }, /^account_sid must match \^AC\[0-9a-fA-F\]\{32\}\$$/],
  [{ account_sid: SID, auth_token: 'x', base_url: 'ftp://x' }, /^base_url must be an http or https address/],
  [{ account_sid: SID, auth_token: 'x', token: 'y' }, /^token is not known; there are account_sid, auth_token/],
])('credentials %j are refused by the name of the key', (credentials, problem) => {
  const { credentials: fields } = createTwilioCarrier({ roads, publicUrl: '' });
  expect(findCredentialError(fields, credentials)).toMatch(problem);
});
