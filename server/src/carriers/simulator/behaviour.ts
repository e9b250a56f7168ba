import { SECOND_MS } from '../../lib/clock.ts';

/** How the simulated carrier answers a submit. */
export type Answer =
  | { readonly kind: 'accepted'; readonly echoesOwnId: boolean }
  /** The receipt goes out first, then the submit is answered. */
  | { readonly kind: 'accepted_after_receipt' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'server_error' };

/** Something that happens after a submit was taken. `delayMs` counts from the answer. */
export type Step =
  | {
      readonly kind: 'receipt';
      readonly delayMs: number;
      readonly state: 'sent' | 'delivered' | 'undelivered';
      readonly detail: string;
      readonly permanent: boolean | null;
      /** How often the same receipt is told. */
      readonly copies: number;
      /** Only the carrier's id, in hexadecimal. */
      readonly hexIdOnly: boolean;
      /** 1-based part that fails while the others are delivered; null: all parts share the state. */
      readonly failedPart: number | null;
    }
  | { readonly kind: 'reply'; readonly delayMs: number; readonly text: string };

/** Tries that a number turns away before it behaves as others do; counted per number. */
export type Gate =
  | { readonly kind: 'throttle'; readonly tries: number }
  | { readonly kind: 'refuse_connection'; readonly durationMs: number };

export interface Plan {
  readonly gate: Gate | null;
  readonly answer: Answer;
  readonly answerDelayMs: number;
  /** The text reaches the handset. */
  readonly taken: boolean;
  readonly steps: readonly Step[];
}

export type Profile = 'instant' | 'slow' | 'lossy';

/** The list credential `profile`; anything unknown is `instant`. */
export function toProfile(value: unknown): Profile {
  return value === 'slow' || value === 'lossy' ? value : 'instant';
}

const RECEIPT_DELAY_MS = 300;
/** Replies and second reports come this much after the receipt. */
const FOLLOW_UP_MS = 300;

type ReceiptStep = Extract<Step, { kind: 'receipt' }>;

const DELIVERED: ReceiptStep = {
  kind: 'receipt',
  delayMs: RECEIPT_DELAY_MS,
  state: 'delivered',
  detail: 'DELIVERED_TO_HANDSET',
  permanent: null,
  copies: 1,
  hexIdOnly: false,
  failedPart: null,
};

const ACCEPTED: Plan = {
  gate: null,
  answer: { kind: 'accepted', echoesOwnId: true },
  answerDelayMs: 0,
  taken: true,
  steps: [DELIVERED],
};

const LOST: Plan = { ...ACCEPTED, answer: { kind: 'no_answer' }, taken: false, steps: [] };

function refused(detail: string): Plan {
  return { ...ACCEPTED, answer: { kind: 'refused', detail }, taken: false, steps: [] };
}

function undelivered(detail: string, permanent: boolean): Plan {
  return { ...ACCEPTED, steps: [{ ...DELIVERED, state: 'undelivered', detail, permanent }] };
}

function replying(text: string): Plan {
  return { ...ACCEPTED, steps: [DELIVERED, { kind: 'reply', delayMs: RECEIPT_DELAY_MS + FOLLOW_UP_MS, text }] };
}

const LATE_PENDING: ReceiptStep = {
  ...DELIVERED,
  delayMs: RECEIPT_DELAY_MS + FOLLOW_UP_MS,
  state: 'sent',
  detail: 'PENDING',
};

/** Behaviour by the recipient's last four digits. */
const PLANS: ReadonlyMap<string, Plan> = new Map<string, Plan>([
  ['0150', refused('REJECTED_DESTINATION')],
  ['0151', refused('REJECTED_OPTED_OUT')],
  ['0152', { ...ACCEPTED, gate: { kind: 'throttle', tries: 3 } }],
  ['0153', { ...ACCEPTED, answer: { kind: 'no_answer' }, steps: [{ ...DELIVERED, delayMs: 5 * SECOND_MS }] }],
  ['0154', LOST],
  ['0155', undelivered('REJECTED_ABSENT_SUBSCRIBER', false)],
  ['0156', undelivered('REJECTED_OPERATOR', false)],
  ['0157', undelivered('REJECTED_SPAM', true)],
  ['0158', undelivered('EXPIRED', false)],
  ['0159', { ...ACCEPTED, steps: [] }],
  ['0160', { ...ACCEPTED, answer: { kind: 'accepted_after_receipt' }, steps: [{ ...DELIVERED, delayMs: 0 }] }],
  ['0161', { ...ACCEPTED, steps: [{ ...DELIVERED, copies: 2 }] }],
  ['0162', { ...ACCEPTED, steps: [DELIVERED, LATE_PENDING] }],
  ['0163', { ...ACCEPTED, steps: [{ ...DELIVERED, failedPart: 2 }] }],
  [
    '0164',
    { ...ACCEPTED, answer: { kind: 'accepted', echoesOwnId: false }, steps: [{ ...DELIVERED, hexIdOnly: true }] },
  ],
  ['0165', replying('STOP')],
  ['0166', replying('HELP')],
  ['0167', replying('Thanks')],
  ['0168', { ...ACCEPTED, answer: { kind: 'server_error' }, steps: [{ ...DELIVERED, delayMs: 60 * SECOND_MS }] }],
  ['0169', { ...ACCEPTED, gate: { kind: 'refuse_connection', durationMs: 10 * SECOND_MS } }],
]);

/**
 * What the simulated carrier does with a message: the same answer for the same input, so that a restart goes on as if
 * nothing had happened. Profiles act only on numbers without a behaviour of their own, but `slow` delays every answer.
 */
export function planFor(to: string, messageId: string, profile: Profile): Plan {
  const own = PLANS.get(to.slice(-4));
  if (profile === 'instant') return own ?? ACCEPTED;
  if (profile === 'lossy') return own ?? lossyPlan(messageId);
  return { ...(own ?? ACCEPTED), answerDelayMs: 200 + Math.floor(seededFraction(messageId) * 37) * 50 };
}

/** 2 % in doubt (every second one taken), 1 % without receipt, 1 % with two. */
function lossyPlan(messageId: string): Plan {
  const fraction = seededFraction(messageId);
  if (fraction < 0.01) return LOST;
  if (fraction < 0.02) return { ...ACCEPTED, answer: { kind: 'no_answer' } };
  if (fraction < 0.03) return { ...ACCEPTED, steps: [] };
  if (fraction < 0.04) return { ...ACCEPTED, steps: [{ ...DELIVERED, copies: 2 }] };
  return ACCEPTED;
}

/** 0 (inclusive) to 1 (exclusive) from the id: FNV-1a with a final mix, so that neighbours differ. */
function seededFraction(messageId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < messageId.length; i++) hash = Math.imul(hash ^ messageId.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
