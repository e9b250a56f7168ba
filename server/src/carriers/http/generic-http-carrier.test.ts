import { afterEach, expect, test } from 'vitest';
import { ACCOUNT_ID } from '../../../test/helpers/carrier-subject.ts';
import {
  openRecordedCarrier,
  PUBLIC_URL,
  type RecordedCarrier,
  toCallback,
} from '../../../test/helpers/recorded-carrier.ts';
import { findCredentialError, type Credentials } from '../../lib/credentials.ts';
import { makeMessage } from '../contract-suite.ts';
import { createHttpRoads } from '../http-road/http-road.ts';
import { createGenericHttpCarrier } from './generic-http-carrier.ts';

const MESSAGE = makeMessage('+18445550111', '+13125550142', { id: 'k3Vd81Qz' });
const CARRIER = createGenericHttpCarrier({ roads: createHttpRoads(), publicUrl: PUBLIC_URL });
const SUBMIT = {
  url: '/send?cb={{callback_url}}',
  headers: { 'X-Key': 'k' },
  body: { to: '{{to}}', text: '{{text}}' },
};

let opened: RecordedCarrier | undefined;
afterEach(async () => {
  await opened?.[Symbol.asyncDispose]();
  opened = undefined;
});

async function open(
  rules: Credentials = {},
  submit: Readonly<Record<string, unknown>> = SUBMIT,
): Promise<RecordedCarrier> {
  opened = await openRecordedCarrier(createGenericHttpCarrier, (url) => ({
    submit: { ...submit, url: `${url}${String(submit['url'])}` },
    ...rules,
  }));
  return opened;
}

async function outcomeOf(rules: Credentials, status: number, body: unknown) {
  const carrier = await open(rules);
  carrier.answerWith({ status, body });
  return (await carrier.submit(MESSAGE))[0];
}

test('a request is what the template says, and tells where receipts go', async () => {
  const carrier = await open({ callback_secret: 'a/secret' });
  carrier.answerWith({ status: 202, body: '' });
  expect(await carrier.submit(MESSAGE)).toEqual([
    { kind: 'accepted', carrierIds: ['k3Vd81Qz'], detail: 'PENDING', echoesOwnId: true },
  ]);
  const callback = `${PUBLIC_URL}/api/webhook-feedbacks/http/a%2Fsecret?account=${ACCOUNT_ID}&m=k3Vd81Qz`;
  expect(carrier.requests).toMatchObject([
    {
      method: 'POST',
      url: `/send?cb=${encodeURIComponent(callback)}`,
      headers: { 'x-key': 'k', 'content-type': 'application/json' },
      body: '{"to":"+13125550142","text":"Hello!"}',
    },
  ]);
});

const RULES = {
  accepted_when: {
    path: 'messages.0.status',
    in: ['queued', 0],
    code_path: 'error.code',
    codes: {
      '21': 'REJECTED_DESTINATION',
      '22': 'THROTTLED',
      '23': 'REJECTED_CREDENTIALS',
      'no-money': 'REJECTED_CREDIT',
    },
  },
  message_id_path: 'messages[0].id',
};
const accepted = (id: string, echoesOwnId = true) => ({
  kind: 'accepted',
  carrierIds: [id],
  detail: 'PENDING',
  echoesOwnId,
});

