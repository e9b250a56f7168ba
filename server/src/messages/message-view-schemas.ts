import { type Static, type TSchema, Type } from 'typebox';
import { CHECKS } from '../pipeline/decisions.ts';
import { MESSAGE_STATES, type MessageState, type MessageStatus } from '../pipeline/message-state.ts';
import { SOURCES, type Source } from '../pipeline/batch.ts';

/** Words of `state`: `submitting` is shown as `queued`. */
export type ShownState = Exclude<MessageState, 'submitting'>;
export const SHOWN_STATES = Object.keys(MESSAGE_STATES).filter((state) => state !== 'submitting') as ShownState[];
export const SHOWN_STATUSES = [
  'queued',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'dropped',
  'orphaned',
] as const satisfies readonly MessageStatus[];

const words = <T extends string>(values: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = (description: string) => Type.String({ description });
const time = (description: string) => Type.String({ format: 'date-time', description });
const state = () => words(SHOWN_STATES, { description: 'Full vocabulary of states' });

const SHORT_FIELDS = {
  id: Type.String({ examples: ['k3Vd81Qz'], description: 'Sandbox messages: sandbox_ and 8 characters' }),
  v1_id: text('The id in version 1 of the API'),
  to: Type.String({ examples: ['+13125550142'], description: 'Recipient, E.164' }),
  list_id: Type.Integer(),
  list_number: text('Sending number, E.164 or short code'),
  status: words(SHOWN_STATUSES),
  state: state(),
  status_detail: nullable(text('Why: a word of the carrier, the reason of a hold or of a drop')),
  permanent: nullable(Type.Boolean({ description: 'A repeat to this recipient would fail again' })),
  body: nullable(text('Final text; null before the gate')),
  template: text('The text as given'),
  category: words(['transactional', 'marketing'] as const),
  source: words(Object.keys(SOURCES) as Source[]),
  send_type: text('What made the message: the source, or the kind of its schedule'),
  schedule_id: nullable(Type.String()),
  run_id: nullable(Type.String()),
  variant_name: nullable(Type.String()),
  creative_id: nullable(Type.Integer()),
  journey_id: nullable(Type.String()),
  mms_image_url: nullable(Type.String()),
  skips: Type.Array(Type.String(), { description: 'Flags of send-raw that were used' }),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  encoding: nullable(words(['GSM-7', 'UCS-2'] as const)),
  characters: nullable(Type.Integer({ description: 'GSM-7: septets; UCS-2: UTF-16 units' })),
  segments: nullable(Type.Integer()),
  provider: text('Type of the list'),
  carrier_message_ids: Type.Array(Type.String()),
  carrier_code: nullable(text("The carrier's own code")),
  cost: Type.Object({
    amount: Type.Number({ description: '0 until the message left for the carrier' }),
    currency: Type.String(),
  }),
  hold: nullable(
    Type.Object({
      reason: nullable(Type.String()),
      until: nullable(time('End of the hold')),
      rule: nullable(Type.String()),
    }),
  ),
  simulated: Type.Boolean(),
  imported: Type.Boolean(),
  times: Type.Object({
    created_at: time('Accepted'),
    send_at: nullable(time('Not to be sent before')),
    submitted_at: nullable(time('Handed to the carrier')),
    sent_at: nullable(time('Accepted by the carrier')),
    final_at: nullable(time('Reached a final state')),
    updated_at: time('Last change'),
  }),
  clicks: Type.Object({
    total: Type.Integer(),
    human: Type.Integer(),
    bot: Type.Integer(),
    first_human_at: nullable(time('First click of a person')),
  }),
  revenue: Type.Object({ total: Type.Number(), conversions: Type.Integer() }),
};

/** A row of `GET /api/v2/messages`. */
const messageRowSchema = Type.Object(SHORT_FIELDS);

/** `GET /api/v2/messages/{id}`. */
export const messageSchema = Type.Object({
  ...SHORT_FIELDS,
  parts: Type.Array(
    Type.Object({
      part: Type.Integer(),
      carrier_message_id: nullable(Type.String()),
      state: state(),
      detail: nullable(Type.String()),
    }),
  ),
  links: Type.Array(
    Type.Object({
      link_id: Type.String(),
      short_url: nullable(Type.String()),
      destination_url: Type.String(),
      offer_id: nullable(Type.String()),
    }),
  ),
  decisions: Type.Array(
    Type.Object({
      check: words(CHECKS),
      result: words(['pass', 'exempt', 'drop', 'hold', 'fail'] as const),
      code: Type.Optional(nullable(Type.String())),
      rule: Type.Optional(nullable(text('Id of the rule that held or dropped it, also once it went'))),
      rule_version: Type.Optional(nullable(Type.Integer())),
    }),
  ),
  events: Type.Array(Type.Object({ at: time('When'), state: state(), detail: nullable(Type.String()) })),
});

export const messagePageSchema = Type.Object({
  messages: Type.Array(messageRowSchema),
  pagination: Type.Object({ limit: Type.Integer(), next_cursor: nullable(Type.String()) }),
});

export const cancelledMessageSchema = Type.Object({
  success: Type.Literal(true),
  message_id: Type.String(),
  status: Type.Literal('dropped'),
  status_detail: Type.Literal('cancelled'),
});

export type MessageRow = Static<typeof messageRowSchema>;
export type MessageView = Static<typeof messageSchema>;
export type MessagePage = Static<typeof messagePageSchema>;
export type CancelledMessage = Static<typeof cancelledMessageSchema>;
