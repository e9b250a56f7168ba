import type { PduOf } from '../protocol/pdu.ts';
import { type Alphabet, decodeText } from './alphabets.ts';
import { checked, type PartPlace, readHeader, UDH_INDICATOR } from './user-data-header.ts';

export interface ReceivedText {
  readonly text: string;
  /** undefined: it is the whole message. */
  readonly place: PartPlace | undefined;
  /** Whether the place came in a header or in SAR parameters; the two count references apart. */
  readonly placedBy: 'none' | 'udh' | 'sar';
}

/** The text of a message in `short_message` or `message_payload`, and its place in a long one. */
export function readText(
  message: PduOf<'deliver_sm' | 'submit_sm' | 'data_sm'>,
  defaultAlphabet: Alphabet = 'gsm7',
): ReceivedText {
  const { tlvs, dataCoding, esmClass } = message;
  const octets = textOctets(message);
  const { headerBytes, place: headerPlace } =
    (esmClass & UDH_INDICATOR) === 0 ? { headerBytes: 0, place: undefined } : readHeader(octets);
  const text = decodeText(octets.subarray(headerBytes), dataCoding, { defaultAlphabet, headerBytes });
  if (headerPlace !== undefined) return { text, place: headerPlace, placedBy: 'udh' };
  const place = checked(tlvs.sarMsgRefNum, tlvs.sarTotalSegments, tlvs.sarSegmentSeqnum);
  return { text, place, placedBy: place === undefined ? 'none' : 'sar' };
}

/** The octets of the text as they came, a user data header included. */
export function textOctets(message: PduOf<'deliver_sm' | 'submit_sm' | 'data_sm'>): Uint8Array {
  const { messagePayload } = message.tlvs;
  if (message.command === 'data_sm') return messagePayload ?? new Uint8Array(0);
  return message.shortMessage.length === 0 && messagePayload !== undefined ? messagePayload : message.shortMessage;
}
