export { createWordBlocker, defaultBlockedWords, type WordBlocker } from './blocked-words.ts';
export { classifyInbound, type InboundClass } from './classify-inbound.ts';
