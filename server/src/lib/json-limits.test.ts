import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compactJsonBytes, depthOver } from './json-limits.ts';

const arrays = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
const objects = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));

test.each<[value: unknown, levels: number]>([
  ['x', 0],
  [null, 0],
  [{}, 1],
  [[], 1],
  [[1, [], { a: [] }], 3],
  [{ a: 1, b: [1, { c: arrays(62) }] }, 65],
])('%j has exactly %i levels', (value, levels) => {
  expect(depthOver(value, levels)).toBe(false);
  expect(levels > 0 && depthOver(value, levels - 1)).toBe(levels > 0);
});

test.each([arrays, objects])('64 levels are allowed, 65 are not', (nest) => {
  expect([depthOver(nest(64), 64), depthOver(nest(65), 64)]).toEqual([false, true]);
});

test('a value of a million levels is refused without harm', () => {
  expect(depthOver(arrays(1_000_000), 64)).toBe(true);
});

test('agrees with the depth of generated values', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(6), (value, max) => {
      expect(depthOver(value, max)).toBe(depthOf(value) > max);
    }),
  );
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test.each<[value: unknown, sizeBytes: number]>([
  [{}, 2],
  [{ a: 1, b: [true, null] }, 23],
  ['é', 4],
  [undefined, 0],
])('the compact size of %j is %i bytes', (value, sizeBytes) => {
  expect(compactJsonBytes(value)).toBe(sizeBytes);
});
