import { type Static, type TSchema, Type } from 'typebox';
import { timeOfId } from '../lib/timed-id.ts';
import type { StoredDelivery } from '../store/webhook-delivery-list-store.ts';
import { DELIVERY_STATES } from '../store/webhook-delivery-store.ts';
import type { EndpointRow } from '../store/webhook-endpoint-store.ts';
import { toWebhookId } from './signature.ts';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const words = (values: readonly string[]) => Type.Unsafe<string>({ type: 'string', enum: [...values] });
const time = () => Type.String({ format: 'date-time' });

export const STATE_WORDS = Object.keys(DELIVERY_STATES);
const HIDDEN_SECRET = 'whsec_***';

export const webhookSchema = Type.Object({
  id: Type.String({ examples: ['6926a0009c4de20011aa0701'] }),
  url: Type.String(),
  events: Type.Array(Type.String()),
  description: Type.String(),
  status: words(['active', 'paused', 'disabled']),
  status_reason: nullable(
    Type.String({ description: '`failing`: paused by the system; `gone`: the receiver said 410' }),
  ),
  include_drops: Type.Boolean(),
  secret: Type.String({ description: 'Shown once, when it is made' }),
  last_success_at: nullable(time()),
  last_failure_at: nullable(time()),
  created_at: time(),
});

export const webhookPageSchema = Type.Object({
  webhooks: Type.Array(webhookSchema),
  pagination: Type.Object({
    page: Type.Integer(),
    per_page: Type.Integer(),
    total: Type.Integer(),
    total_pages: Type.Integer(),
  }),
});

export const deletedWebhookSchema = Type.Object({ success: Type.Literal(true), deleted: Type.Literal(true) });

const deliverySchema = Type.Object({
  id: Type.String(),
  event: Type.String(),
  event_id: Type.String({ description: 'The header `webhook-id`: the same on every try and replay' }),
  message_id: nullable(Type.String()),
  state: words(STATE_WORDS),
  attempts: Type.Array(
    Type.Object({
      at: time(),
      status_code: nullable(Type.Integer()),
      duration_ms: Type.Integer(),
      error: nullable(Type.String()),
      response_excerpt: nullable(Type.String()),
    }),
  ),
  next_attempt_at: nullable(time()),
  created_at: time(),
});

export const deliveryPageSchema = Type.Object({
  deliveries: Type.Array(deliverySchema),
  pagination: Type.Object({ limit: Type.Integer(), next_cursor: nullable(Type.String()) }),
});

export const testedWebhookSchema = Type.Object({
  success: Type.Literal(true),
  delivery_id: Type.String(),
  delivered: Type.Boolean(),
  status_code: nullable(Type.Integer()),
  duration_ms: Type.Integer(),
  error: nullable(Type.String()),
});

export const replayedDeliverySchema = Type.Object({ success: Type.Literal(true), delivery_id: Type.String() });

export type WebhookView = Static<typeof webhookSchema>;
export type WebhookPage = Static<typeof webhookPageSchema>;
export type DeliveryView = Static<typeof deliverySchema>;
export type DeliveryPage = Static<typeof deliveryPageSchema>;
export type TestedWebhook = Static<typeof testedWebhookSchema>;

/** @param secret only right after it was made */
export function toWebhookView(row: EndpointRow, secret: string = HIDDEN_SECRET): WebhookView {
  return {
    id: row.id,
    url: row.url,
    events: [...row.events],
    description: row.description,
    status: row.status,
    status_reason: row.statusReason,
    include_drops: row.includeDrops,
    secret,
    last_success_at: toTime(row.lastSuccessMs),
    last_failure_at: toTime(row.lastFailureMs),
    created_at: new Date(row.createdMs).toISOString(),
  };
}

export function toDeliveryView(row: StoredDelivery): DeliveryView {
  const { message_id: messageId, in_reply_to: inReplyTo } = JSON.parse(row.body) as Record<string, string | null>;
  return {
    id: row.id,
    event: row.event,
    event_id: toWebhookId(row.eventId),
    message_id: messageId ?? inReplyTo ?? null,
    state: STATE_WORDS[row.state] ?? 'pending',
    attempts: row.attempts.map(({ at_ms: atMs, ...attempt }) => ({ at: new Date(atMs).toISOString(), ...attempt })),
    next_attempt_at: toTime(row.nextMs),
    created_at: new Date(timeOfId(row.id)).toISOString(),
  };
}

function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
