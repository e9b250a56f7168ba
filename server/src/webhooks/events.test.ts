import { readFile } from 'node:fs/promises';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { describeEvents, eventSchema } from './event-schemas.ts';
import { EVENT_NAMES, messageNumberOf, toEventBody, type WebhookEvent } from './events.ts';
import { toSampleBody } from './sample-events.ts';

const phone = 13_125_550_142;
const listNumber = '+18445550111';
const message = { number: 7, messageId: 'k3Vd81Qz' };

/** The bodies of the contract, byte for byte. */
const EXAMPLES: readonly [WebhookEvent, string][] = [
  [
    {
      event: 'delivery',
      ...message,
      phone,
      listNumber,
      status: 'delivered',
      statusDetail: 'DELIVERED_TO_HANDSET',
      provider: 'twilio',
      atMs: Date.parse('2026-11-02T17:04:22.900Z'),
    },
    '{"event":"delivery","message_id":"k3Vd81Qz","to":"+13125550142","list_number":"+18445550111","status":"delivered","status_detail":"DELIVERED_TO_HANDSET","provider":"twilio","timestamp":"2026-11-02T17:04:22.900Z"}',
  ],
  [
    {
      event: 'unsubscribe',
      phone,
      listNumber,
      keyword: 'Stop',
      reason: 'message',
      atMs: Date.parse('2026-11-02T17:04:09.250Z'),
    },
    '{"event":"unsubscribe","phone_number":"+13125550142","list_number":"+18445550111","keyword":"STOP","timestamp":"2026-11-02T17:04:09.250Z","reason":"message"}',
  ],
  [
    {
      event: 'reply',
      replyId: '6925e0009c4de20011aa0501',
      phone,
      listNumber,
      body: 'When do you open?',
      inReplyTo: message,
      kind: 'text',
      label: null,
      atMs: Date.parse('2026-11-02T17:06:00Z'),
    },
    '{"event":"reply","reply_id":"6925e0009c4de20011aa0501","phone_number":"+13125550142","list_number":"+18445550111","body":"When do you open?","in_reply_to":"k3Vd81Qz","kind":"text","label":null,"timestamp":"2026-11-02T17:06:00.000Z"}',
  ],
  [
    {
      event: 'sent',
      ...message,
      phone,
      listNumber,
      segments: 1,
      provider: 'twilio',
      atMs: Date.parse('2026-11-02T17:04:20.311Z'),
    },
    '{"event":"sent","message_id":"k3Vd81Qz","to":"+13125550142","list_number":"+18445550111","segments":1,"provider":"twilio","timestamp":"2026-11-02T17:04:20.311Z"}',
  ],
  [
    {
      event: 'click',
      ...message,
      phone,
      listNumber,
      linkId: 'Zt4Lq9b',
      clickId: '6925f0009c4de20011aa0601',
      offerId: null,
      url: 'https://shop.example/t/4471',
      metadata: {},
      atMs: Date.parse('2026-11-02T17:09:41.120Z'),
    },
    '{"event":"click","message_id":"k3Vd81Qz","phone_number":"+13125550142","list_number":"+18445550111","link_id":"Zt4Lq9b","click_id":"6925f0009c4de20011aa0601","offer_id":null,"url":"https://shop.example/t/4471","metadata":{},"timestamp":"2026-11-02T17:09:41.120Z"}',
  ],
  [
    {
      event: 'conversion',
      conversionId: '6925d1009c4de20011aa0402',
      type: 'sale',
      message,
      phone,
      offerId: '6920a1f09c4de20011aa0101',
      revenue: 3.25,
      txnId: 'T-9001',
      attributed: true,
      atMs: Date.parse('2026-11-02T18:00:00Z'),
    },
    '{"event":"conversion","conversion_id":"6925d1009c4de20011aa0402","type":"sale","message_id":"k3Vd81Qz","phone_number":"+13125550142","offer_id":"6920a1f09c4de20011aa0101","revenue":3.25,"txn_id":"T-9001","attributed":true,"timestamp":"2026-11-02T18:00:00.000Z"}',
  ],
  [
    {
      event: 'resubscribe',
      phone,
      listNumber,
      keyword: 'START',
      source: 'keyword',
      atMs: Date.parse('2026-11-03T09:00:00Z'),
    },
    '{"event":"resubscribe","phone_number":"+13125550142","list_number":"+18445550111","keyword":"START","source":"keyword","timestamp":"2026-11-03T09:00:00.000Z"}',
  ],
];

test.each(EXAMPLES)('the body of %o', (event, body) => {
  expect(toEventBody(event)).toBe(body);
  expect(toEventBody({ ...event, simulated: true })).toBe(`${body.slice(0, -1)},"simulated":true}`);
});

test('every event has its row here', () => {
  expect(EXAMPLES.map(([{ event }]) => event).sort()).toEqual([...EVENT_NAMES].sort());
});

test.each(EXAMPLES)('openapi.json describes %o', ({ event }, body) => {
  const schema = eventSchema(event);
  const payload = JSON.parse(body) as Record<string, unknown>;
  expect(Object.keys(schema.properties)).toEqual([...Object.keys(payload), 'simulated', 'test']);
  expect(schema.required).toEqual(Object.keys(payload));
  expect(Value.Check(schema, payload)).toBe(true);
  for (const key of Object.keys(payload))
    expect([key, Value.Check(schema, { ...payload, [key]: {} })]).toEqual([key, key === 'metadata']);
  expect(describeEvents()).toHaveProperty(event);
});

test.each(EXAMPLES)('the sample of a test is the example: %o', (event, body) => {
  expect(toSampleBody(event.event, event.atMs)).toBe(`${body.slice(0, -1)},"test":true}`);
});

test('the guide shows every body', async () => {
  const guide = await readFile(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8');
  const shown = guide.split('\n').filter((line) => line.startsWith('{"event":'));
  expect(shown).toEqual(EXAMPLES.map(([, body]) => body));
});

test('deliveries are found by the message that they are about', () => {
  expect(EXAMPLES.map(([event]) => messageNumberOf(event))).toEqual([7, null, 7, 7, 7, 7, null]);
});

const REPLY = EXAMPLES[2]![0];

test.each([
  ['plain', 'x'.repeat(30_000)],
  ['characters of two halves', '😀'.repeat(10_000)],
  ['characters that JSON escapes', '\u0001'.repeat(10_000)],
])('a reply that is too long is cut between characters: %s', (_name, text) => {
  const body = toEventBody({ ...REPLY, body: text } as WebhookEvent);
  expect(Buffer.byteLength(body)).toBeLessThan(20_000);
  expect(Buffer.byteLength(body)).toBeGreaterThan(19_980);
  const cut = (JSON.parse(body) as { body: string }).body;
  expect(text.startsWith(cut)).toBe(true);
  expect(cut.isWellFormed()).toBe(true);
});

test('a keyword is shown as it was written, in upper case, 160 characters at the most', () => {
  const { keyword } = JSON.parse(
    toEventBody({ ...EXAMPLES[1]![0], keyword: `please ${'stop '.repeat(60)}` } as WebhookEvent),
  ) as { keyword: string };
  expect(keyword).toHaveLength(160);
  expect(keyword.startsWith('PLEASE STOP STOP')).toBe(true);
});
