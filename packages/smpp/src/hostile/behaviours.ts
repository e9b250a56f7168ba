import { STATUSES } from '../protocol/statuses.ts';
import type { MessageState } from '../text/receipt.ts';

/** How a submit is answered. */
export type HostileAnswer =
  | 'accepted'
  /** Not at all; the session goes on. */
  | 'none'
  /** After the answer to the next submit, or after a second. */
  | 'reordered'
  /** After `lateMs`. */
  | 'late'
  /** Octet by octet. */
  | 'cut'
  /** The connection is closed instead. */
  | 'closed'
  /** From then on the session takes everything in and says nothing. */
  | 'half_open'
  /** An answer whose frame has a length that none may have. */
  | 'bad_frame';

export interface HostileReceipt {
  readonly state: MessageState;
  readonly delayMs: number;
  /** How the id is spelled: as in the answer, in hexadecimal, with leading zeros, or one that was never given. */
  readonly id?: 'same' | 'hex' | 'zeros' | 'unknown';
  readonly form?: 'both' | 'text' | 'tlv';
}

export interface Behaviour {
  /** For people. */
  readonly says: string;
  /** The `command_status` of a refusal; `times`: so often for each number, then as others. */
  readonly refusal?: { readonly status: number; readonly times?: number };
  readonly answer?: HostileAnswer;
  /** False: the message is not kept and has no receipts. */
  readonly taken?: boolean;
  readonly receipts?: readonly HostileReceipt[];
  /** The receipts of another part than the one refused or failing; 1-based. */
  readonly failingPart?: number;
  /** A text that comes back from the number. */
  readonly reply?: string;
}

const RECEIPT_MS = 300;
const DELIVERED: HostileReceipt = { state: 'DELIVERED', delayMs: RECEIPT_MS };

/** Numbers without a behaviour of their own: accepted, and delivered after 300 ms. */
export const ORDINARY: Behaviour = { says: 'accepted, delivered after 300 ms', receipts: [DELIVERED] };

function ending(says: string, state: MessageState): Behaviour {
  return { says, receipts: [{ state, delayMs: RECEIPT_MS }] };
}

/** What happens to a message, by the last four digits of its recipient. */
export const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['0150', { says: 'refused: RINVDSTADR', refusal: { status: STATUSES.RINVDSTADR }, taken: false }],
  ['0151', { says: 'refused: RX_P_APPN', refusal: { status: STATUSES.RX_P_APPN }, taken: false }],
  [
    '0152',
    { ...ORDINARY, says: 'RTHROTTLED three times, then as others', refusal: { status: STATUSES.RTHROTTLED, times: 3 } },
  ],
  [
    '0153',
    { says: 'no answer, taken, delivered after 5 s', answer: 'none', receipts: [{ ...DELIVERED, delayMs: 5_000 }] },
  ],
  ['0154', { says: 'no answer, not taken', answer: 'none', taken: false }],
  ['0155', ending('accepted, then UNDELIVERABLE', 'UNDELIVERABLE')],
  ['0156', ending('accepted, then REJECTED', 'REJECTED')],
  ['0157', ending('accepted, then DELETED', 'DELETED')],
  ['0158', ending('accepted, then EXPIRED', 'EXPIRED')],
  ['0159', { says: 'accepted, never a receipt' }],
  ['0160', { says: 'the receipt comes before the answer', receipts: [{ ...DELIVERED, delayMs: 0 }], answer: 'late' }],
  ['0161', { says: 'the receipt comes twice', receipts: [DELIVERED, DELIVERED] }],
  [
    '0162',
    { says: 'ENROUTE comes after DELIVERED', receipts: [DELIVERED, { state: 'ENROUTE', delayMs: 2 * RECEIPT_MS }] },
  ],
  ['0163', { ...ORDINARY, says: 'the second part is undeliverable, the others are delivered', failingPart: 2 }],
  ['0164', { says: 'the receipt has the id in hexadecimal', receipts: [{ ...DELIVERED, id: 'hex' }] }],
  ['0165', { ...ORDINARY, says: 'delivered, then replies STOP', reply: 'STOP' }],
  ['0166', { ...ORDINARY, says: 'delivered, then replies HELP', reply: 'HELP' }],
  ['0167', { ...ORDINARY, says: 'delivered, then replies Thanks', reply: 'Thanks' }],
  ['0168', { ...ORDINARY, says: 'RSYSERR once, then as others', refusal: { status: STATUSES.RSYSERR, times: 1 } }],
  ['0169', { ...ORDINARY, says: 'taken, and the connection is closed instead of an answer', answer: 'closed' }],
  ['0170', { says: 'a receipt for an id that was never given', receipts: [{ ...DELIVERED, id: 'unknown' }] }],
  ['0171', { says: 'the receipt has the id with leading zeros', receipts: [{ ...DELIVERED, id: 'zeros' }] }],
  ['0172', { says: 'the receipt has no text, only parameters', receipts: [{ ...DELIVERED, form: 'tlv' }] }],
  ['0173', { says: 'the receipt has no parameters, only text', receipts: [{ ...DELIVERED, form: 'text' }] }],
  ['0174', { ...ORDINARY, says: 'the answer comes late (31 s)', answer: 'late' }],
  ['0175', { ...ORDINARY, says: 'the answer comes after the next one', answer: 'reordered' }],
  ['0176', { ...ORDINARY, says: 'the answer comes octet by octet', answer: 'cut' }],
  ['0177', { ...ORDINARY, says: 'taken, and the session is half-open from then on', answer: 'half_open' }],
  [
    '0178',
    { ...ORDINARY, says: 'taken, and a frame of an impossible length instead of an answer', answer: 'bad_frame' },
  ],
]);

/** What happens to a message to this number. */
export function behaviourOf(destination: string): Behaviour {
  return BEHAVIOURS.get(destination.slice(-4)) ?? ORDINARY;
}