test.each([
  [200, { messages: [{ status: 'queued', id: 17 }] }, accepted('17')],
  [201, { messages: [{ status: 0, id: 'x' }] }, accepted('x')],
  [200, { messages: [{ status: 'queued' }] }, accepted('k3Vd81Qz')],
  [
    200,
    { messages: [{ status: 'no-money' }] },
    { kind: 'refused', detail: 'REJECTED_CREDIT', permanent: false, code: 'no-money' },
  ],
  [200, { messages: [{ status: 'odd' }] }, { kind: 'refused', detail: 'CARRIER_odd', permanent: false, code: 'odd' }],
  [
    200,
    { messages: [{ status: 'odd' }], error: { code: 21 } },
    { kind: 'refused', detail: 'REJECTED_DESTINATION', permanent: true, code: '21' },
  ],
  [200, { error: { code: 22 } }, { kind: 'retry', detail: 'THROTTLED', code: '22', connectionFailed: false }],
  [400, { error: { code: 21 } }, { kind: 'refused', detail: 'REJECTED_DESTINATION', permanent: true, code: '21' }],
  [400, { error: { code: 23 } }, { kind: 'retry', detail: 'REJECTED_CREDENTIALS', code: '23', connectionFailed: true }],
  [404, 'no such thing', { kind: 'refused', detail: 'CARRIER_HTTP_404', permanent: false, code: 'HTTP_404' }],
  [
    401,
    { error: { code: 21 } },
    { kind: 'retry', detail: 'REJECTED_CREDENTIALS', code: 'HTTP_401', connectionFailed: true },
  ],
  [429, '', { kind: 'retry', detail: 'THROTTLED', code: 'HTTP_429', connectionFailed: false }],
  [200, { messages: [] }, { kind: 'in_doubt' }],
  [200, 'OK', { kind: 'in_doubt' }],
  [302, '', { kind: 'in_doubt' }],
  [500, { error: { code: 21 } }, { kind: 'in_doubt' }],
])('%i %j', async (status, body, expected) => {
  expect(await outcomeOf(RULES, status, body)).toMatchObject(expected);
});

test('an answer may be a text, and a success may have to be a certain one', async () => {
  expect(await outcomeOf({ message_id_path: '.' }, 200, 'ID-17\n')).toMatchObject(accepted('ID-17'));
  expect(await outcomeOf({ accepted_when: { status: [202] } }, 200, 'OK')).toMatchObject({ kind: 'in_doubt' });
});

test('receipts that carry the carrier’s id alone are matched by it', async () => {
  const carrier = await open({ message_id_path: 'id' }, { ...SUBMIT, url: '/send' });
  carrier.answerWith({ status: 200, body: { id: 'theirs' } });
  expect(await carrier.submit(MESSAGE)).toEqual([accepted('theirs', false)]);
});

const receipt = {
  items: 'reports',
  message_id: 'ref',
  carrier_id: 'id',
  state: 'status',
  states: {
    D: 'delivered',
    S: 'sent',
    B: { state: 'sent', detail: 'QUEUE_FULL' },
    U: 'undelivered',
    X: { state: 'undelivered', detail: 'EXPIRED' },
  },
  code: 'err',
  codes: { '9': 'REJECTED_OPTED_OUT' },
  at: 'at',
  from: 'sender',
};
const inbound = { items: 'texts', id: 'id', from: 'from', to: 'to', text: 'body', at: 'at' };
const read = (body: unknown, credentials: Credentials = { receipt, inbound }, changes = {}) =>
  CARRIER.callbacks?.parse(toCallback(body, changes), credentials);

test.each([
  [{ status: 'D' }, { state: 'delivered', detail: 'DELIVERED_TO_HANDSET', permanent: null }],
  [{ status: 'S' }, { state: 'sent', detail: 'PENDING', permanent: null }],
  [{ status: 'U' }, { state: 'undelivered', detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false }],
  [
    { status: 'U', err: 0 },
    { state: 'undelivered', detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false },
  ],
  [
    { status: 'U', err: 9 },
    { state: 'undelivered', detail: 'REJECTED_OPTED_OUT', permanent: true },
  ],
  [
    { status: 'U', err: 8 },
    { state: 'undelivered', detail: 'CARRIER_8', permanent: false },
  ],
  [
    { status: 'X', err: 8 },
    { state: 'undelivered', detail: 'EXPIRED', permanent: false },
  ],
])('a receipt with %j', (item, expected) => {
  const at = '2026-11-02T17:04:22';
  const content = read({ reports: [{ ref: 'k3Vd81Qz', id: 5, at, sender: '18445550111', ...item }] });
  const common = { messageId: 'k3Vd81Qz', carrierId: '5', part: null, ownNumber: '18445550111' };
  expect(content).toMatchObject({
    reports: [{ ...common, ...expected, atMs: Date.UTC(2026, 10, 2, 17, 4, 22) }],
    inbound: [],
  });
});

