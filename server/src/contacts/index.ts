export type { Evidence } from './evidence.ts';
export { type FieldsPatch, subscribe, type Subscribed, type Subscription } from './subscribe.ts';
export type { SubscriptionDeps } from './subscription-deps.ts';
export { type OptOut, type OptOutReason, unsubscribe } from './unsubscribe.ts';
