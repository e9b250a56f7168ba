export { createWordBlocker, defaultBlockedWords, type WordBlocker } from './blocked-words.ts';
export { type Classified, classifyInbound, INBOUND_CLASSES, type InboundClass } from './classify-inbound.ts';
export { toNormalForm } from './normal-form.ts';
export { appendConsent, appendConsents, type ConsentEntry } from './consent-ledger.ts';
export type { ConsentKind, ConsentView } from './consent-record.ts';
export { consentsSchema, listConsents } from './list-consents.ts';
export { type LedgerCheck, verifyConsents } from './verify-consents.ts';
