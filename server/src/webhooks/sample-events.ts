import { toEventBody, type EventName, type WebhookEvent } from './events.ts';

const MESSAGE = { number: 0, messageId: 'k3Vd81Qz' };
const PERSON = { phone: 13_125_550_142, listNumber: '+18445550111' };

/** What an endpoint can expect of an event, marked as a test. */
export function toSampleBody(event: EventName, nowMs: number): string {
  return `${toEventBody({ ...SAMPLES[event], atMs: nowMs }).slice(0, -1)},"test":true}`;
}

const SAMPLES: { readonly [Name in EventName]: Extract<WebhookEvent, { event: Name }> } = {
  delivery: {
    event: 'delivery',
    ...MESSAGE,
    ...PERSON,
    status: 'delivered',
    statusDetail: 'DELIVERED_TO_HANDSET',
    provider: 'twilio',
    atMs: 0,
  },
  unsubscribe: { event: 'unsubscribe', ...PERSON, keyword: 'STOP', reason: 'message', atMs: 0 },
  reply: {
    event: 'reply',
    replyId: '6925e0009c4de20011aa0501',
    ...PERSON,
    body: 'When do you open?',
    inReplyTo: MESSAGE,
    kind: 'text',
    label: null,
    atMs: 0,
  },
  sent: { event: 'sent', ...MESSAGE, ...PERSON, segments: 1, provider: 'twilio', atMs: 0 },
  click: {
    event: 'click',
    ...MESSAGE,
    ...PERSON,
    linkId: 'Zt4Lq9b',
    clickId: '6925f0009c4de20011aa0601',
    offerId: null,
    url: 'https://shop.example/t/4471',
    metadata: {},
    atMs: 0,
  },
  conversion: {
    event: 'conversion',
    conversionId: '6925d1009c4de20011aa0402',
    type: 'sale',
    message: MESSAGE,
    phone: PERSON.phone,
    offerId: '6920a1f09c4de20011aa0101',
    revenue: 3.25,
    txnId: 'T-9001',
    attributed: true,
    atMs: 0,
  },
  resubscribe: { event: 'resubscribe', ...PERSON, keyword: 'START', source: 'keyword', atMs: 0 },
};
