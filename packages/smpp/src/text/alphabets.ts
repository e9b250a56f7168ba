import { fromSeptets, toSeptets, unpack, fillBitsAfter } from './gsm7.ts';

/**
 * How a text becomes octets: `gsm7` one septet an octet (data_coding 0), as nearly all servers take it; `gsm7_packed` eight
 * septets in seven octets (data_coding 0); `ascii` (data_coding 1); `latin1` (3); `ucs2` UTF-16 big-endian (8).
 */
export type Alphabet = 'gsm7' | 'gsm7_packed' | 'ascii' | 'latin1' | 'ucs2';

/** SMPP 3.4 §5.2.19. */
export const DATA_CODINGS: Readonly<Record<Alphabet, number>> = {
  gsm7: 0,
  gsm7_packed: 0,
  ascii: 1,
  latin1: 3,
  ucs2: 8,
};

/** A text in units that may be cut between, except inside a pair: octets that are not packed yet. */
export function toUnits(text: string, alphabet: Alphabet): Uint8Array | undefined {
  switch (alphabet) {
    case 'gsm7':
    case 'gsm7_packed':
      return toSeptets(text);
    case 'ascii':
      return toOctets(text, 0x7f);
    case 'latin1':
      return toOctets(text, 0xff);
    case 'ucs2':
      return toUtf16(text);
    default:
      return alphabet satisfies never;
  }
}

function toOctets(text: string, highest: number): Uint8Array | undefined {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > highest) return undefined;
    octets[i] = unit;
  }
  return octets;
}

function toUtf16(text: string): Uint8Array {
  const octets = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    octets[i * 2] = unit >>> 8;
    octets[i * 2 + 1] = unit;
  }
  return octets;
}

function fromUtf16(octets: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < octets.length; i += 2) {
    text += String.fromCharCode(((octets[i] as number) << 8) | (octets[i + 1] as number));
  }
  return text;
}

export interface DecodeOptions {
  /** What data_coding 0 means at this peer. Default `gsm7`. */
  readonly defaultAlphabet?: Alphabet;
  /** Octets of a header that was before these, its length octet included; matters when packed. */
  readonly headerBytes?: number;
}

/**
 * The text of the octets of a message, its user data header taken off. Message classes (data_coding 0xF0 to 0xFF, 3GPP
 * TS 23.038 §4) are understood. Binary data comes out as Latin-1, one character an octet.
 */
export function decodeText(octets: Uint8Array, dataCoding: number, options: DecodeOptions = {}): string {
  const alphabet = alphabetOf(dataCoding, options.defaultAlphabet ?? 'gsm7');
  switch (alphabet) {
    case 'gsm7':
      return fromSeptets(octets);
    case 'gsm7_packed':
      return fromSeptets(unpack(octets, fillBitsAfter(options.headerBytes ?? 0)));
    case 'ucs2':
      return fromUtf16(octets);
    case 'ascii':
    case 'latin1':
      return Buffer.from(octets).toString('latin1');
    default:
      return alphabet satisfies never;
  }
}

/** What a data_coding means. */
export function alphabetOf(dataCoding: number, defaultAlphabet: Alphabet): Alphabet {
  if (dataCoding === 0) return defaultAlphabet;
  if (dataCoding === 1) return 'ascii';
  if (dataCoding === 8) return 'ucs2';
  if ((dataCoding & 0xf0) === 0xf0) return (dataCoding & 0x04) === 0 ? defaultAlphabet : 'latin1';
  // General data coding without compression: bits 2 and 3 are the alphabet.
  if ((dataCoding & 0xf0) === 0x10) return ((dataCoding >> 2) & 3) === 2 ? 'ucs2' : defaultAlphabet;
  return 'latin1';
}
