import { type TObject, type TSchema, Type } from 'typebox';
import { wordSchema as words } from '../lib/fields.ts';
import { EVENT_NAMES, type EventName } from './events.ts';
import { toSampleBody } from './sample-events.ts';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const id = (description: string) => Type.String({ description });
const phone = (description: string) => Type.String({ description, examples: ['+13125550142'] });
const person = phone('The number of the person, E.164');
const listNumber = Type.String({ description: 'The list: a number of ours' });
const messageId = id('As the send answered it');
const provider = (description: string) => Type.String({ description, examples: ['twilio'] });
const timestamp = Type.String({ format: 'date-time', description: 'When it happened, not when it is told' });
const keyword = nullable(
  Type.String({
    maxLength: 160,
    description: 'The words that were understood, in upper case; null when it was not by text',
  }),
);

const DELIVERY_STATUSES = ['delivered', 'undeliverable', 'expired', 'rejected', 'pending'] as const;
const REASONS = ['message', 'manual', 'complaint', 'bad_response', 'invalid_contact', 'api', 'journey'] as const;
const SOURCES = ['keyword', 'api', 'form', 'optin', 'journey', 'inbound'] as const;
const REPLY_KINDS = ['text', 'reaction', 'abuse', 'yes_no'] as const;

/** What each event is told with, in the order of its keys, after `event`. */
const FACTS: { readonly [Name in EventName]: { readonly when: string; readonly facts: Record<string, TSchema> } } = {
  sent: {
    when: 'The carrier took a message',
    facts: {
      message_id: messageId,
      to: phone('The recipient, E.164'),
      list_number: listNumber,
      segments: Type.Integer({ minimum: 1, description: 'Parts that it was sent in' }),
      provider: provider('Type of the list'),
      timestamp,
    },
  },
  delivery: {
    when: 'What is known of a message has changed, or it ended without being sent',
    facts: {
      message_id: messageId,
      to: phone('The recipient, E.164'),
      list_number: listNumber,
      status: words(DELIVERY_STATUSES),
      status_detail: nullable(Type.String({ description: 'Why, in a word such as `DELIVERED_TO_HANDSET`' })),
      provider: nullable(provider('Type of the list; null when no carrier was asked')),
      timestamp,
    },
  },
  reply: {
    when: 'A text that is no keyword',
    facts: {
      reply_id: id('As `GET /api/v2/replies` has it'),
      phone_number: person,
      list_number: listNumber,
      body: Type.String({ description: 'Cut where the whole would be 20 kB or more' }),
      in_reply_to: nullable(id('The newest message from that list to the number within 7 days')),
      kind: words(REPLY_KINDS),
      label: nullable(Type.String({ description: 'Group of words of an abusive text' })),
      timestamp,
    },
  },
  unsubscribe: {
    when: 'A contact of a list became inactive',
    facts: { phone_number: person, list_number: listNumber, keyword, timestamp, reason: words(REASONS) },
  },
  resubscribe: {
    when: 'An unsubscribed or new number subscribed',
    facts: {
      phone_number: person,
      list_number: listNumber,
      keyword,
      source: words(SOURCES),
      timestamp,
    },
  },
  click: {
    when: 'A short link was followed',
    facts: {
      message_id: messageId,
      phone_number: person,
      list_number: listNumber,
      link_id: id('The short link'),
      click_id: id('This click'),
      offer_id: nullable(id('The offer that the link is of')),
      url: Type.String({ description: 'Where it led' }),
      metadata: Type.Record(Type.String(), Type.Unknown(), { description: 'Of the send' }),
      timestamp,
    },
  },
  conversion: {
    when: 'A conversion was stored',
    facts: {
      conversion_id: id('This conversion'),
      type: Type.String({ examples: ['sale'] }),
      message_id: nullable(messageId),
      phone_number: nullable(person),
      offer_id: nullable(id('The offer')),
      revenue: nullable(Type.Number({ description: 'In whole units of the currency' })),
      txn_id: nullable(Type.String({ description: 'Of the one who reported it' })),
      attributed: Type.Boolean({ description: 'A message is known that it came of' }),
      timestamp,
    },
  },
};

/** Not of the contract's examples: they are there when they are true. */
const MARKS = {
  simulated: Type.Optional(Type.Literal(true, { description: 'Of a sandbox key' })),
  test: Type.Optional(Type.Literal(true, { description: 'A sample that was asked for' })),
};

export function eventSchema(event: EventName): TObject {
  return Type.Object({ event: Type.Literal(event), ...FACTS[event].facts, ...MARKS });
}

/** `webhooks` of OpenAPI 3.1: the requests that we make. */
export function describeEvents(): Record<string, object> {
  return Object.fromEntries(EVENT_NAMES.map((event) => [event, { post: describeEvent(event) }]));
}

function describeEvent(event: EventName): object {
  const headers = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'X-Trackly-Signature'];
  const example = JSON.parse(toSampleBody(event, SAMPLE_MS)) as unknown;
  return {
    operationId: `on_${event}`,
    tags: ['Webhooks'],
    summary: FACTS[event].when,
    description: 'At least once, in no order. Verify the signature over the bytes as they came. Fields may be added.',
    security: [],
    parameters: headers.map((name) => ({ name, in: 'header', required: true, schema: { type: 'string' } })),
    requestBody: { required: true, content: { 'application/json': { schema: eventSchema(event), example } } },
    responses: { '2XX': { description: 'Taken, within 15 seconds; anything else is tried again' } },
  };
}

const SAMPLE_MS = Date.UTC(2026, 10, 2, 17, 4, 22, 900);
