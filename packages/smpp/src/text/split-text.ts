import type { ShortMessageInput } from '../protocol/pdu.ts';
import { type Alphabet, DATA_CODINGS, toUnits } from './alphabets.ts';
import { ESCAPE, fillBitsAfter, pack } from './gsm7.ts';
import { toHeader, UDH_INDICATOR } from './user-data-header.ts';

/** How a text that is too long for one message travels. */
export type LongMessages = 'udh8' | 'udh16' | 'sar' | 'payload';

export interface SplitOptions {
  /** Left out: `gsm7` where the text allows it, else `ucs2`. */
  readonly alphabet?: Alphabet;
  /** Left out: the one of the alphabet. Some servers want 0 for `ascii` or `latin1`. */
  readonly dataCoding?: number;
  /** Default `udh8`. */
  readonly longMessages?: LongMessages;
  /** Of a long message: the same for its parts, another for the next one to the same number. 0 to 65,535. */
  readonly reference: number;
}

/** What a part adds to its PDU. */
export type TextPart = Required<Pick<ShortMessageInput, 'dataCoding' | 'esmClass' | 'shortMessage'>> &
  Pick<ShortMessageInput, 'tlvs'>;

/** Octets of text in one message and in each of several, before packing (3GPP TS 23.040 §9.2.3.24.1). */
const SEPTET_ROOM = { one: 160, udh8: 153, udh16: 152, sar: 153 } as const;
const OCTET_ROOM = { one: 140, udh8: 134, udh16: 132, sar: 134 } as const;
const UCS2_ROOM = OCTET_ROOM;
const MAX_PARTS = 255;
const EMPTY = new Uint8Array(0);

/**
 * A text as the parts it is submitted in, at least one, also for the empty text. No part ends inside an escape pair or a
 * surrogate pair.
 * @returns undefined when the alphabet does not have a character of the text, or it has more than 255 parts
 */
export function splitText(text: string, options: SplitOptions): TextPart[] | undefined {
  const alphabet = options.alphabet ?? (toUnits(text, 'gsm7') === undefined ? 'ucs2' : 'gsm7');
  const units = toUnits(text, alphabet);
  if (units === undefined) return undefined;
  const dataCoding = options.dataCoding ?? DATA_CODINGS[alphabet];
  const room = roomOf(alphabet);
  if (units.length <= room.one) {
    return [{ dataCoding, esmClass: 0, shortMessage: alphabet === 'gsm7_packed' ? pack(units) : units }];
  }
  const longMessages = options.longMessages ?? 'udh8';
  if (longMessages === 'payload') {
    const messagePayload = alphabet === 'gsm7_packed' ? pack(units) : units;
    return [{ dataCoding, esmClass: 0, shortMessage: EMPTY, tlvs: { messagePayload } }];
  }
  const pieces = cut(units, room[longMessages], alphabet);
  if (pieces.length > MAX_PARTS) return undefined;
  return pieces.map((piece, index) => {
    const place = { reference: options.reference, total: pieces.length, number: index + 1 };
    if (longMessages !== 'sar') {
      const header = toHeader(place, longMessages === 'udh8' ? 8 : 16);
      return { dataCoding, esmClass: UDH_INDICATOR, shortMessage: join(header, piece, alphabet) };
    }
    const shortMessage = alphabet === 'gsm7_packed' ? pack(piece) : piece;
    const tlvs = {
      sarMsgRefNum: place.reference,
      sarTotalSegments: place.total,
      sarSegmentSeqnum: place.number,
    };
    return { dataCoding, esmClass: 0, shortMessage, tlvs };
  });
}

function roomOf(alphabet: Alphabet): typeof SEPTET_ROOM | typeof OCTET_ROOM {
  if (alphabet === 'ucs2') return UCS2_ROOM;
  return alphabet === 'latin1' ? OCTET_ROOM : SEPTET_ROOM;
}

function cut(units: Uint8Array, room: number, alphabet: Alphabet): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < units.length;) {
    let end = Math.min(units.length, start + room);
    if (end < units.length) end -= splitPairAt(units, end, alphabet);
    pieces.push(units.subarray(start, end));
    start = end;
  }
  return pieces;
}

/** How much earlier to cut so that no pair is split: 0, 1 (escape) or 2 (surrogates). */
function splitPairAt(units: Uint8Array, end: number, alphabet: Alphabet): 0 | 1 | 2 {
  if (alphabet === 'ucs2') {
    const isHigh = ((units[end - 2] as number) & 0xfc) === 0xd8;
    const isLow = ((units[end] as number) & 0xfc) === 0xdc;
    return isHigh && isLow ? 2 : 0;
  }
  const isSeptets = alphabet === 'gsm7' || alphabet === 'gsm7_packed';
  // The code after an escape is never an escape itself.
  return isSeptets && units[end - 1] === ESCAPE ? 1 : 0;
}

function join(header: Uint8Array, piece: Uint8Array, alphabet: Alphabet): Uint8Array {
  const text = alphabet === 'gsm7_packed' ? pack(piece, fillBitsAfter(header.length)) : piece;
  const joined = new Uint8Array(header.length + text.length);
  joined.set(header);
  joined.set(text, header.length);
  return joined;
}
