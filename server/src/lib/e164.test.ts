import * as fc from 'fast-check';
import { type CountryCode, Metadata, parsePhoneNumberFromString } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/metadata.max';
import { describe, expect, test } from 'vitest';
import {
  countryOf,
  isE164,
  isListNumber,
  isShortCode,
  normaliseV1Phone,
  numberToPhone,
  phoneToNumber,
} from './e164.ts';

const callingCodes = [...Object.keys(metadata.country_calling_codes), ...Object.keys(metadata.nonGeographic)];

describe('isE164', () => {
  test.each([
    '+13125550142',
    '+18445550111',
    '+447911123456',
    '+33612345678',
    '+4915112345678',
    '+390612345678',
    '+80012345678',
    '+2908403',
  ])('takes %s', (number) => {
    expect(isE164(number)).toBe(true);
  });

  test.each([
    ['no plus', '13125550142'],
    ['empty', ''],
    ['only a plus', '+'],
    ['a leading zero', '+0131255501'],
    ['too short for the US', '+1312555014'],
    ['too long for the US', '+131255501423'],
    ['seven national digits in the US', '+15550142'],
    ['an unknown calling code', '+2101234567'],
    ['six digits', '+123456'],
    ['sixteen digits', '+4912345678901234'],
    ['a letter', '+1312555014a'],
    ['a space', '+1 3125550142'],
    ['a trailing space', '+13125550142 '],
    ['a line feed at the end', '+13125550142\n'],
    ['a digit of another script', '+1312555014٢'],
    ['a national prefix after the calling code', '+4407911123456'],
  ])('refuses %s: %j', (_name, text) => {
    expect(isE164(text)).toBe(false);
  });

  test('agrees with the lengths of libphonenumber for every calling code and length', () => {
    const plans = new Metadata(metadata);
    for (const code of callingCodes) {
      plans.selectNumberingPlan(code as CountryCode);
      const lengths = plans.numberingPlan?.possibleLengths() ?? [];
      for (let digits = 1; digits <= 18; digits++) {
        const number = `+${code.padEnd(digits, '2')}`;
        const expected = digits >= 7 && digits <= 15 && lengths.includes(digits - code.length);
        expect([number, isE164(number)]).toEqual([number, expected]);
      }
    }
  });

  test('agrees with isPossible of libphonenumber for generated numbers', () => {
    const numbers = fc
      .tuple(fc.constantFrom(...callingCodes), fc.stringMatching(/^[0-9]{4,14}$/))
      .map(([code, rest]) => ({ code, rest, text: `+${code}${rest}` }));
    fc.assert(
      fc.property(numbers, ({ code, rest, text }) => {
        const parsed = parsePhoneNumberFromString(text, metadata);
        // The library cuts a national prefix off and judges detected small countries by their own lengths; a number
        // that is to be dialled as written, by its calling code, cannot do either.
        fc.pre(parsed === undefined || (parsed.nationalNumber === rest && isMainCountry(parsed.country, code)));
        expect(isE164(text)).toBe(/^\+[1-9][0-9]{6,14}$/.test(text) && parsed?.isPossible() === true);
      }),
      { numRuns: 5_000 },
    );
  });
});

function isMainCountry(country: string | undefined, code: string): boolean {
  const countries: Readonly<Record<string, readonly string[]>> = metadata.country_calling_codes;
  return country === undefined || countries[code]?.[0] === country;
}

test.each([
  ['12345', true],
  ['123456', true],
  ['1234', false],
  ['1234567', false],
  ['+12345', false],
  ['12345\n', false],
])('short code %j: %s', (text, expected) => {
  expect(isShortCode(text)).toBe(expected);
  expect(isListNumber(text)).toBe(expected);
});

test('a list number may be E.164', () => {
  expect(isListNumber('+18445550111')).toBe(true);
});

test('numbers survive the way to an integer and back', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^\+[1-9][0-9]{6,14}$/), (text) => {
      expect(numberToPhone(phoneToNumber(text))).toBe(text);
    }),
  );
});

test.each([
  ['+13125550142', '+13125550142'],
  ['13125550142', '+13125550142'],
  ['(312) 555-0142', '+13125550142'],
  ['312.555.0142', '+13125550142'],
  ['+44 7911 123456', '+447911123456'],
  ['(+44) 7911 123456', '+447911123456'],
  ['5550142', undefined],
  ['abc', undefined],
  ['', undefined],
  ['+', undefined],
  ['+0123', undefined],
  ['23125550142', undefined],
])('v1 spelling %j becomes %j', (text, expected) => {
  expect(normaliseV1Phone(text)).toBe(expected);
});

test.each([
  ['+13125550142', 'US'],
  ['+14165550142', 'US'],
  ['12345', 'US'],
  ['+447911123456', 'GB'],
  ['+33612345678', 'FR'],
  ['+79161234567', 'RU'],
  ['+80012345678', '001'],
])('the country of %s is %s', (number, country) => {
  expect(countryOf(number)).toBe(country);
});
