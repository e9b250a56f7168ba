export type { ContactEvent, Evidence, ResubscribeEvent, UnsubscribeEvent } from './contact-event.ts';
export {
  type FieldsPatch,
  subscribe,
  type Subscribed,
  type Subscription,
  toResubscribeEvents,
} from './subscribe.ts';
export { type OptOut, type OptOutReason, unsubscribe } from './unsubscribe.ts';
