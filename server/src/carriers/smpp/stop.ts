import { SECOND_MS } from '../../lib/clock.ts';

/** Why nothing more of a submit is sent: the process ends, no session can send, or it took too long to begin. */
export type StopReason = 'told' | 'unbound' | 'slow';

/** What is under way when the process ends is awaited so long; the same as over HTTP. */
const STOP_GRACE_MS = 6 * SECOND_MS;

/** The end of one submit before all of it was sent. */
export interface Stop {
  /** Aborted: nothing more is sent. */
  readonly signal: AbortSignal;
  /** Of the first that asked; `told` before. */
  readonly reason: StopReason;
  /** Resolves some time after the caller asked for the end: answers are awaited no longer. */
  readonly graceOver: Promise<void>;
  now(reason: StopReason): void;
  /** Lets go of the caller's signal. */
  end(): void;
}

export function createStop(told: AbortSignal, graceMs = STOP_GRACE_MS): Stop {
  const stopping = new AbortController();
  let reason: StopReason = 'told';
  let grace: NodeJS.Timeout | undefined;
  let onGraceOver = (): void => {};
  const graceOver = new Promise<void>((resolve) => (onGraceOver = resolve));
  const now = (why: StopReason): void => {
    if (stopping.signal.aborted) return;
    reason = why;
    stopping.abort();
  };
  const onTold = (): void => {
    now('told');
    grace = setTimeout(onGraceOver, graceMs);
  };
  told.addEventListener('abort', onTold);
  return {
    signal: stopping.signal,
    get reason() {
      return reason;
    },
    graceOver,
    now,
    end() {
      clearTimeout(grace);
      told.removeEventListener('abort', onTold);
    },
  };
}
