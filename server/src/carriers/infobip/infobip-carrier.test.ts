import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCOUNT_ID, OWN_NUMBER } from '../../../test/helpers/carrier-subject.ts';
import { startRecordedPeer, type RecordedPeer } from '../../../test/helpers/recorded-peer.ts';
import { findCredentialError, type Credentials } from '../../lib/credentials.ts';
import { makeMessage, submitAll } from '../contract-suite.ts';
import type { CarrierConnection, SubmitMessage, SubmitOutcome } from '../carrier.ts';
import { createHttpRoads, type HttpRoads } from '../http-road/http-road.ts';
import { createInfobipCarrier } from './infobip-carrier.ts';
import { INFOBIP_STATUSES } from './statuses.ts';

const TO = '+13125550142';
const SECRET = 'a-secret-of-the-path';

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
  return createInfobipCarrier({ roads, publicUrl: 'https://sms.example.net' }).connect({
    id: 7,
    accountId: ACCOUNT_ID,
    number: OWN_NUMBER,
    credentials: { base_url: `${peer.url}/`, api_key: 'key', ...more },
  });
}

async function submit(messages: readonly SubmitMessage[], more: Credentials = {}) {
  await using connection = connect(more);
  return (await submitAll(connection, messages)).outcomes;
}

async function submitOne(message = makeMessage(OWN_NUMBER, TO)): Promise<SubmitOutcome | undefined> {
  return (await submit([message]))[0];
}

interface Sent {
  readonly messages: readonly { readonly destinations: readonly { readonly messageId: string }[] }[];
}

/** Answers each message of a request with a status, the last one first. */
function answerEach(status: object): void {
  peer.answer = ({ body }) => {
    const ids = (JSON.parse(body) as Sent).messages.map(({ destinations }) => destinations[0]?.messageId);
    const messages = ids.map((messageId) => ({ messageId, destination: '13125550142', status })).toReversed();
    return { status: 200, body: JSON.stringify({ bulkId: '2034072219640523072', messages }) };
  };
}

const PENDING = { groupId: 1, groupName: 'PENDING', id: 26, name: 'PENDING_ACCEPTED', description: 'Message sent' };
const rejected = (name: string): object => ({ groupId: 5, groupName: 'REJECTED', id: 999, name, description: '' });

