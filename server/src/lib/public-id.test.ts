import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIdCodec, createPermutation, hexId, type IdKind, newApiKey, v1ListId } from './public-id.ts';

const secretKey = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');
const shapes: [kind: IdKind, bits: number, pattern: RegExp][] = [
  ['message', 47, /^[0-9A-Za-z]{8}$/],
  ['link', 41, /^[0-9A-Za-z]{7}$/],
];

describe.each(shapes)('ids of kind %s', (kind, bits, pattern) => {
  const codec = createIdCodec(secretKey, kind);
  const size = 2 ** bits;
  const numbers = fc.integer({ min: 0, max: size - 1 });

  test('have the right form and are read back as the same number', () => {
    fc.assert(
      fc.property(numbers, (n) => {
        const id = codec.encode(n);
        expect(id).toMatch(pattern);
        expect(codec.decode(id)).toBe(n);
      }),
      { numRuns: 2_000 },
    );
  });

  test('work at both ends of the domain and refuse what lies outside', () => {
    expect(codec.decode(codec.encode(0))).toBe(0);
    expect(codec.decode(codec.encode(size - 1))).toBe(size - 1);
    for (const n of [-1, size, 0.5, Number.NaN]) expect(() => codec.encode(n)).toThrow(RangeError);
  });

  test('every text of the right form is refused or is the id of its number', () => {
    fc.assert(
      fc.property(fc.stringMatching(pattern), (text) => {
        const n = codec.decode(text);
        expect(n === undefined ? text : codec.encode(n)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses another length, another alphabet and values above the domain', () => {
    const id = codec.encode(1);
    const refused = ['', id.slice(1), `${id}0`, `${id.slice(1)}-`, `${id.slice(1)}é`, 'z'.repeat(id.length)];
    expect(refused.map((text) => codec.decode(text))).toEqual(refused.map(() => undefined));
  });

  test('an array is the ids of its numbers in order', () => {
    const starts = fc.oneof(numbers, fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: size - 2_000, max: size }));
    const prefixes = fc.constantFrom('', 'a', 'sandbox_');
    fc.assert(
      fc.property(starts, fc.integer({ min: 1, max: 1_000 }), prefixes, (start, count, prefix) => {
        const first = Math.min(start, size - count);
        const ids = Array.from({ length: count }, (_, place) => prefix + codec.encode(first + place));
        expect(codec.encodeJsonArray(first, count, prefix)).toBe(JSON.stringify(ids));
      }),
      { numRuns: 500 },
    );
  });

  test('an array has 1 to 1,000 ids of the domain', () => {
    const refused = [
      [0, 0],
      [0, 1_001],
      [-1, 1],
      [size - 1, 2],
      [0.5, 1],
    ] as const;
    for (const [first, count] of refused) expect(() => codec.encodeJsonArray(first, count, '')).toThrow(RangeError);
  });

  test('neighbours differ in about half of their bits', () => {
    const permutation = createPermutation(secretKey, kind, bits);
    const distances = Array.from({ length: 2_000 }, (_, n) =>
      countDifferentBits(permutation.permute(n), permutation.permute(n + 1)),
    );
    const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
    expect(Math.abs(mean - bits / 2)).toBeLessThan(1);
  });
});

function countDifferentBits(a: number, b: number): number {
  return (BigInt(a) ^ BigInt(b)).toString(2).replaceAll('0', '').length;
}

test.each([2, 3, 9, 12, 15])('a permutation of %i bits reaches every value once', (bits) => {
  const permutation = createPermutation(secretKey, 'test', bits);
  const { size } = permutation;
  const images = Array.from({ length: size }, (_, n) => permutation.permute(n));
  expect(images.map((image) => permutation.restore(image))).toEqual(Array.from({ length: size }, (_, n) => n));
  expect(images.every((image) => Number.isInteger(image) && image >= 0 && image < size)).toBe(true);
});

function firstIds(kind: IdKind, count: number, key = secretKey): string[] {
  const codec = createIdCodec(key, kind);
  return Array.from({ length: count }, (_, number) => codec.encode(number));
}

test('ids stay the same over releases for the same secret', () => {
  expect(firstIds('message', 3)).toMatchInlineSnapshot(`
    [
      "97rSh0Q7",
      "6jryIWqq",
      "JHiQBrsg",
    ]
  `);
  expect(firstIds('link', 3)).toMatchInlineSnapshot(`
    [
      "4gtXMsE",
      "3kDlQAD",
      "DeNiH3j",
    ]
  `);
});

test('another secret gives other ids', () => {
  const other = firstIds('message', 100, Buffer.alloc(16, 7));
  const ours = new Set(firstIds('message', 100));
  expect(other.filter((id) => ours.has(id))).toEqual([]);
});

test('hex ids begin with the second and are never the same', () => {
  const nowMs = Date.parse('2026-11-02T17:04:09.250Z');
  const ids = new Set(Array.from({ length: 1_000 }, () => hexId(nowMs)));
  expect(ids.size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{24}$/);
  expect(parseInt(hexId(nowMs).slice(0, 8), 16)).toBe(Math.floor(nowMs / 1_000));
  expect(hexId(5_000)).toMatch(/^00000005/);
});

test('list ids of version 1 and API keys have their form', () => {
  expect(v1ListId()).toMatch(/^pn_[0-9a-z]{16}$/);
  expect(newApiKey()).toMatch(/^trk_[0-9a-f]{32}$/);
  expect(v1ListId()).not.toBe(v1ListId());
  expect(newApiKey()).not.toBe(newApiKey());
});
