export { createAddressRules } from './address-rules.ts';
export { createDispatcher, ENDPOINT_SHARES, type TryOutcome, type WebhookDispatcher } from './dispatcher.ts';
export { createEndpointFields, endpointFieldDocs } from './endpoint-fields.ts';
export { describeEvents } from './event-schemas.ts';
export type {
  ClickEvent,
  ConversionEvent,
  DeliveryEvent,
  DeliveryStatus,
  EventName,
  ReplyEvent,
  ResubscribeEvent,
  SentEvent,
  UnsubscribeEvent,
  WebhookEvent,
} from './events.ts';
export { createOutbox, NO_OUTBOX, type Outbox } from './outbox.ts';
export { keepWebhooks } from './upkeep.ts';
export { deliveryQueryFields } from './webhook-deliveries.ts';
export { createWebhookSender, type WebhookSender } from './webhook-sender.ts';
export { createWebhookVerbs, type WebhookVerbs } from './webhook-verbs.ts';
export {
  deletedWebhookSchema,
  deliveryPageSchema,
  replayedDeliverySchema,
  testedWebhookSchema,
  webhookPageSchema,
  webhookSchema,
} from './webhook-view.ts';
