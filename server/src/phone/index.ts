export { phoneFacts, type PhoneFacts, stateOf } from './phone-facts.ts';
export type { LookupResult, PhoneLookup } from './phone-lookup.ts';
export { phoneBatchFields, phoneFields, validatePhone, validatePhoneBatch } from './validate-phone.ts';
export { batchValidationSchema, VALIDATION_FIELDS, validationSchema } from './validation-schemas.ts';
export { readDoNotCall } from './read-do-not-call.ts';
export { phoneDataVersion, renewFacts } from './renew-facts.ts';
export { simulatedLookup } from './simulated-lookup.ts';
export { timeZonesOf } from './time-zones.ts';
export {
  assertPayable,
  type AskedPhone,
  type Disposition,
  toLineType,
  validatePhones,
  type Validation,
} from './validate-phones.ts';
