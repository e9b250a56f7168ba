import { MINUTE_MS } from '../lib/clock.ts';
import { afterCommit, type Transaction } from '../store/transaction.ts';

/**
 * Opt-outs that this process is writing or has just written. A message that passed the gate before one of them is asked
 * for here right before its first byte, so that none starts to leave once the opt-out is committed.
 */
export interface Withdrawals {
  /** Before the commit: nothing to this number starts to leave until the outcome is known. */
  begin(listId: number, phone: number): void;
  /** Committed: what passed the gate before now does not leave, what passes it from now on has seen the opt-out. */
  settle(listId: number, phone: number): void;
  /** A time for `isWithdrawn`. */
  now(): number;
  isWithdrawn(listId: number, phone: number, gatedAt: number): boolean;
}

interface Withdrawal {
  beganAt: number;
  openUntil: number;
}

/** A transaction whose outcome was not heard by then is over; its texts are applied again if it failed. */
const OUTCOME_KNOWN_MS = MINUTE_MS;
/** No message waits so long between the gate and its first byte. */
const KEPT_MS = 15 * MINUTE_MS;
const MANY = 10_000;

export function createWithdrawals(now: () => number = () => performance.now()): Withdrawals {
  const byKey = new Map<string, Withdrawal>();

  function forgetOld(): void {
    if (byKey.size < MANY) return;
    const before = now() - KEPT_MS;
    for (const [key, { beganAt }] of byKey) if (beganAt < before) byKey.delete(key);
  }

  return {
    now,
    begin(listId, phone) {
      forgetOld();
      byKey.set(`${listId} ${phone}`, { beganAt: now(), openUntil: now() + OUTCOME_KNOWN_MS });
    },
    settle(listId, phone) {
      byKey.set(`${listId} ${phone}`, { beganAt: now(), openUntil: 0 });
    },
    isWithdrawn(listId, phone, gatedAt) {
      if (byKey.size === 0) return false;
      const known = byKey.get(`${listId} ${phone}`);
      return known !== undefined && (known.openUntil > now() || gatedAt <= known.beganAt);
    },
  };
}

/** Nothing to the number starts to leave from here on, unless the transaction fails or the number comes back after it. */
export function withdraw(
  withdrawals: Pick<Withdrawals, 'begin' | 'settle'> | undefined,
  transaction: Transaction,
  stopped: readonly { readonly listId: number; readonly phone: number }[],
): void {
  if (withdrawals === undefined) return;
  for (const { listId, phone } of stopped) withdrawals.begin(listId, phone);
  afterCommit(transaction, () => {
    for (const { listId, phone } of stopped) withdrawals.settle(listId, phone);
  });
}
