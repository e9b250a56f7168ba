import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodePdu } from '../protocol/decode-pdu.ts';
import { encodePdu } from '../protocol/encode-pdu.ts';
import type { PduOf } from '../protocol/pdu.ts';
import { toAddress, toRelativeTime } from './addresses.ts';
import { type Alphabet, decodeText } from './alphabets.ts';
import { fromSeptets, pack, toSeptets, unpack } from './gsm7.ts';
import { messageIdSpellings } from './message-ids.ts';
import { readText } from './read-text.ts';
import { type LongMessages, splitText } from './split-text.ts';
import { type JoinedText, TextJoiner } from './text-joiner.ts';
import { readHeader, toHeader } from './user-data-header.ts';

const GSM =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿' +
  'abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€';
const gsmText = fc.string({ unit: fc.constantFrom(...Array.from(GSM)), maxLength: 700 });
const anyText = fc.string({ unit: 'grapheme', maxLength: 400 });

describe('GSM-7', () => {
  it('has every character of both tables', () => {
    expect(fromSeptets(toSeptets(GSM)!)).toBe(GSM);
    expect(toSeptets('@€ä')).toEqual(Uint8Array.of(0, 0x1b, 0x65, 0x7b));
  });

  it('has no other character', () => {
    for (const character of ['`', '\t', 'ç', 'á', '“', '\u{1b}', '\u{ffff}', '😀']) {
      expect(toSeptets(character)).toBeUndefined();
    }
  });

  it('packs as the standard shows it', () => {
    expect(Buffer.from(pack(toSeptets('hellohello')!)).toString('hex')).toBe('e8329bfd4697d9ec37');
  });

  it('unpacks what it packed, after any header', () => {
    fc.assert(
      fc.property(gsmText, fc.nat(6), (text, fillBits) => {
        const septets = toSeptets(text)!;
        expect([...unpack(pack(septets, fillBits), fillBits, septets.length)]).toEqual([...septets]);
      }),
    );
  });

  it('shows an unknown extension as the base character and leaves out a last escape', () => {
    expect(fromSeptets(Uint8Array.of(0x41, 0x1b, 0x41, 0x1b))).toBe('AA');
  });
});

const ALPHABETS: readonly Alphabet[] = ['gsm7', 'gsm7_packed', 'ascii', 'latin1', 'ucs2'];
const FORMS: readonly LongMessages[] = ['udh8', 'udh16', 'sar', 'payload'];

/** Splits, sends each part through the codec, and joins in another order. */
function throughTheWire(text: string, alphabet: Alphabet, longMessages: LongMessages): string | undefined {
  const parts = splitText(text, { alphabet, longMessages, reference: 0xabcd });
  if (parts === undefined) return undefined;
  const joiner = new TextJoiner({ onIncomplete: () => expect.unreachable() });
  let joined: JoinedText | undefined;
  for (const part of parts.toReversed()) {
    const pdu = decodePdu(encodePdu('deliver_sm', { sequence: 1 }, part)) as PduOf<'deliver_sm'>;
    const read = readText(pdu, alphabet === 'gsm7_packed' ? 'gsm7_packed' : 'gsm7');
    joined =
      read.place === undefined
        ? { key: 'k', text: read.text, isComplete: true }
        : joiner.add('k', read.place, read.text, 0);
  }
  return joined?.text;
}

describe.each(FORMS)('long messages as %s', (longMessages) => {
  it.each(ALPHABETS)('arrive whole in %s', (alphabet) => {
    const letters =
      alphabet === 'ucs2' ? anyText : alphabet.startsWith('gsm7') ? gsmText : fc.string({ maxLength: 700 });
    fc.assert(
      fc.property(letters, (text) => {
        // Packed, a last @ is told from filling only by what follows.
        fc.pre(alphabet !== 'gsm7_packed' || !text.includes('@'));
        expect(throughTheWire(text, alphabet, longMessages)).toBe(text);
      }),
      { numRuns: 60 },
    );
  });
});

test.each<[string, Alphabet, LongMessages, number]>([
  ['a'.repeat(160), 'gsm7', 'udh8', 1],
  ['a'.repeat(161), 'gsm7', 'udh8', 2],
  ['a'.repeat(306), 'gsm7', 'udh8', 2],
  ['a'.repeat(307), 'gsm7', 'udh8', 3],
  ['a'.repeat(304), 'gsm7', 'udh16', 2],
  ['a'.repeat(305), 'gsm7', 'udh16', 3],
  ['a'.repeat(306), 'gsm7', 'sar', 2],
  ['a'.repeat(10_000), 'gsm7', 'payload', 1],
  ['я'.repeat(70), 'ucs2', 'udh8', 1],
  ['я'.repeat(71), 'ucs2', 'udh8', 2],
  ['я'.repeat(134), 'ucs2', 'udh8', 2],
  ['я'.repeat(133), 'ucs2', 'udh16', 3],
  [`${'a'.repeat(152)}€${'a'.repeat(153)}`, 'gsm7', 'udh8', 3],
  [`${'a'.repeat(66)}😀${'a'.repeat(67)}`, 'ucs2', 'udh8', 3],
  ['', 'gsm7', 'udh8', 1],
])('%# is cut into its parts', (text, alphabet, longMessages, parts) => {
  expect(splitText(text, { alphabet, longMessages, reference: 1 })).toHaveLength(parts);
});

