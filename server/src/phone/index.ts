export { phoneFacts, type PhoneFacts } from './phone-facts.ts';
export { timeZonesOf } from './time-zones.ts';
