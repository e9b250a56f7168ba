export { blockFields } from './blocks.ts';
export { contactFields, contactKeyFields, contactUpdateFields } from './contact-fields.ts';
export * from './contact-schemas.ts';
export { bindContactVerbs, type ContactVerbs } from './contact-verbs.ts';
export type { Evidence } from './evidence.ts';
export { type FieldsPatch, subscribe, type Subscribed, type Subscription } from './subscribe.ts';
export type { SubscriptionDeps } from './subscription-deps.ts';
export { type OptOut, type OptOutReason, unsubscribe } from './unsubscribe.ts';
