import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Encoding, countSegments, toSmartEncoding } from './segments.ts';

const a = (count: number) => 'a'.repeat(count);
const zhe = (count: number) => 'ж'.repeat(count);

describe('countSegments', () => {
  test.each<[name: string, text: string, encoding: Encoding, characters: number, segments: number]>([
    ['the empty text', '', 'GSM-7', 0, 1],
    ['160 a', a(160), 'GSM-7', 160, 1],
    ['161 a', a(161), 'GSM-7', 161, 2],
    ['306 a', a(306), 'GSM-7', 306, 2],
    ['307 a', a(307), 'GSM-7', 307, 3],
    ['459 a', a(459), 'GSM-7', 459, 3],
    ['460 a', a(460), 'GSM-7', 460, 4],
    ['80 euro signs', '€'.repeat(80), 'GSM-7', 160, 1],
    ['81 euro signs', '€'.repeat(81), 'GSM-7', 162, 2],
    ['an extension pair at a border that leaves room', `${a(152)}€${a(151)}`, 'GSM-7', 305, 2],
    ['an extension pair at a border that does not', `${a(152)}€${a(152)}`, 'GSM-7', 306, 3],
    ['70 zhe', zhe(70), 'UCS-2', 70, 1],
    ['71 zhe', zhe(71), 'UCS-2', 71, 2],
    ['134 zhe', zhe(134), 'UCS-2', 134, 2],
    ['135 zhe', zhe(135), 'UCS-2', 135, 3],
    ['35 emoji', '😀'.repeat(35), 'UCS-2', 70, 1],
    ['36 emoji', '😀'.repeat(36), 'UCS-2', 72, 2],
    ['a surrogate pair at a border that leaves room', `${zhe(66)}😀${zhe(65)}`, 'UCS-2', 133, 2],
    ['a surrogate pair at a border that does not', `${zhe(66)}😀${zhe(66)}`, 'UCS-2', 134, 3],
    ['a grave accent', '`', 'UCS-2', 1, 1],
    ['a small c with cedilla', 'ç', 'UCS-2', 1, 1],
    ['a curly apostrophe', '’', 'UCS-2', 1, 1],
    ['a tab', '\t', 'UCS-2', 1, 1],
    ['ESC', '\u001b', 'UCS-2', 1, 1],
    ['a large C with cedilla', 'Ç', 'GSM-7', 1, 1],
    ['a small e with acute', 'é', 'GSM-7', 1, 1],
    ['a letter with a combining accent', 'e\u0301', 'UCS-2', 2, 1],
    ['a form feed', '\f', 'GSM-7', 2, 1],
    ['all other extension characters', '^{}\\[~]|', 'GSM-7', 16, 1],
  ])('counts %s', (_name, text, encoding, characters, segments) => {
    expect(countSegments(text)).toEqual({ encoding, characters, segments });
  });

  test('knows the 127 characters of the base table besides ESC', () => {
    const units = Array.from({ length: 0x10000 }, (_, unit) => countSegments(String.fromCharCode(unit)));
    expect(units.filter((count) => count.encoding === 'GSM-7' && count.characters === 1)).toHaveLength(127);
    expect(units.filter((count) => count.encoding === 'GSM-7' && count.characters === 2)).toHaveLength(10);
  });

  test.each([
    ['304 a', a(304), 2],
    ['305 a', a(305), 3],
    ['132 zhe', zhe(132), 2],
    ['133 zhe', zhe(133), 3],
  ])('a 16-bit reference makes parts of 152 and 66: %s', (_name, text, segments) => {
    expect(countSegments(text, { referenceBits: 16 }).segments).toBe(segments);
  });

  const characters = fc.constantFrom('a', 'b', '€', '{', 'é', '😀', 'ж', '\ud83d', '\ude00');
  const gsmCharacters = fc.constantFrom('a', '€', '[', 'Ü');

  test.each([8, 16] as const)('agrees with a packer that builds the parts, reference of %i bits', (referenceBits) => {
    const texts = fc.oneof(
      fc.array(characters, { maxLength: 500 }).map((parts) => parts.join('')),
      fc.array(gsmCharacters, { maxLength: 700, size: 'max' }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const counted = countSegments(text, { referenceBits });
        expect(counted.segments).toBe(packNaively(text, counted.encoding, referenceBits));
      }),
    );
  });
});

/** Takes code points one by one and starts a new part when the next does not fit. */
function packNaively(text: string, encoding: Encoding, referenceBits: 8 | 16): number {
  const sizeOf = (point: string) => (encoding === 'UCS-2' ? point.length : /[\f^{}\\[~\]|€]/.test(point) ? 2 : 1);
  const sizes = Array.from(text, sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= (encoding === 'GSM-7' ? 160 : 70)) return 1;
  const octets = referenceBits === 16 ? 133 : 134;
  const partSize = encoding === 'GSM-7' ? Math.floor((octets * 8) / 7) : Math.floor(octets / 2);
  const parts = [0];
  for (const size of sizes) {
    if ((parts.at(-1) ?? 0) + size > partSize) parts.push(0);
    parts[parts.length - 1] = (parts.at(-1) ?? 0) + size;
  }
  return parts.length;
}

describe('toSmartEncoding', () => {
  test.each([
    ['‘a’ ‚b‛ c′ d` e´', "'a' 'b' c' d' e'"],
    ['“a” „b″ «c»', '"a" "b" "c"'],
    ['a‐b‑c‒d–e—f―g−h', 'a-b-c-d-e-f-g-h'],
    ['wait… • item', 'wait... * item'],
    ['a\u00a0b\u2007c\u2008d\u2009e\u200af\u202fg\th', 'a b c d e f g h'],
    ['a\u200bb\u200cc\u200dd\u2060e\ufefff', 'abcdef'],
    ['plain €5', 'plain €5'],
  ])('%j becomes %j', (text, expected) => {
    expect(toSmartEncoding(text)).toBe(expected);
  });

  test('leaves the text alone when a character stays outside GSM-7', () => {
    expect(toSmartEncoding('“hi” 😀')).toBe('“hi” 😀');
  });

  test('the answer is the text itself or GSM-7', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const smart = toSmartEncoding(text);
        expect(smart === text || countSegments(smart).encoding === 'GSM-7').toBe(true);
      }),
    );
  });
});