test('no part ends inside a pair, and none is too long', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', '€', '😀', 'я'), minLength: 100, maxLength: 900 });
  fc.assert(
    fc.property(texts, fc.constantFrom<LongMessages>('udh8', 'udh16', 'sar'), (text, longMessages) => {
      for (const part of splitText(text, { longMessages, reference: 1 }) ?? []) {
        const { headerBytes } = part.esmClass === 0x40 ? readHeader(part.shortMessage) : { headerBytes: 0 };
        const piece = decodeText(part.shortMessage.subarray(headerBytes), part.dataCoding);
        expect(piece.isWellFormed()).toBe(true);
        expect(part.shortMessage.length).toBeLessThanOrEqual(part.dataCoding === 8 ? 140 : 160);
      }
    }),
  );
});

test('more than 255 parts, or a character that the alphabet lacks, is no text', () => {
  expect(splitText('a'.repeat(255 * 153 + 1), { reference: 1 })).toBeUndefined();
  expect(splitText('я', { alphabet: 'gsm7', reference: 1 })).toBeUndefined();
  expect(splitText('€', { alphabet: 'latin1', reference: 1 })).toBeUndefined();
});

describe('user data headers', () => {
  it('come back', () => {
    const place = { reference: 0x1234, total: 3, number: 2 };
    expect(readHeader(toHeader(place, 16))).toEqual({ headerBytes: 7, place });
    expect(readHeader(toHeader(place, 8))).toEqual({ headerBytes: 6, place: { ...place, reference: 0x34 } });
  });

  it('are taken as none when they do not fit, and have no place that cannot be', () => {
    expect(readHeader(Uint8Array.of(5, 0, 3))).toEqual({ headerBytes: 0, place: undefined });
    expect(readHeader(Uint8Array.of())).toEqual({ headerBytes: 0, place: undefined });
    expect(readHeader(Uint8Array.of(5, 0, 3, 1, 2, 3)).place).toBeUndefined();
    expect(readHeader(Uint8Array.of(5, 0, 3, 1, 0, 0)).place).toBeUndefined();
    expect(readHeader(Uint8Array.of(3, 0, 200, 1)).place).toBeUndefined();
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        expect(readHeader(octets).headerBytes).toBeLessThanOrEqual(octets.length);
      }),
    );
  });
});

describe('the joining of parts', () => {
  const place = (number: number, total = 3): { reference: number; total: number; number: number } => ({
    reference: 1,
    total,
    number,
  });

  it('counts a part that comes twice once, and keeps senders apart', () => {
    const joiner = new TextJoiner({ onIncomplete: () => expect.unreachable() });
    expect(joiner.add('a', place(3), 'c', 0)).toBeUndefined();
    expect(joiner.add('a', place(3), 'c', 0)).toBeUndefined();
    expect(joiner.add('b', place(1), 'x', 0)).toBeUndefined();
    expect(joiner.add('a', place(1), 'a', 0)).toBeUndefined();
    expect(joiner.add('a', place(2), 'b', 0)).toEqual({ key: 'a', text: 'abc', isComplete: true });
    expect(joiner.size).toBe(1);
  });

  it('gives out with gaps what waited 72 hours', () => {
    const incomplete: JoinedText[] = [];
    const joiner = new TextJoiner({ onIncomplete: (joined) => incomplete.push(joined) });
    joiner.add('a', place(2, 5), 'b', 1_000);
    joiner.expire(72 * 3_600_000 + 999);
    expect(incomplete).toEqual([]);
    joiner.expire(72 * 3_600_000 + 1_000);
    expect(incomplete).toEqual([{ key: 'a', text: '[...]b[...]', isComplete: false }]);
  });

  it('is bounded: the oldest goes out when there is no room', () => {
    const incomplete: JoinedText[] = [];
    const joiner = new TextJoiner({ maxMessages: 2, onIncomplete: (joined) => incomplete.push(joined) });
    for (const key of ['a', 'b', 'c']) joiner.add(key, place(1), key, 0);
    expect(incomplete.map(({ key }) => key)).toEqual(['a']);
    expect(joiner.size).toBe(2);
  });
});

test.each<[string, string]>([
  ['1f', '31'],
  ['1F', '31'],
  ['0031', '1F'],
  ['000000000a', '10'],
  ['18446744073709551615', 'FFFFFFFFFFFFFFFF'],
  [' abc ', 'ABC'],
])('the id %s may have been spelled %s', (id, other) => {
  expect(messageIdSpellings(id)).toContain(other);
});

test('an id that is no number has one spelling, and a huge one is not calculated with', () => {
  expect(messageIdSpellings('a-b_c')).toEqual(['A-B_C']);
  expect(messageIdSpellings('f'.repeat(64))).toEqual(['F'.repeat(64)]);
  expect(messageIdSpellings('0')).toEqual(['0']);
});

test.each([
  ['+13125550142', { ton: 1, npi: 1, address: '13125550142' }],
  ['12345', { ton: 3, npi: 0, address: '12345' }],
  ['Trackly', { ton: 5, npi: 0, address: 'Trackly' }],
])('%s as an address', (text, address) => {
  expect(toAddress(text)).toEqual(address);
});

test.each([
  [240, '000000040000000R'],
  [1, '000000000100000R'],
  [2_880, '000002000000000R'],
  [60 * 24 * 400, '010105000000000R'],
])('%i minutes from now', (minutes, text) => {
  expect(toRelativeTime(minutes)).toBe(text);
});