describe('submit', () => {
  test('sends up to 100 messages a request', async () => {
    answerEach(PENDING);
    const before = peer.seen.length;
    const outcomes = await submit(Array.from({ length: 250 }, () => makeMessage(OWN_NUMBER, TO)));
    expect(outcomes.every((outcome) => outcome?.kind === 'accepted')).toBe(true);
    const sizes = peer.seen.slice(before).map(({ body }) => (JSON.parse(body) as Sent).messages.length);
    expect(sizes.sort((a, b) => b - a)).toEqual([100, 100, 50]);
  });

  test('says a message as Infobip wants it', async () => {
    answerEach(PENDING);
    const message = makeMessage(OWN_NUMBER, TO, { id: 'k3Vd81Qz', body: 'Grüße' });
    expect(await submit([message], { callback_secret: SECRET })).toEqual([
      { kind: 'accepted', carrierIds: ['k3Vd81Qz'], detail: 'PENDING', echoesOwnId: true },
    ]);
    const request = peer.seen.at(-1);
    expect(request).toMatchObject({ method: 'POST', url: '/sms/3/messages' });
    expect(request?.headers['authorization']).toBe('App key');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      messages: [
        {
          sender: '18445550111',
          destinations: [{ to: '13125550142', messageId: 'k3Vd81Qz' }],
          content: { text: 'Grüße' },
          options: { validityPeriod: { amount: 240, timeUnit: 'MINUTES' } },
          webhooks: {
            delivery: {
              url: `https://sms.example.net/api/webhook-feedbacks/infobip/${SECRET}?account=${ACCOUNT_ID}`,
              intermediateReport: true,
              contentType: 'application/json',
            },
            callbackData: 'k3Vd81Qz',
          },
        },
      ],
    });
  });

  test('leaves a short code as it is', async () => {
    answerEach(PENDING);
    await submit([makeMessage('55555', TO)]);
    expect(peer.seen.at(-1)?.body).toContain('"sender":"55555"');
  });

  /** Rows of the published table: names, outcome. */
  const ROWS: readonly (readonly [names: readonly string[], outcome: object])[] = [
    [['REJECTED_ABSENT_SUBSCRIBER'], { kind: 'refused', detail: 'REJECTED_ABSENT_SUBSCRIBER', permanent: false }],
    [['REJECTED_OPERATOR'], { kind: 'refused', detail: 'REJECTED_OPERATOR', permanent: false }],
    [
      ['REJECTED_DESTINATION', 'REJECTED_PREFIX_MISSING', 'MISSING_TO'],
      { kind: 'refused', detail: 'REJECTED_DESTINATION', permanent: true },
    ],
    [['REJECTED_DESTINATION_NOT_REGISTERED'], { kind: 'refused', detail: 'REJECTED_ROUTE', permanent: true }],
    [['REJECTED_SPAM'], { kind: 'refused', detail: 'REJECTED_SPAM', permanent: true }],
    [
      ['REJECTED_DND', 'REJECTED_DESTINATION_BLOCKLISTED'],
      { kind: 'refused', detail: 'REJECTED_OPTED_OUT', permanent: true },
    ],
    [['REJECTED_SOURCE', 'REJECTED_SENDER'], { kind: 'refused', detail: 'REJECTED_SENDER', permanent: true }],
    [
      ['REJECTED_NETWORK', 'REJECTED_ROUTE_NOT_AVAILABLE', 'SIGNALS_BLOCKED'],
      { kind: 'refused', detail: 'REJECTED_ROUTE', permanent: true },
    ],
    [
      ['REJECTED_NOT_ENOUGH_CREDITS', 'REJECTED_PREPAID_PACKAGE_EXPIRED'],
      { kind: 'refused', detail: 'REJECTED_CREDIT', permanent: false },
    ],
    [['REJECTED_FLOODING_FILTER'], { kind: 'retry', detail: 'THROTTLED', connectionFailed: false }],
    [
      ['REJECTED_SYSTEM_ERROR', 'UNDELIVERABLE_REJECTED_PLATFORM'],
      { kind: 'refused', detail: 'REJECTED_SYSTEM_ERROR', permanent: false },
    ],
    // Proof that it was taken before.
    [['REJECTED_DUPLICATE_MESSAGE_ID', 'REJECTED_DUPLICATE'], { kind: 'accepted', echoesOwnId: true }],
    [
      ['REJECTED_INVALID_UDH', 'REJECTED_MESSAGE_TOO_LONG'],
      { kind: 'refused', detail: 'REJECTED_CONTENT', permanent: true },
    ],
    [['REJECTED_BY_A_NEW_RULE'], { kind: 'refused', detail: 'CARRIER_REJECTED_BY_A_NEW_RULE', permanent: false }],
  ];

  test.each(ROWS.flatMap(([names, outcome]) => names.map((name) => [name, outcome] as const)))(
    'group REJECTED, %s',
    async (name, outcome) => {
      answerEach(rejected(name));
      expect(await submitOne()).toMatchObject(outcome);
    },
  );

  test('every name of the table is here, or in a receipt when it is of another group', () => {
    const recorded = new Set(ROWS.flatMap(([names]) => names));
    const missing = [...INFOBIP_STATUSES.keys()].filter((name) => !recorded.has(name));
    expect(missing.filter((name) => !name.startsWith('UNDELIVERABLE_'))).toEqual([]);
  });

  test.each([
    [1, 'PENDING', 'PENDING_ENROUTE', { kind: 'accepted' }],
    [3, 'DELIVERED', 'DELIVERED_TO_HANDSET', { kind: 'accepted' }],
    [2, 'UNDELIVERABLE', 'UNDELIVERABLE_NOT_SENT', { kind: 'refused', detail: 'UNDELIVERABLE_NOT_DELIVERED' }],
    [4, 'EXPIRED', 'EXPIRED_UNKNOWN', { kind: 'refused', detail: 'EXPIRED', permanent: false }],
    // A name goes before its group.
    [1, 'PENDING', 'REJECTED_SPAM', { kind: 'refused', detail: 'REJECTED_SPAM', permanent: true }],
    [9, 'SOMETHING', 'DELIVERED_TO_OPERATOR', { kind: 'accepted' }],
    [5, 'REJECTED', 'MISSING_TO', { kind: 'refused', detail: 'REJECTED_DESTINATION', permanent: true }],
    [9, 'SOMETHING', 'SOMETHING_ELSE', { kind: 'in_doubt' }],
  ])('group %i %s, %s', async (groupId, groupName, name, outcome) => {
    answerEach({ groupId, groupName, name });
    expect(await submitOne()).toMatchObject(outcome);
  });

  test('a message that the answer leaves out is in doubt, the others are not', async () => {
    const messages = [makeMessage(OWN_NUMBER, TO), makeMessage(OWN_NUMBER, TO)];
    const row = { messageId: messages[1]?.id, status: PENDING };
    peer.answer = () => ({ status: 200, body: JSON.stringify({ messages: [row] }) });
    expect((await submit(messages)).map((outcome) => outcome?.kind)).toEqual(['in_doubt', 'accepted']);
  });

  test('one message that cannot be read does not fail the batch', async () => {
    const messages = [makeMessage(OWN_NUMBER, TO), makeMessage(OWN_NUMBER, TO), makeMessage(OWN_NUMBER, TO)];
    const bad = messages[1]?.id ?? '';
    peer.answer = ({ body }) => {
      if (body.includes(bad)) return { status: 400, body: '{"errorCode":"E400","description":"Bad Request"}' };
      const id = (JSON.parse(body) as Sent).messages[0]?.destinations[0]?.messageId;
      return { status: 200, body: JSON.stringify({ messages: [{ messageId: id, status: PENDING }] }) };
    };
    const outcomes = await submit(messages);
    expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['accepted', 'refused', 'accepted']);
    expect(outcomes[1]).toMatchObject({ detail: 'REJECTED_CONTENT', permanent: true });
  });

  test.each([
    [401, { kind: 'retry', detail: 'REJECTED_CREDENTIALS', connectionFailed: true }],
    [403, { kind: 'retry', detail: 'REJECTED_CREDENTIALS', connectionFailed: true }],
    [429, { kind: 'retry', detail: 'THROTTLED', connectionFailed: false }],
    [404, { kind: 'refused', detail: 'CARRIER_HTTP_404', permanent: false }],
    [500, { kind: 'in_doubt' }],
    [503, { kind: 'in_doubt' }],
  ])('HTTP %i', async (status, outcome) => {
    peer.answer = () => ({ status, body: '{"errorCode":"E","description":"Recorded"}' });
    expect(await submitOne()).toMatchObject(outcome);
  });
});

