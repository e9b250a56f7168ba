import type { PduOf, ShortMessageInput } from '../protocol/pdu.ts';
import { decodeText } from './alphabets.ts';
import { textOctets } from './read-text.ts';

/** Values of `message_state`, SMPP 3.4 §5.2.28, and how the text form spells them (appendix B). */
export const MESSAGE_STATES = {
  ENROUTE: 1,
  DELIVERED: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIVERABLE: 5,
  ACCEPTED: 6,
  UNKNOWN: 7,
  REJECTED: 8,
} as const;

export type MessageState = keyof typeof MESSAGE_STATES;

const SPELLINGS: Readonly<Record<MessageState, string>> = {
  ENROUTE: 'ENROUTE',
  DELIVERED: 'DELIVRD',
  EXPIRED: 'EXPIRED',
  DELETED: 'DELETED',
  UNDELIVERABLE: 'UNDELIV',
  ACCEPTED: 'ACCEPTD',
  UNKNOWN: 'UNKNOWN',
  REJECTED: 'REJECTD',
};

const BY_SPELLING = new Map<string, MessageState>();
for (const [state, spelling] of Object.entries(SPELLINGS)) {
  BY_SPELLING.set(spelling, state as MessageState).set(state, state as MessageState);
}
const BY_NUMBER = new Map<number, MessageState>(
  Object.entries(MESSAGE_STATES).map(([state, number]) => [number, state as MessageState]),
);

/** undefined: not of SMPP 3.4. */
export function messageStateOf(number: number): MessageState | undefined {
  return BY_NUMBER.get(number);
}

/** A delivery receipt. What the receipt does not say is undefined; parameters go before text. */
export interface Receipt {
  readonly messageId: string | undefined;
  readonly state: MessageState | undefined;
  /** `err:` as it came, or network and code of `network_error_code` such as `3:17`. */
  readonly error: string | undefined;
  /** Epoch milliseconds, read as UTC (servers tell no zone). */
  readonly submittedAtMs: number | undefined;
  readonly doneAtMs: number | undefined;
  /** Recipients it was submitted for, and delivered to. */
  readonly submitted: number | undefined;
  readonly delivered: number | undefined;
  /** The beginning of the message. */
  readonly text: string | undefined;
}

/** esm_class says receipt (0x04) or intermediate notification (0x20): SMPP 3.4 §5.2.12. */
export function isReceipt(message: { readonly esmClass: number }): boolean {
  const type = message.esmClass & 0x3c;
  return type === 0x04 || type === 0x20;
}

/** Reads a receipt from its parameters and its text; undefined when `isReceipt` says no. */
export function readReceipt(message: PduOf<'deliver_sm' | 'data_sm'>): Receipt | undefined {
  if (!isReceipt(message)) return undefined;
  const { receiptedMessageId, messageState, networkErrorCode } = message.tlvs;
  const octets = textOctets(message);
  const fields = readFields(decodeText(octets, message.dataCoding, { defaultAlphabet: 'latin1' }));
  return {
    messageId: nonEmpty(receiptedMessageId) ?? nonEmpty(fields.get('id')),
    state: BY_NUMBER.get(messageState ?? 0) ?? BY_SPELLING.get((fields.get('stat') ?? '').toUpperCase()),
    error: toError(networkErrorCode) ?? nonEmpty(fields.get('err')),
    submittedAtMs: toTime(fields.get('submit date')),
    doneAtMs: toTime(fields.get('done date')),
    submitted: toCount(fields.get('sub')),
    delivered: toCount(fields.get('dlvrd')),
    text: fields.get('text'),
  };
}

const FIELD = /\b(id|sub|dlvrd|submit[ _]date|done[ _]date|stat|err|text)\s*:/gi;

/** Fields by lower-case name. What follows `text:` belongs to it, whatever it looks like. */
function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name: string | undefined;
  let from = 0;
  for (const match of text.matchAll(FIELD)) {
    if (name !== undefined) fields.set(name, text.slice(from, match.index).trim());
    const next = (match[1] ?? '').toLowerCase().replace('_', ' ');
    from = match.index + match[0].length;
    name = fields.has(next) ? undefined : next;
    if (next === 'text') break;
  }
  if (name !== undefined) fields.set(name, name === 'text' ? text.slice(from) : text.slice(from).trim());
  return fields;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function toError(networkErrorCode: Uint8Array | undefined): string | undefined {
  if (networkErrorCode?.length !== 3) return undefined;
  const [network = 0, high = 0, low = 0] = networkErrorCode;
  return `${network}:${(high << 8) | low}`;
}

function toCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** YYMMDDhhmm or YYMMDDhhmmss. */
function toTime(text: string | undefined): number | undefined {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/.exec(text ?? '');
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}

export interface ReceiptInput {
  readonly messageId: string;
  readonly state: MessageState;
  readonly submittedAtMs: number;
  readonly doneAtMs: number;
  /** Three digits. Default `000`. */
  readonly error?: string;
  /** Its first 20 characters are told. */
  readonly text?: string;
  /** Which form. Default both. */
  readonly form?: 'both' | 'text' | 'tlv';
}

/** What a deliver_sm adds to be a receipt; the addresses are those of the message, the other way round. */
export function toReceipt(
  input: ReceiptInput,
): Required<Pick<ShortMessageInput, 'esmClass' | 'shortMessage' | 'tlvs'>> {
  const { messageId, state, submittedAtMs, doneAtMs, error = '000', text = '', form = 'both' } = input;
  const delivered = state === 'DELIVERED' ? '001' : '000';
  const line =
    `id:${messageId} sub:001 dlvrd:${delivered} submit date:${toDate(submittedAtMs)} done date:${toDate(doneAtMs)} ` +
    `stat:${SPELLINGS[state]} err:${error} text:${text.slice(0, 20)}`;
  return {
    esmClass: 0x04,
    shortMessage: form === 'tlv' ? new Uint8Array(0) : Buffer.from(line, 'latin1'),
    tlvs: form === 'text' ? {} : { receiptedMessageId: messageId, messageState: MESSAGE_STATES[state] },
  };
}

function toDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\D/g, '').slice(2, 12);
}
