import { describe, expect, test } from 'vitest';
import type { CallbackRequest } from '../carrier.ts';
import { INFOBIP_CALLBACKS, parseInfobipTime } from './callbacks.ts';
import { INFOBIP_ERRORS, INFOBIP_STATUSES } from './statuses.ts';

function call(payload: unknown, secret: string | null = null): CallbackRequest {
  const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return { url: 'https://sms.example.net/', secret, query: {}, headers: {}, body, nowMs: 1_793_638_449_000 };
}

/** A receipt as it is published. */
function receipt(status: object, error: object = { groupId: 0, name: 'NO_ERROR', permanent: false }): object {
  return {
    bulkId: 'BULK-ID-123-xyz',
    messageId: 'k3Vd81Qz',
    to: '13125550142',
    from: '18445550111',
    sentAt: '2026-11-02T17:04:21.100+0000',
    doneAt: '2026-11-02T17:04:22.900+0000',
    smsCount: 1,
    mccMnc: '310260',
    callbackData: 'k3Vd81Qz',
    price: { pricePerMessage: 0.01, currency: 'EUR' },
    status,
    error,
  };
}

const reportOf = (status: object, error?: object) =>
  INFOBIP_CALLBACKS.parse(call({ results: [receipt(status, error)] }))?.reports[0];
const GROUPS = { 1: 'PENDING', 2: 'UNDELIVERABLE', 3: 'DELIVERED', 4: 'EXPIRED', 5: 'REJECTED' } as const;
const statusOf = (groupId: keyof typeof GROUPS, name: string): object => ({
  groupId,
  groupName: GROUPS[groupId],
  name,
});

describe('receipts', () => {
  test('carry our id, our number and the time of the carrier', () => {
    expect(reportOf(statusOf(3, 'DELIVERED_TO_HANDSET'))).toEqual({
      messageId: 'k3Vd81Qz',
      carrierId: 'k3Vd81Qz',
      part: null,
      state: 'delivered',
      detail: 'DELIVERED_TO_HANDSET',
      permanent: null,
      code: null,
      atMs: Date.parse('2026-11-02T17:04:22.900Z'),
      ownNumber: '18445550111',
    });
  });

  const ROWS: readonly (readonly [
    group: keyof typeof GROUPS,
    name: string,
    state: string,
    detail: string,
    permanent: boolean | null,
  ])[] = [
    [1, 'PENDING_ENROUTE', 'sent', 'PENDING', null],
    [1, 'PENDING_WAITING_DELIVERY', 'sent', 'PENDING', null],
    [3, 'DELIVERED_TO_HANDSET', 'delivered', 'DELIVERED_TO_HANDSET', null],
    [3, 'DELIVERED_TO_OPERATOR', 'sent', 'DELIVERED_TO_OPERATOR', null],
    [2, 'UNDELIVERABLE_REJECTED_OPERATOR', 'undelivered', 'REJECTED_OPERATOR', false],
    [2, 'UNDELIVERABLE_NOT_DELIVERED', 'undelivered', 'UNDELIVERABLE_NOT_DELIVERED', false],
    [2, 'UNDELIVERABLE_NOT_SENT', 'undelivered', 'UNDELIVERABLE_NOT_DELIVERED', false],
    [2, 'UNDELIVERABLE_REJECTED_PLATFORM', 'undelivered', 'REJECTED_SYSTEM_ERROR', false],
    [4, 'EXPIRED_EXPIRED', 'undelivered', 'EXPIRED', false],
    [5, 'REJECTED_ABSENT_SUBSCRIBER', 'undelivered', 'REJECTED_ABSENT_SUBSCRIBER', false],
    [5, 'REJECTED_SPAM', 'undelivered', 'REJECTED_SPAM', true],
    [5, 'REJECTED_DND', 'undelivered', 'REJECTED_OPTED_OUT', true],
    [5, 'REJECTED_DUPLICATE_MESSAGE_ID', 'sent', 'PENDING', null],
    [5, 'REJECTED_SOMETHING_NEW', 'undelivered', 'CARRIER_REJECTED_SOMETHING_NEW', false],
  ];
  test.each(ROWS)('group %i, %s', (group, name, state, detail, permanent) => {
    const error = { groupId: 0, name: 'NO_ERROR' };
    expect(reportOf(statusOf(group, name), error)).toMatchObject({ state, detail, permanent });
  });

  const ERRORS: readonly (readonly [name: string, detail: string, permanent: boolean])[] = [
    ['EC_CONTENT_BLOCKED', 'REJECTED_OPTED_OUT', true],
    ['EC_BLOCKED_BY_CAMPAIGN_BLACKLIST', 'REJECTED_OPTED_OUT', true],
    ['EC_BLACKLISTED_DESTINATIONADDRESS', 'REJECTED_OPTED_OUT', true],
    ['EC_DEACTIVATED_LIST', 'REJECTED_DESTINATION', true],
    ['EC_INVALID_REQUEST_DESTINATION', 'REJECTED_DESTINATION', true],
    ['EC_DEST_ADDRESS_UNABLE_TO_RECEIVE_SMS', 'REJECTED_DESTINATION', true],
    ['EC_REJECTED_SPAM_BY_OPERATOR', 'REJECTED_CONTENT', true],
    ['EC_MSG_TEXT_TOO_LONG', 'REJECTED_CONTENT', true],
    ['EC_LIMIT_REACHED', 'REJECTED_QUOTA', false],
    ['EC_QUOTA_REACHED', 'REJECTED_QUOTA', false],
    ['EC_10DLC_LIMIT_REACHED', 'REJECTED_QUOTA', false],
    ['EC_CAMPAIGNID_NOT_PROVISIONED', 'REJECTED_SENDER', true],
    ['EC_INVALID_SOURCE_ADDRESS', 'REJECTED_SENDER', true],
    ['EC_BLACKLISTED_SENDERADDRESS', 'REJECTED_SENDER', true],
    ['EC_VALIDITY_EXPIRED', 'EXPIRED', false],
    ['EC_MESSAGE_CANCELED', 'EXPIRED', false],
    ['EC_ABSENT_SUBSCRIBER', 'REJECTED_ABSENT_SUBSCRIBER', false],
    ['EC_ABSENT_SUBSCRIBER_SM', 'REJECTED_ABSENT_SUBSCRIBER', false],
    ['EC_SOMETHING_NEW', 'UNDELIVERABLE_NOT_DELIVERED', false],
  ];

  test.each(ERRORS)('the error %s says more than the status', (name, detail, permanent) => {
    const status = statusOf(2, 'UNDELIVERABLE_NOT_DELIVERED');
    expect(reportOf(status, { groupId: 1, name })).toMatchObject({ detail, permanent });
    // What the payload says goes before the table.
    expect(reportOf(status, { groupId: 1, name, permanent: !permanent })).toMatchObject({ permanent: !permanent });
  });

  test('every name of the tables is here', () => {
    const errors = new Set(ERRORS.map(([name]) => name));
    expect([...INFOBIP_ERRORS.keys()].filter((name) => !errors.has(name))).toEqual([]);
    const names = new Set(ROWS.map(([, name]) => name));
    const undelivered = [...INFOBIP_STATUSES.keys()].filter((name) => name.startsWith('UNDELIVERABLE_'));
    expect(undelivered.filter((name) => !names.has(name))).toEqual([]);
  });

  test('numbers of groups count when there is no name, numbers of statuses never', () => {
    expect(reportOf({ groupId: 3, id: 2, name: 'DELIVERED_TO_HANDSET' })).toMatchObject({ state: 'delivered' });
    expect(reportOf({ groupName: 'REJECTED', id: 5, name: 'REJECTED_SPAM' })).toMatchObject({
      detail: 'REJECTED_SPAM',
    });
  });

  test('a hundred in one call keep their order, and one of an unknown group is left out', () => {
    const rows = Array.from({ length: 100 }, (_, no) => ({
      ...receipt(statusOf(3, 'DELIVERED_TO_HANDSET')),
      messageId: `m${no}`,
      callbackData: `m${no}`,
    }));
    const content = INFOBIP_CALLBACKS.parse(call({ results: [...rows, receipt({ groupName: 'NEW', name: 'NEW' })] }));
    expect(content?.reports.map(({ messageId }) => messageId)).toEqual(rows.map(({ messageId }) => messageId));
  });
});

