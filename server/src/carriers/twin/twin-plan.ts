import { SECOND_MS } from '../../lib/clock.ts';

/** How a twin answers the submit of a message. The first that is about the whole request decides for a batch. */
export type TwinReply =
  | { readonly kind: 'accepted' }
  /** The receipt goes out first. */
  | { readonly kind: 'accepted_after_receipt' }
  | { readonly kind: 'refused'; readonly word: string }
  /** Of the whole request from here. The connection stays open. */
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'cut_answer' }
  | { readonly kind: 'server_error' };

export interface TwinStep {
  /** From the answer. */
  readonly delayMs: number;
  readonly state: 'sent' | 'delivered' | 'undelivered';
  /** Our word, which the dialect says in its own. */
  readonly word: string;
  readonly copies: number;
}

/** What becomes of one message. */
export interface TwinPlan {
  readonly reply: TwinReply;
  readonly answerDelayMs: number;
  /** Tries that are throttled before the message behaves as planned. */
  readonly throttledTries: number;
  /** The carrier has the message, whatever it answered. */
  readonly taken: boolean;
  readonly steps: readonly TwinStep[];
  /** Written on the handset after the last step. */
  readonly answerText: string | null;
}

export const TWIN_BEHAVIOURS = {
  slow: 'answers after 0.2 to 2 seconds',
  'server-errors': 'takes each tenth message and answers 500',
  'cut-answers': 'takes each tenth message and closes the connection in the middle of the answer',
  timeouts: 'takes each tenth message and never answers',
  throttling: 'turns each third message away once as too fast',
  'bad-credentials': 'refuses every request as not authenticated',
  'late-receipts': 'sends receipts after a minute',
  'duplicate-receipts': 'sends every receipt twice',
  'reordered-receipts': 'sends an intermediate receipt after the final one',
  'early-receipts': 'sends the receipt before it answers the submit',
  'no-receipts': 'never sends a receipt',
} as const;

export type TwinBehaviour = keyof typeof TWIN_BEHAVIOURS;

const RECEIPT_MS = 300;
const DELIVERED: TwinStep = { delayMs: RECEIPT_MS, state: 'delivered', word: 'DELIVERED_TO_HANDSET', copies: 1 };
const PENDING: TwinStep = { ...DELIVERED, state: 'sent', word: 'PENDING' };
const ACCEPTED: TwinPlan = {
  reply: { kind: 'accepted' },
  answerDelayMs: 0,
  throttledTries: 0,
  taken: true,
  steps: [DELIVERED],
  answerText: null,
};

const refused = (word: string): TwinPlan => ({
  ...ACCEPTED,
  reply: { kind: 'refused', word },
  taken: false,
  steps: [],
});
const undelivered = (word: string): TwinPlan => ({
  ...ACCEPTED,
  steps: [{ ...DELIVERED, state: 'undelivered', word }],
});
const answering = (answerText: string): TwinPlan => ({ ...ACCEPTED, answerText });

/** By the last four digits of the recipient: those of the simulator where a peer over HTTP can do the same. */
export const BY_DIGITS: Readonly<Record<string, TwinPlan>> = {
  '0150': refused('REJECTED_DESTINATION'),
  '0151': refused('REJECTED_OPTED_OUT'),
  '0152': { ...ACCEPTED, throttledTries: 3 },
  '0153': { ...ACCEPTED, reply: { kind: 'no_answer' }, steps: [{ ...DELIVERED, delayMs: 5 * SECOND_MS }] },
  '0154': { ...ACCEPTED, reply: { kind: 'no_answer' }, taken: false, steps: [] },
  '0155': undelivered('REJECTED_ABSENT_SUBSCRIBER'),
  '0156': undelivered('REJECTED_OPERATOR'),
  '0157': undelivered('REJECTED_SPAM'),
  '0158': undelivered('EXPIRED'),
  '0159': { ...ACCEPTED, steps: [] },
  '0160': { ...ACCEPTED, reply: { kind: 'accepted_after_receipt' } },
  '0161': { ...ACCEPTED, steps: [{ ...DELIVERED, copies: 2 }] },
  '0162': { ...ACCEPTED, steps: [DELIVERED, { ...PENDING, delayMs: 2 * RECEIPT_MS }] },
  '0165': answering('STOP'),
  '0166': answering('HELP'),
  '0167': answering('Thanks'),
  '0168': { ...ACCEPTED, reply: { kind: 'server_error' }, steps: [{ ...DELIVERED, delayMs: 60 * SECOND_MS }] },
  '0169': { ...ACCEPTED, reply: { kind: 'cut_answer' } },
};

/** @param seed the same for every try of a message */
export function planFor(to: string, behaviours: readonly TwinBehaviour[], seed: string): TwinPlan {
  const planned = BY_DIGITS[to.slice(-4)] ?? ACCEPTED;
  return behaviours.reduce((plan, behaviour) => withBehaviour(plan, behaviour, hashOf(seed)), planned);
}

function withBehaviour(plan: TwinPlan, behaviour: TwinBehaviour, chance: number): TwinPlan {
  const isTenth = chance % 10 === 0 && plan.reply.kind === 'accepted';
  switch (behaviour) {
    case 'slow':
      return { ...plan, answerDelayMs: 200 + (chance % 1_800) };
    case 'server-errors':
      return isTenth ? { ...plan, reply: { kind: 'server_error' } } : plan;
    case 'cut-answers':
      return isTenth ? { ...plan, reply: { kind: 'cut_answer' } } : plan;
    case 'timeouts':
      return isTenth ? { ...plan, reply: { kind: 'no_answer' } } : plan;
    case 'throttling':
      return chance % 3 === 0 ? { ...plan, throttledTries: Math.max(1, plan.throttledTries) } : plan;
    case 'late-receipts':
      return withSteps(plan, (step) => [{ ...step, delayMs: step.delayMs + 60 * SECOND_MS }]);
    case 'duplicate-receipts':
      return withSteps(plan, (step) => [{ ...step, copies: step.copies + 1 }]);
    case 'reordered-receipts':
      return withSteps(plan, (step) => [step, { ...PENDING, delayMs: step.delayMs + RECEIPT_MS }]);
    case 'early-receipts':
      return plan.reply.kind === 'accepted' ? { ...plan, reply: { kind: 'accepted_after_receipt' } } : plan;
    case 'no-receipts':
      return { ...plan, steps: [] };
    case 'bad-credentials':
      return plan;
    default:
      return behaviour satisfies never;
  }
}

function withSteps(plan: TwinPlan, change: (step: TwinStep) => TwinStep[]): TwinPlan {
  return { ...plan, steps: plan.steps.flatMap(change) };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
