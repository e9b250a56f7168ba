import { MINUTE_MS } from '../lib/clock.ts';
import { afterCommit, type Transaction } from '../store/transaction.ts';
import type { Stopped, WithdrawalLink } from '../store/withdrawal-link.ts';

/**
 * Opt-outs and blocks that are being written or have just been written, by this process or by another one that told it.
 * A message that passed the gate before one of them is asked for here right before its first byte.
 */
export interface Withdrawals {
  /**
   * Before the commit: nothing to these numbers starts to leave until the outcome is known, or for so long.
   * @param openMs default one minute
   */
  begin(stopped: readonly Stopped[], openMs?: number): void;
  /** Committed: what passed the gate before now does not leave, what passes it from now on has seen the opt-out. */
  settle(stopped: readonly Stopped[]): void;
  /** Opt-outs may have been missed: nothing that passed the gate before now leaves. */
  doubtAll(): void;
  /** To be called before the gate looks at messages of the list. */
  look(listId: number): Look;
}

/** What the gate saw of some messages, for as long as one of them may start to leave. */
export interface Look {
  /** Whether the number was withdrawn since, or nobody here can say. Costs some nanoseconds. */
  isWithdrawn(phone: number): boolean;
  /** None of them starts to leave from here on. Until then all withdrawals since the look are kept. */
  end(): void;
}

interface Withdrawal {
  /** Looks that began up to this turn did not see it. */
  readonly turn: number;
  /** Nor did those that began before then. */
  readonly openUntilMs: number;
}

export interface WithdrawalsOptions {
  /** Milliseconds that only go forward. */
  readonly now?: () => number;
  /** Whether withdrawals of other processes may go by unheard. Default never. */
  readonly isDeaf?: () => boolean;
}

/** A transaction whose outcome was not heard by then is over; its texts are applied again if it failed. */
const OUTCOME_KNOWN_MS = MINUTE_MS;

export function createWithdrawals({
  now = () => performance.now(),
  isDeaf = () => false,
}: WithdrawalsOptions = {}): Withdrawals {
  /** By list and phone, in the order of their turns. */
  const byList = new Map<number, Map<number, Withdrawal>>();
  /** Looks that have not ended, in order: at which turn and when they began. */
  const looks = new Map<number, number>();
  let turn = 0;
  let doubtedTurn = 0;

  let isDeafNow: boolean | undefined;

  /** Asked once for all that runs without a pause, such as a whole batch: the clock costs more than all the rest. */
  function askDeaf(): boolean {
    if (isDeafNow === undefined) {
      isDeafNow = isDeaf();
      queueMicrotask(() => (isDeafNow = undefined));
    }
    return isDeafNow;
  }

  function put(stopped: readonly Stopped[], openUntilMs: number): void {
    for (const { listId, phone } of stopped) {
      const ofList = byList.get(listId) ?? new Map<number, Withdrawal>();
      byList.set(listId, ofList);
      ofList.delete(phone);
      ofList.set(phone, { turn, openUntilMs });
      forgetOld(ofList);
    }
  }

  /** Those that all looks under way have seen. */
  function forgetOld(ofList: Map<number, Withdrawal>): void {
    const [[oldestTurn, oldestMs] = [turn + 1, now()]] = looks;
    for (const [phone, withdrawal] of ofList) {
      if (withdrawal.turn >= oldestTurn || withdrawal.openUntilMs > oldestMs) break;
      ofList.delete(phone);
    }
  }

  return {
    begin: (stopped, openMs = OUTCOME_KNOWN_MS) => put(stopped, now() + openMs),
    settle: (stopped) => put(stopped, 0),
    doubtAll() {
      doubtedTurn = turn;
    },
    look(listId) {
      const beganAt = ++turn;
      const beganMs = now();
      looks.set(beganAt, beganMs);
      return {
        isWithdrawn(phone) {
          if (beganAt <= doubtedTurn || askDeaf()) return true;
          const known = byList.get(listId)?.get(phone);
          return known !== undefined && (beganAt <= known.turn || beganMs < known.openUntilMs);
        },
        end: () => void looks.delete(beganAt),
      };
    },
  };
}

/**
 * To be called in the transaction that stores opt-outs or blocks, before it writes them: nothing to the numbers starts to
 * leave from here on, unless the transaction fails or the number comes back after it.
 */
export type Withdraw = (transaction: Transaction, stopped: readonly Stopped[]) => Promise<void>;

export interface WithdrawOptions {
  /** To the other processes. Absent: there is none that sends. */
  readonly link?: Pick<WithdrawalLink, 'tell'> | undefined;
  /** The transaction's caller goes on when all processes have heard of it, and not at the commit. */
  readonly waits?: boolean;
}

export function createWithdraw(
  withdrawals: Pick<Withdrawals, 'begin' | 'settle'>,
  { link, waits = false }: WithdrawOptions = {},
): Withdraw {
  return async (transaction, stopped) => {
    if (stopped.length === 0) return;
    withdrawals.begin(stopped);
    const heard = await link?.tell(transaction, 'settle', stopped);
    afterCommit(transaction, () => {
      withdrawals.settle(stopped);
      return waits ? heard?.() : undefined;
    });
  };
}
