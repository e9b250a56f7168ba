import { createCodeTable } from '../code-table.ts';

/** Telnyx's published error codes, of answers and of receipts (https://developers.telnyx.com/docs/messaging/messages/error-codes). */
export const TELNYX_CODES = createCodeTable([
  ['REJECTED_CREDENTIALS', 'temporary', [10009, 10010, 40312, 40314]],
  ['THROTTLED', 'temporary', [10011, 40011]],
  ['QUEUE_FULL', 'temporary', [40318]],
  ['REJECTED_DESTINATION', 'permanent', [40001, 40012, 40310, 10002, 10016]],
  ['REJECTED_CONTENT', 'permanent', [40003, 40009, 40015, 40302, 40304, 40316, 40317, 40322]],
  ['REJECTED_CONTENT', 'passing', [40002]],
  ['REJECTED_OPERATOR', 'passing', [40004]],
  ['EXPIRED', 'passing', [40005, 40014]],
  ['REJECTED_ABSENT_SUBSCRIBER', 'passing', [40006]],
  ['UNDELIVERABLE_NOT_DELIVERED', 'passing', [40007, 40008]],
  ['REJECTED_SENDER', 'permanent', [40010, 40013, 40305, 40306, 40308, 40315, 40321]],
  ['REJECTED_SENDER', 'passing', [40320]],
  ['REJECTED_OPTED_OUT', 'permanent', [40300]],
  ['REJECTED_ROUTE', 'permanent', [40309, 40319]],
]);

/** Faults of the carrier, which say nothing of the message. */
export const TELNYX_FAULTS: ReadonlySet<string> = new Set(['10007', '10008']);
