import { createCodeTable } from '../code-table.ts';

/** Twilio's published error codes, of answers and of receipts (https://www.twilio.com/docs/api/errors). */
export const TWILIO_CODES = createCodeTable([
  ['REJECTED_CREDENTIALS', 'temporary', [20003, 20005, 30002]],
  ['THROTTLED', 'temporary', [20429]],
  ['QUEUE_FULL', 'temporary', [21611]],
  ['QUEUE_FULL', 'passing', [30001]],
  ['REJECTED_DESTINATION', 'permanent', [21211, 21214, 21217, 21614, 21635, 30005, 30006]],
  ['REJECTED_OPTED_OUT', 'permanent', [21610]],
  ['REJECTED_ROUTE', 'permanent', [21408, 21612]],
  ['REJECTED_SENDER', 'permanent', [21212, 21603, 21606, 21659, 21660, 30018, 30024, 30032, 30034]],
  ['REJECTED_CONTENT', 'permanent', [21602, 21617, 21620, 21623, 30007, 30019, 30038]],
  ['REJECTED_ABSENT_SUBSCRIBER', 'passing', [30003]],
  ['REJECTED_OPERATOR', 'passing', [30004]],
  ['UNDELIVERABLE_NOT_DELIVERED', 'passing', [30008, 30009, 30017, 30410]],
  ['REJECTED_CREDIT', 'passing', [30010]],
  ['REJECTED_QUOTA', 'passing', [30022, 30023, 30027]],
  ['EXPIRED', 'passing', [30036]],
  // Quiet hours on the carrier's side.
  ['REJECTED_ROUTE', 'passing', [30047]],
]);
