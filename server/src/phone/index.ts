export { phoneFacts, type PhoneFacts, stateOf } from './phone-facts.ts';
export type { LookupResult, PhoneLookup } from './phone-lookup.ts';
export { simulatedLookup } from './simulated-lookup.ts';
export { timeZonesOf } from './time-zones.ts';
export { type Disposition, needsLookup, toLineType, validatePhones, type Validation } from './validate-phones.ts';
