import { uptime } from 'node:os';
import { DAY_MS, SECOND_MS, type Clock } from './clock.ts';

/** What a steady clock is made of; the system's by default. */
export interface TimeSources {
  /** Epoch milliseconds, may jump. */
  readonly wallMs: () => number;
  /** Never jumps; may stand still while the machine sleeps. */
  readonly elapsedMs: () => number;
  /** Since the machine booted, its sleep included. */
  readonly upMs: () => number;
}

const SYSTEM: TimeSources = {
  wallMs: Date.now,
  elapsedMs: () => performance.now(),
  upMs: () => uptime() * SECOND_MS,
};
/** How much faster or slower than real time it runs to come back to the system's time. */
const CORRECTION = 0.05;
/** A difference above this is a jump of the system's time, or sleep. */
const JUMP_MS = 2 * SECOND_MS;
/** A difference above this means that the time was not set before, as on a board without a clock of its own. */
const UNSET_MS = DAY_MS;

/**
 * Epoch milliseconds that never jump and never go back: the system's time at the start, carried on by the monotonic
 * clock. When somebody sets the system's time, this clock runs 5 % faster or slower until it is there, an hour in 20
 * hours. So a time that was stored before the jump keeps its distance from now: no message becomes stale by it, none
 * with a send time leaves early by more than 5 % of the time since the jump, and leases, rates and waits are not
 * touched. Sleep of the machine is time that passed, and is followed at once; so is a difference of over a day. A new start takes the system's time as it
 * is.
 */
export function createSteadyClock({ wallMs, elapsedMs, upMs }: TimeSources = SYSTEM): Clock {
  let nowMs = wallMs();
  let readMs = elapsedMs();
  let sleptMs = upMs() - readMs;

  function followSleep(): void {
    const moreMs = upMs() - readMs - sleptMs;
    if (moreMs < JUMP_MS) return;
    sleptMs += moreMs;
    nowMs += moreMs;
  }

  return () => {
    const atMs = elapsedMs();
    const passedMs = atMs - readMs;
    readMs = atMs;
    nowMs += passedMs;
    if (wallMs() - nowMs > JUMP_MS) followSleep();
    if (Math.abs(wallMs() - nowMs) > UNSET_MS) nowMs = wallMs();
    const mostMs = passedMs * CORRECTION;
    nowMs += Math.min(mostMs, Math.max(-mostMs, wallMs() - nowMs));
    return Math.floor(nowMs);
  };
}
