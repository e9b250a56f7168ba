import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carrierIdSpellings, toNormalCarrierId } from './carrier-ids.ts';

describe('carrier ids', () => {
  it.each([
    ['1000000001', '3B9ACA01', 'hexadecimal, upper case'],
    ['1000000001', '3b9aca01', 'hexadecimal, lower case'],
    ['1000000001', '0001000000001', 'leading zeros'],
    ['3B9ACA01', '1000000001', 'decimal for a hexadecimal answer'],
    ['abc-12', 'ABC-12', 'letter case'],
    ['000', '0', 'only zeros'],
    ['SM5f0c', 'sm5F0C', 'mixed case'],
  ])('%s is found by a receipt that says %s (%s)', (answered, reported) => {
    expect(carrierIdSpellings(reported)).toContain(toNormalCarrierId(answered));
  });

  it('tries the spelling of the receipt itself first', () => {
    expect(carrierIdSpellings('12')[0]).toBe('12');
  });

  it('finds any number in decimal and in hexadecimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 100n }), (id) => {
        expect(carrierIdSpellings(id.toString(16))).toContain(toNormalCarrierId(id.toString(10)));
        expect(carrierIdSpellings(id.toString(10))).toContain(toNormalCarrierId(id.toString(16)));
      }),
    );
  });
});
