import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWordBlocker, defaultBlockedWords } from './blocked-words.ts';

describe('the built-in words', () => {
  const findBlocked = createWordBlocker(defaultBlockedWords);

  test.each([
    ['Buy Bitcoin now', 'bitcoin'],
    ['BITCOIN', 'bitcoin'],
    ['bïtcöin!', 'bitcoin'],
    ['ｂｉｔｃｏｉｎ', 'bitcoin'],
    ['Please verify  your\n account.', 'verify your account'],
    ['verify your\u00a0account', 'verify your account'],
    ['We saw an unusual sign-in', 'unusual sign-in'],
    ['“Wells Fargo”: call us', 'wells fargo'],
    ['crypto-currency', 'crypto'],
    ['Capital One and Chase', 'capital one'],
  ])('stop %j', (text, word) => {
    expect(findBlocked(text)).toBe(word);
  });

  test.each([
    '',
    'Your order 4471 has left our store.',
    'cryptography class tonight',
    'purchased and chased',
    'chase2',
    'chase_me',
    'échasedé',
    'verify your new account',
    'wells-fargo',
    'bank of',
    'ж chases ж',
  ])('let %j pass', (text) => {
    expect(findBlocked(text)).toBeUndefined();
  });

  test('each stop a text that holds only them', () => {
    for (const word of defaultBlockedWords) expect(findBlocked(word.toUpperCase())).toBe(word);
  });
});

describe('words of an account', () => {
  test('an empty list blocks nothing, nor do empty words', () => {
    expect(createWordBlocker([])('bitcoin')).toBeUndefined();
    expect(createWordBlocker(['', '  '])('bitcoin  ')).toBeUndefined();
  });

  test('come back as they are spelt in the list', () => {
    expect(createWordBlocker(['Crème  Brûlée'])('free creme brulee today')).toBe('Crème  Brûlée');
  });

  test('may hold any character', () => {
    expect(createWordBlocker(['100% free (now)'])('get it 100% FREE (now).')).toBe('100% free (now)');
    expect(createWordBlocker(['$$$'])('win $$$ now')).toBe('$$$');
    expect(createWordBlocker(['a.c'])('abc')).toBeUndefined();
  });

  test('the longest of two that begin together counts', () => {
    expect(createWordBlocker(['free', 'free gift'])('a free gift')).toBe('free gift');
  });

  test('any word is found between spaces and not inside a longer one', () => {
    const words = fc.stringMatching(/^[a-zé0-9]([ a-zé0-9.*+?$-]{0,8}[a-zé0-9])?$/);
    fc.assert(
      fc.property(words, (word) => {
        const findBlocked = createWordBlocker([word]);
        expect(findBlocked(`say ${word.toUpperCase()}!`)).toBe(word);
        expect(findBlocked(`Ω${word}Ω`)).toBeUndefined();
      }),
    );
  });
});
