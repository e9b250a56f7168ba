import type { Clock } from './clock.ts';

export interface TokenBucketOptions {
  /** Tokens that come back a minute; above 0. */
  readonly perMinute: number;
  readonly clock: Clock;
}

export interface TokenBucket {
  /** Takes up to `max` whole tokens and answers how many it got. */
  take(max: number): number;
  /** Returns tokens that were taken and not used. What is over the size of the bucket is lost. */
  giveBack(count: number): void;
  /** Milliseconds until `count` tokens (at most the size of the bucket) can be taken; 0: now. */
  msUntil(count: number): number;
  /** Keeps what is in the bucket, as far as the new size allows. */
  setRate(perMinute: number): void;
}

/** The level is kept in parts of a token, of which a millisecond brings `perMinute`: whole numbers, so no rounding. */
const PARTS = 60_000;

/**
 * A token bucket that holds one second of its rate, at least one token, and starts full. Over any span it grants at most
 * that plus the rate times the span. Two clock readings a batch, nothing a message.
 */
export function createTokenBucket({ perMinute, clock }: TokenBucketOptions): TokenBucket {
  let rate = perMinute;
  let size = toSize(rate);
  let level = size;
  let filledMs = clock();

  function fill(): void {
    const nowMs = clock();
    // A clock that was set back brings nothing and costs nothing.
    level = Math.min(size, level + Math.max(0, nowMs - filledMs) * rate);
    filledMs = nowMs;
  }

  return {
    take(max) {
      fill();
      const granted = Math.min(Math.max(0, Math.floor(max)), Math.floor(level / PARTS));
      level -= granted * PARTS;
      return granted;
    },
    giveBack(count) {
      level = Math.min(size, level + count * PARTS);
    },
    msUntil(count) {
      fill();
      const wanted = Math.min(count, Math.floor(size / PARTS)) * PARTS;
      return Math.max(0, Math.ceil((wanted - level) / rate));
    },
    setRate(newPerMinute) {
      fill();
      rate = newPerMinute;
      size = toSize(rate);
      level = Math.min(size, level);
    },
  };
}

function toSize(perMinute: number): number {
  if (!(perMinute > 0)) throw new RangeError(`rate must be above 0, got ${perMinute}`);
  return Math.max(PARTS, perMinute * 1_000);
}
