import { assert, constantFrom, integer, nat, oneof, pre, property, tuple } from 'fast-check';
import { type CountryCode, type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/core';
import examples from 'libphonenumber-js/examples.mobile.json' with { type: 'json' };
import metadata from 'libphonenumber-js/metadata.max';
import { expect, test } from 'vitest';
import { phoneFacts } from './phone-facts.ts';
import { timeZonesOf } from './time-zones.ts';

test.each([
  ['+13125550142', { isValid: true, lineType: 'CELL PHONE', country: 'US', state: 'IL' }],
  ['+16135550142', { isValid: true, lineType: 'CELL PHONE', country: 'CA', state: null }],
  ['+18005550142', { isValid: true, lineType: 'LANDLINE', country: 'US', state: null }],
  ['+15005550142', { isValid: true, lineType: 'VOIP', country: 'US', state: null }],
  ['+12025550142', { isValid: true, lineType: 'CELL PHONE', country: 'US', state: 'DC' }],
  ['+17875550142', { isValid: true, lineType: 'CELL PHONE', country: 'PR', state: null }],
  ['+4915501234567', { isValid: true, lineType: 'CELL PHONE', country: 'DE', state: null }],
  ['+445612345678', { isValid: true, lineType: 'VOIP', country: 'GB', state: null }],
  ['+447012345678', { isValid: true, lineType: 'VOIP', country: 'GB', state: null }],
  ['+3906123456', { isValid: true, lineType: 'LANDLINE', country: 'IT', state: null }],
  ['+448081570000', { isValid: true, lineType: 'LANDLINE', country: 'GB', state: null }],
  ['+19005550142', { isValid: true, lineType: 'LANDLINE', country: 'US', state: null }],
  ['+33810123456', { isValid: true, lineType: 'LANDLINE', country: 'FR', state: null }],
  ['+443331234567', { isValid: true, lineType: 'LANDLINE', country: 'GB', state: null }],
  ['+41860123456789', { isValid: true, lineType: 'LANDLINE', country: 'CH', state: null }],
  ['+447640123456', { isValid: true, lineType: 'LANDLINE', country: 'GB', state: null }],
  ['+870301234567', { isValid: true, lineType: 'CELL PHONE', country: null, state: null }],
  ['+13121550142', { isValid: false, lineType: 'FAKE', state: null }],
  ['+442079460958', { isValid: true, lineType: 'LANDLINE', country: 'GB', state: null }],
  ['+447400123456', { isValid: true, lineType: 'CELL PHONE', country: 'GB', state: null }],
  ['+80012345678', { isValid: true, lineType: 'LANDLINE', country: null, state: null }],
])('%s is what its number tells', (e164, facts) => {
  expect(phoneFacts(Number(e164.slice(1)))).toMatchObject(facts);
});

/** As the contract groups the types of libphonenumber. */
function lineTypeOf(type: NumberType): string {
  if (type === undefined) return 'UNKNOWN';
  if (type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE') return 'CELL PHONE';
  return type === 'VOIP' || type === 'PERSONAL_NUMBER' ? 'VOIP' : 'LANDLINE';
}

test('the answers are those of libphonenumber for numbers near real ones of every country', () => {
  const real = Object.entries(examples).map(([country, national]) => {
    const number = parsePhoneNumberFromString(national, country as CountryCode, metadata)?.number;
    return Number(String(number).slice(1));
  });
  const near = tuple(constantFrom(...real), nat({ max: 9 }), nat({ max: 7 })).map(
    ([phone, digit, place]) => phone + (digit - 5) * 10 ** place,
  );
  assert(
    property(oneof(near, integer({ min: 12_010_000_000, max: 19_899_999_999 })), (phone) => {
      const parsed = parsePhoneNumberFromString(`+${phone}`, metadata);
      // It would take a national prefix away that nobody dials after a country code.
      pre(parsed !== undefined && parsed.countryCallingCode + parsed.nationalNumber === String(phone));
      const { isValid, lineType } = phoneFacts(phone);
      expect(isValid).toBe(parsed.isValid());
      expect(lineType).toBe(isValid ? lineTypeOf(parsed.getType()) : 'FAKE');
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['+12125550142', ['America/New_York']],
  ['+12085550142', ['America/Boise', 'America/Denver', 'America/Los_Angeles']],
  ['+12195550142', ['America/Chicago', 'America/New_York']],
  ['+13085550142', ['America/Chicago', 'America/Denver']],
  ['+15415550142', ['America/Denver', 'America/Los_Angeles']],
  ['+16055550142', ['America/Chicago', 'America/Denver', 'America/North_Dakota/Center']],
  ['+17755550142', ['America/Boise', 'America/Denver', 'America/Los_Angeles']],
  ['+18505550142', ['America/Chicago', 'America/New_York']],
  ['+19075550142', ['America/Adak', 'America/Anchorage', 'America/Juneau', 'Pacific/Honolulu']],
  ['+19285550142', ['America/Denver', 'America/Phoenix']],
  ['+13645550142', ['America/Chicago', 'America/New_York']],
  ['+14585550142', ['America/Denver', 'America/Los_Angeles']],
  ['+19865550142', ['America/Boise', 'America/Denver', 'America/Los_Angeles']],
  ['+18005550142', []],
  ['+15005550142', []],
  ['+19005550142', []],
  ['+33612345678', ['Europe/Paris']],
  ['+447400123456', ['Europe/Guernsey', 'Europe/Isle_of_Man', 'Europe/London']],
])('%s may be in these zones', (e164, zones) => {
  expect(timeZonesOf(Number(e164.slice(1)))).toEqual(zones);
});
