import type { Account, List } from '../accounts/directory-types.ts';
import type { Transaction } from '../store/transaction.ts';
import type { Check } from './decisions.ts';
import { setDecision } from './decisions.ts';
import type { DropReason } from './message-state.ts';
import type { OutboundMessage } from './outbound-message.ts';

/** Why a message left the gate without being sent. */
export interface Refusal {
  readonly message: OutboundMessage;
  readonly check: Check;
  readonly outcome:
    | { readonly state: 'dropped' | 'orphaned'; readonly reason: DropReason }
    /** It comes back to the gate at `untilMs`. */
    | { readonly state: 'held'; readonly reason: HoldReason; readonly untilMs: number }
    /** The carrier could not be reached until the message was stale, or we could not process the message. */
    | { readonly state: 'failed'; readonly reason: 'CARRIER_UNAVAILABLE' | 'REJECTED_SYSTEM_ERROR' };
  /** For people: which word, since when. */
  readonly detail: string | null;
  /** The rule of `compliance` that decided, with its version. */
  readonly rule: string | null;
}

/** What a held message waits for. */
export type HoldReason = 'quiet_hours' | 'frequency_rule';

/** Messages of one list that go through the gate together. A stage sees all of them at once. */
export interface GateBatch {
  readonly account: Account | undefined;
  readonly list: List | undefined;
  readonly listId: number;
  readonly nowMs: number;
  /** Messages that passed so far, in order. */
  readonly live: OutboundMessage[];
  readonly refused: Refusal[];
  /**
   * Checks that are true only as long as nobody else sends: the transaction that records the verdicts begins with them, and
   * they may refuse what is live.
   */
  readonly reservations: Reservation[];
  /**
   * A dry run keeps messages in `live` after a refusal, so that every reason comes to light, and shows links with a
   * placeholder instead of making them.
   */
  readonly dryRun: boolean;
}

export type Reservation = (transaction: Transaction) => Promise<void>;

/** One step of the way of a message: sees a whole batch and awaits at most once. */
export interface Stage {
  readonly name: string;
  run(batch: GateBatch): void | Promise<void>;
}

/** Keeps the messages that `refusalOf` has nothing against; the others leave with what it says. Order is kept. */
export function keep(
  batch: GateBatch,
  check: Check,
  refusalOf: (message: OutboundMessage) => RefusalReason | undefined,
): void {
  let kept = 0;
  for (const message of batch.live) {
    const refusal = refusalOf(message);
    if (refusal === undefined) {
      message.decisions = setDecision(message.decisions, check, 'pass');
    } else {
      noteRefusal(batch, check, message, refusal);
    }
    if (refusal === undefined || batch.dryRun) batch.live[kept++] = message;
  }
  batch.live.length = kept;
}

/** Refuses live messages for `reasons`, and says nothing about the others. */
export function refuse(batch: GateBatch, check: Check, reasons: ReadonlyMap<OutboundMessage, RefusalReason>): void {
  if (reasons.size === 0) return;
  let kept = 0;
  for (const message of batch.live) {
    const refusal = reasons.get(message);
    if (refusal !== undefined) noteRefusal(batch, check, message, refusal);
    if (refusal === undefined || batch.dryRun) batch.live[kept++] = message;
  }
  batch.live.length = kept;
}

function noteRefusal(batch: GateBatch, check: Check, message: OutboundMessage, reason: RefusalReason): void {
  message.decisions = setDecision(message.decisions, check, 'fail');
  const { outcome, detail = null, rule = null } = reason;
  batch.refused.push({ message, check, outcome, detail, rule });
}

export interface RefusalReason {
  readonly outcome: Refusal['outcome'];
  readonly detail?: string | null;
  readonly rule?: string | null;
}

/** The common refusal: dropped for `reason`. */
export function drop(reason: DropReason, detail: string | null = null): RefusalReason {
  return { outcome: { state: 'dropped', reason }, detail };
}

/** Not now: the message waits for a known time. */
export function hold(reason: HoldReason, untilMs: number, rule: string): RefusalReason {
  return { outcome: { state: 'held', reason, untilMs }, rule };
}

/** Runs the stages in order until none of the messages is left. */
export async function runStages(
  stages: readonly Stage[],
  batch: GateBatch,
  onTimed?: (stage: string, elapsedMs: number) => void,
): Promise<void> {
  for (const stage of stages) {
    if (batch.live.length === 0) return;
    const startedMs = performance.now();
    const running = stage.run(batch);
    if (running !== undefined) await running;
    onTimed?.(stage.name, performance.now() - startedMs);
  }
}