describe('look-up', () => {
  const message = makeMessage(OWN_NUMBER, TO, { id: 'k3Vd81Qz' });
  const row = (status: object): object => ({ messageId: 'k3Vd81Qz', to: '13125550142', status, doneAt: null });

  async function lookUp(body: string, { status = 200, agoMs = 60_000 } = {}) {
    peer.answer = () => ({ status, body });
    await using connection = connect();
    return await connection.lookUp?.(message, Date.now() - agoMs);
  }

  test('asks by our id and takes the state', async () => {
    const found = await lookUp(
      JSON.stringify({ results: [row({ groupName: 'DELIVERED', name: 'DELIVERED_TO_HANDSET' })] }),
    );
    expect(found).toMatchObject({ kind: 'found', carrierIds: ['k3Vd81Qz'], report: { state: 'delivered' } });
    expect(peer.seen.at(-1)?.url).toBe('/sms/3/logs?messageId=k3Vd81Qz');
  });

  test('the refusal of a repeat says nothing about the message', async () => {
    const rows = [
      row(rejected('REJECTED_DUPLICATE_MESSAGE_ID')),
      row({ groupName: 'EXPIRED', name: 'EXPIRED_EXPIRED' }),
    ];
    expect(await lookUp(JSON.stringify({ results: rows }))).toMatchObject({
      report: { state: 'undelivered', detail: 'EXPIRED' },
    });
  });

  test('no row is absence as long as logs are kept', async () => {
    expect(await lookUp('{"results":[]}')).toEqual({ kind: 'absent' });
    expect(await lookUp('{"results":[]}', { agoMs: 50 * 3_600_000 })).toEqual({ kind: 'unknown' });
  });

  test.each([
    ['an error', '{"results":[]}', 500],
    ['a refusal', '{}', 401],
    ['nothing readable', '<html>', 200],
  ])('%s decides nothing', async (_, body, status) => {
    expect(await lookUp(body, { status })).toEqual({ kind: 'unknown' });
  });
});

test.each([
  [{ api_key: 'x' }, /^base_url is required/],
  [{ base_url: 'https://x.api.infobip.com' }, /^api_key is required/],
  [{ base_url: 'https://x.api.infobip.com', api_key: 'x', callback_secret: 'short' }, /^callback_secret must match/],
  [{ base_url: 'https://user:pw@x.api.infobip.com', api_key: 'x' }, /^base_url must be/],
])('credentials %j are refused by the name of the key', (credentials, problem) => {
  const { credentials: fields } = createInfobipCarrier({ roads, publicUrl: '' });
  expect(findCredentialError(fields, credentials)).toMatch(problem);
});