describe('inbound texts', () => {
  const TEXT = {
    messageId: '817790313235066447',
    from: '13125550142',
    to: '18445550111',
    text: 'STOP please',
    cleanText: 'please',
    keyword: 'STOP',
    receivedAt: '2026-11-02T17:06:00.000+0000',
    smsCount: 1,
    price: { pricePerMessage: 0, currency: 'EUR' },
    callbackData: null,
  };

  test('are the whole text at the time of the carrier', () => {
    expect(INFOBIP_CALLBACKS.parse(call({ results: [TEXT], messageCount: 1, pendingMessageCount: 0 }))).toEqual({
      reports: [],
      inbound: [
        {
          id: '817790313235066447',
          from: '13125550142',
          to: '18445550111',
          text: 'STOP please',
          atMs: Date.parse('2026-11-02T17:06:00Z'),
        },
      ],
    });
  });

  test('one without its sender leaves the others readable, and makes a call unreadable when it is alone', () => {
    const unknown = { ...TEXT, from: undefined };
    expect(INFOBIP_CALLBACKS.parse(call({ results: [unknown, TEXT] }))).toMatchObject({
      inbound: [{ text: 'STOP please' }],
      isPartial: true,
    });
    expect(INFOBIP_CALLBACKS.parse(call({ results: [unknown] }))).toBeUndefined();
  });
});

test.each(['', '{"results":', '[]', '{}', '{"results":{}}', '\u0000'])('%j cannot be read', (payload) => {
  expect(INFOBIP_CALLBACKS.parse(call(payload))).toBeUndefined();
});

test.each([
  ['2026-11-02T17:04:22.900+0000', Date.parse('2026-11-02T17:04:22.900Z')],
  ['2026-11-02T17:04:22.900-0530', Date.parse('2026-11-02T22:34:22.900Z')],
  ['2026-11-02T17:04:22Z', Date.parse('2026-11-02T17:04:22Z')],
  ['yesterday', null],
  [null, null],
])('the time %s', (text, timeMs) => {
  expect(parseInfobipTime(text)).toBe(timeMs);
});

test.each([
  ['the right secret', 'a-secret-of-the-path', 'a-secret-of-the-path', 'genuine'],
  ['a wrong one', 'a-secret-of-the-pat', 'a-secret-of-the-path', 'forged'],
  ['none where one is needed', null, 'a-secret-of-the-path', 'forged'],
  ['one where none is known', 'x', undefined, 'forged'],
  ['none at all', null, undefined, 'unsigned'],
])('%s in the path', (_, secret, callback_secret, expected) => {
  expect(INFOBIP_CALLBACKS.verify(call({}, secret), { callback_secret })).toBe(expected);
});
