import type { MessageState } from '@trackly/smpp';
import type { CarrierReport } from '../carrier.ts';
import { type CodeMeaning, createCodeTable, meaningOf } from '../code-table.ts';

/** `command_status` as people see it: `0x0b`. */
export function toStatusCode(status: number): string {
  return `0x${status.toString(16).padStart(2, '0')}`;
}

/** What a refused submit_sm says (SMPP 3.4 §5.1.3). */
export const SUBMIT_STATUSES = createCodeTable([
  ['QUEUE_FULL', 'temporary', ['0x14']],
  ['THROTTLED', 'temporary', ['0x58']],
  ['REJECTED_SYSTEM_ERROR', 'temporary', ['0x08', '0x64', '0xff']],
  ['REJECTED_SYSTEM_ERROR', 'passing', ['0x45', '0xfe']],
  ['REJECTED_DESTINATION', 'permanent', ['0x0b', '0x50', '0x51']],
  ['REJECTED_SENDER', 'permanent', ['0x0a', '0x48', '0x49', '0x15']],
  [
    'REJECTED_CONTENT',
    'permanent',
    ['0x01', '0x02', '0x43', '0x61', '0x62', '0x63', '0xc0', '0xc1', '0xc2', '0xc3', '0xc4'],
  ],
  ['REJECTED_OPERATOR', 'passing', ['0x65', '0x66']],
  // The SMSC has forgotten the bind; the session is bound anew.
  ['CARRIER_UNAVAILABLE', 'temporary', ['0x04']],
]);

/** Names of the statuses with which an SMSC does not let us in. */
export const BIND_REFUSALS: ReadonlySet<string> = new Set([
  'RALYBND',
  'RBINDFAIL',
  'RINVPASWD',
  'RINVSYSID',
  'RINVSYSTYP',
]);

export function meaningOfStatus(status: number): CodeMeaning {
  return meaningOf(SUBMIT_STATUSES, toStatusCode(status));
}

/** Words that the `err` of a receipt can be given, and whether they are permanent. */
export const RECEIPT_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['UNDELIVERABLE_NOT_DELIVERED', false],
  ['EXPIRED', false],
  ['REJECTED_ABSENT_SUBSCRIBER', false],
  ['REJECTED_OPERATOR', false],
  ['REJECTED_DESTINATION', true],
  ['REJECTED_SPAM', true],
  ['REJECTED_OPTED_OUT', true],
  ['REJECTED_CONTENT', true],
  ['REJECTED_SENDER', true],
  ['REJECTED_ROUTE', true],
  ['REJECTED_QUOTA', false],
  ['REJECTED_CREDIT', false],
  ['REJECTED_SYSTEM_ERROR', false],
]);

type Told = Pick<CarrierReport, 'state' | 'detail' | 'permanent'>;

const ON_THE_WAY: Told = { state: 'sent', detail: 'PENDING', permanent: null };
const NOT_DELIVERED = 'UNDELIVERABLE_NOT_DELIVERED';

function undelivered(detail: string): Told {
  return { state: 'undelivered', detail, permanent: RECEIPT_WORDS.get(detail) ?? false };
}

/** What a `message_state` says (SMPP 3.4 §5.2.28), with the carrier's own table of errors. */
export function toTold(state: MessageState, error: string | undefined, words: ReadonlyMap<string, string>): Told {
  switch (state) {
    case 'ENROUTE':
    case 'ACCEPTED':
    case 'UNKNOWN':
      return ON_THE_WAY;
    case 'DELIVERED':
      return { state: 'delivered', detail: 'DELIVERED_TO_HANDSET', permanent: null };
    case 'EXPIRED':
      return undelivered('EXPIRED');
    case 'DELETED':
    case 'UNDELIVERABLE':
      return undelivered(words.get(error ?? '') ?? NOT_DELIVERED);
    case 'REJECTED':
      return undelivered('REJECTED_OPERATOR');
    default:
      return state satisfies never;
  }
}
