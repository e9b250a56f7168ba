import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveKey, seal, unseal } from './sealed.ts';

const KEY = randomBytes(32);
const PLAIN = Buffer.from('0123456789abcdef');

test('opens what it sealed, and never seals the same twice', () => {
  const sealed = seal(KEY, PLAIN, 'list 7 auth_token');
  expect(unseal(KEY, sealed, 'list 7 auth_token')).toEqual(PLAIN);
  expect(seal(KEY, PLAIN, 'list 7 auth_token')).not.toEqual(sealed);
  expect(unseal(KEY, seal(KEY, Buffer.alloc(0), ''), '')).toEqual(Buffer.alloc(0));
});

test('does not open in another place, with another key, or when any byte was changed', () => {
  const sealed = seal(KEY, PLAIN, 'list 7 auth_token');
  expect(unseal(KEY, sealed, 'list 8 auth_token')).toBeUndefined();
  expect(unseal(randomBytes(32), sealed, 'list 7 auth_token')).toBeUndefined();
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] as number) ^ 1;
    expect(unseal(KEY, changed, 'list 7 auth_token')).toBeUndefined();
  }
  for (let length = 0; length < sealed.length; length++) {
    expect(unseal(KEY, sealed.subarray(0, length), 'list 7 auth_token')).toBeUndefined();
  }
});

test('derives RFC 5869 keys that differ by purpose', () => {
  // RFC 5869 appendix A.3: no salt and no info; the first 32 octets.
  expect(deriveKey(Buffer.alloc(22, 0x0b), '').toString('hex')).toBe(
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
  );
  expect(deriveKey(KEY, 'a')).not.toEqual(deriveKey(KEY, 'b'));
});
