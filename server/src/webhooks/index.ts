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