test('receipts come as forms, alone, or with our id in the address; times in any usual form', () => {
  const { items: _items, ...flat } = receipt;
  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  expect(read('ref=a&status=D&at=1793638449', { receipt: flat }, form)?.reports).toMatchObject([
    { messageId: 'a', atMs: 1_793_638_449_000 },
  ]);
  expect(read({ status: 'D', at: 1_793_638_449_123 }, { receipt: flat }, { query: { m: 'b' } })?.reports).toMatchObject(
    [{ messageId: 'b', atMs: 1_793_638_449_123 }],
  );
  expect(read('', { receipt: flat }, { query: { m: 'c', status: 'U', at: 'soon' } })?.reports).toMatchObject([
    { messageId: 'c', atMs: null },
  ]);
});

test('inbound texts are told from receipts by their fields', () => {
  const text = { from: '13125550142', to: '18445550111', body: 'STOP', at: '2026-11-02 17:06:00+01:00' };
  expect(read({ texts: [{ id: 'in-1', ...text }, text] })?.inbound).toEqual([
    { id: 'in-1', from: '13125550142', to: '18445550111', text: 'STOP', atMs: Date.UTC(2026, 10, 2, 16, 6) },
    expect.objectContaining({ id: expect.stringMatching(/^[0-9a-f]{32}$/) }),
  ]);
});

test('what the rules do not know cannot be read', () => {
  for (const body of [
    '',
    'x',
    '5',
    '{}',
    { reports: [{ ref: 'a', status: '?' }] },
    { reports: [{ status: 'D' }] },
    { texts: [{}] },
  ]) {
    expect(read(body)).toBeUndefined();
  }
  expect(read({ reports: [{ ref: 'a', status: 'D' }] }, {})).toBeUndefined();
});

const submit = { url: 'https://carrier.example/', body: { to: '{{to}}' } };
test.each<[Credentials, string]>([
  [{}, 'submit is required'],
  [{ submit: {} }, 'submit cannot be used: url is required'],
  [
    { submit: { ...submit, body: { to: '{{ot}}' } } },
    'submit cannot be used: body: {{ot}} is not known at line 1, character 8',
  ],
  [{ submit, accepted_when: { path: 'a b' } }, 'accepted_when cannot be used: path must be a path'],
  [
    { submit, accepted_when: { in: ['x'] } },
    'accepted_when cannot be used: in must be a list of texts and goes with path',
  ],
  [{ submit, accepted_when: { status: [500] } }, 'accepted_when cannot be used: status must be'],
  [{ submit, accepted_when: { codes: { '1': 'BROKEN' } } }, 'codes.1 must be one of EXPIRED,'],
  [{ submit, message_id_path: 'a..b' }, 'message_id_path must be a path'],
  [{ submit, receipt: {} }, 'receipt cannot be used: state is required'],
  [{ submit, receipt: { state: 's' } }, 'receipt cannot be used: states is required'],
  [{ submit, receipt: { state: 's', states: { D: 'gone' } } }, 'states.D must be one of sent, delivered'],
  [
    { submit, receipt: { state: 's', states: { D: { state: 'sent', detail: 'x' } } } },
    'states.D.detail must be one of',
  ],
  [{ submit, receipt: { stat: 's' } }, 'stat is not known; there are items,'],
  [{ submit, inbound: { from: 'a' } }, 'inbound cannot be used: from and text are required'],
])('%j is refused when the list is saved', (credentials, problem) => {
  expect(findCredentialError(CARRIER.credentials, credentials)).toContain(problem);
});

test('good settings are taken', () => {
  expect(
    findCredentialError(CARRIER.credentials, { submit, ...RULES, receipt, inbound, callback_secret: 'x' }),
  ).toBeUndefined();
});
