import { createCodeTable } from '../code-table.ts';

/** `errorCode` and `messageErrorCode` of CM.com's Business Messaging API. */
export const CM_CODES = createCodeTable([
  ['REJECTED_CREDENTIALS', 'temporary', [101, 103]],
  ['REJECTED_CREDIT', 'temporary', [102]],
  ['REJECTED_CONTENT', 'permanent', [202, 203, 304, 305, 401]],
  ['REJECTED_SENDER', 'permanent', [301]],
  ['REJECTED_DESTINATION', 'permanent', [302, 303]],
  ['REJECTED_OPTED_OUT', 'permanent', [402]],
  ['REJECTED_OPERATOR', 'passing', [403]],
]);

/** Faults of the carrier: for the whole request they say nothing of its messages. */
export const CM_FAULTS: ReadonlySet<string> = new Set(['500', '999']);

/** Nothing wrong with the request as a whole: each message tells for itself. */
export const CM_EACH_TELLS: ReadonlySet<string> = new Set(['0', '201']);

interface Told {
  readonly detail: string;
  readonly permanent: boolean;
}

const DESCRIPTIONS: readonly (readonly [RegExp, Told])[] = [
  [/spam|filter/i, { detail: 'REJECTED_CONTENT', permanent: true }],
  [/expired/i, { detail: 'EXPIRED', permanent: false }],
  [/absent|unreachable|\boff\b/i, { detail: 'REJECTED_ABSENT_SUBSCRIBER', permanent: false }],
  [/blacklist/i, { detail: 'REJECTED_OPTED_OUT', permanent: true }],
  [/(unknown|invalid)\b.*\b(subscriber|number)/i, { detail: 'REJECTED_DESTINATION', permanent: true }],
  [/credit/i, { detail: 'REJECTED_OPERATOR', permanent: false }],
];

/** What the words of a status call say of a message that did not arrive; `otherwise` when they say nothing. */
export function readDescription(description: string, otherwise: string): Told {
  const known = DESCRIPTIONS.find(([pattern]) => pattern.test(description));
  return known?.[1] ?? { detail: otherwise, permanent: false };
}
