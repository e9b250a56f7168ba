import { takeLatin1, takeOctets } from './slab.ts';

/** Octet of the escape to the extension table (3GPP TS 23.038 §6.2.1.1). */
export const ESCAPE = 0x1b;

/** The default alphabet in the order of its codes; the place of the escape holds a character that no text has. */
const BASE =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{ffff}ÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';

const EXTENSION: readonly (readonly [code: number, character: string])[] = [
  [0x0a, '\f'],
  [0x14, '^'],
  [0x28, '{'],
  [0x29, '}'],
  [0x2f, '\\'],
  [0x3c, '['],
  [0x3d, '~'],
  [0x3e, ']'],
  [0x40, '|'],
  [0x65, '€'],
];

const NONE = 0xffff;
/** Code by UTF-16 unit; extension codes have 0x1b00 added; NONE: not in the alphabet. */
const CODES = new Uint16Array(0x10000).fill(NONE);
for (let code = 0; code < BASE.length; code++) if (code !== ESCAPE) CODES[BASE.charCodeAt(code)] = code;
for (const [code, character] of EXTENSION) CODES[character.charCodeAt(0)] = (ESCAPE << 8) | code;

const EXTENSION_CHARACTERS = new Map(EXTENSION);

/** Texts whose characters have the same code in ASCII. */
const LIKE_ASCII = /^[\n\r !-#%-?A-Za-z]*$/;

/** One septet an octet, not packed; undefined when a character is not in the alphabet. */
export function toSeptets(text: string): Uint8Array | undefined {
  const { length } = text;
  if (LIKE_ASCII.test(text)) return takeLatin1(text);
  let octets = takeOctets(length);
  let at = 0;
  for (let i = 0; i < length; i++) {
    const code = CODES[text.charCodeAt(i)] as number;
    if (code < 0x80) octets[at++] = code;
    else {
      if (code === NONE) return undefined;
      if (octets.length === length) octets = widen(octets, at, length);
      octets[at++] = ESCAPE;
      octets[at++] = code & 0x7f;
    }
  }
  return at === length ? octets : octets.subarray(0, at);
}

/** As if every character that is left were an extension. */
function widen(octets: Uint8Array, used: number, length: number): Uint8Array {
  const wide = new Uint8Array(length * 2 + 1);
  wide.set(octets.subarray(0, used));
  return wide;
}

/**
 * The text of unpacked septets. An extension code that is not in the table is shown as the character of the base table, as
 * handsets do (3GPP TS 23.038 §6.2.1.1); an escape at the end is left out.
 */
export function fromSeptets(septets: Uint8Array): string {
  let text = '';
  for (let i = 0; i < septets.length; i++) {
    const code = (septets[i] as number) & 0x7f;
    if (code !== ESCAPE) text += BASE.charAt(code);
    else if (++i < septets.length) {
      const next = (septets[i] as number) & 0x7f;
      text += EXTENSION_CHARACTERS.get(next) ?? (next === ESCAPE ? ' ' : BASE.charAt(next));
    }
  }
  return text;
}

/**
 * Septets side by side, 8 in 7 octets (3GPP TS 23.038 §6.1.2.1).
 * @param fillBits zeros before the first septet, 0 to 6: after a header, septets begin at a septet border
 */
export function pack(septets: Uint8Array, fillBits = 0): Uint8Array {
  const packed = new Uint8Array(Math.ceil((septets.length * 7 + fillBits) / 8));
  let bit = fillBits;
  for (const septet of septets) {
    const at = bit >> 3;
    const shift = bit & 7;
    packed[at] = (packed[at] as number) | ((septet & 0x7f) << shift);
    if (shift > 1) packed[at + 1] = (septet & 0x7f) >> (8 - shift);
    bit += 7;
  }
  return packed;
}

/**
 * The inverse of `pack`.
 * @param count septets to read; left out: all that fit, less a last one of zero bits that is only filling
 */
export function unpack(packed: Uint8Array, fillBits = 0, count?: number): Uint8Array {
  const fitting = Math.max(0, Math.floor((packed.length * 8 - fillBits) / 7));
  const septets = new Uint8Array(Math.min(count ?? fitting, fitting));
  for (let i = 0; i < septets.length; i++) {
    const bit = fillBits + i * 7;
    const at = bit >> 3;
    septets[i] = ((((packed[at + 1] ?? 0) << 8) | (packed[at] as number)) >> (bit & 7)) & 0x7f;
  }
  const endsInFilling = count === undefined && (packed.length * 8 - fillBits) % 7 === 0 && septets.at(-1) === 0;
  return endsInFilling ? septets.subarray(0, -1) : septets;
}

/** Bits between a user data header of `headerBytes` (its length octet included) and the next septet border. */
export function fillBitsAfter(headerBytes: number): number {
  return (7 - ((headerBytes * 8) % 7)) % 7;
}
