import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { textHash } from './text-hash.ts';

test.each([
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['abc', 0x44bc2cf5ad770999n],
  ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
])('%j has its XXH64 with seed 0, so stored hashes stay valid', (text, hash) => {
  expect(textHash(text)).toBe(BigInt.asIntN(64, hash));
});

test('fits a bigint column, for every text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3_000, size: 'max' }), (text) => {
      const hash = textHash(text);
      expect(BigInt.asIntN(64, hash)).toBe(hash);
      expect(textHash(Buffer.from(text).toString())).toBe(hash);
    }),
  );
});

test('texts that differ in little differ in their hash', () => {
  const hashes = new Set<bigint>();
  for (let i = 0; i < 100_000; i++) hashes.add(textHash(`Your code is ${i}.`));
  const text = 'Hi Zoe, our autumn sale starts today: https://shop.example/sale See you soon!';
  for (let i = 0; i < text.length; i++) {
    for (let unit = 1; unit < 128; unit++) {
      hashes.add(textHash(text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ unit) + text.slice(i + 1)));
    }
  }
  expect(hashes.size).toBe(100_000 + text.length * 127);
});
