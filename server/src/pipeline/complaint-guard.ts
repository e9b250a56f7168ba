import { HOUR_MS } from '../lib/clock.ts';
import type { ComplaintWatch } from '../store/complaint-watch-store.ts';

/** A list whose messages are called spam more often than this has a carrier that filters, not people who complain. */
const WINDOW = 1_000;
const MAX_SHARE = 0.05;
const MIN_COMPLAINTS = 50;
const GUARD_MS = HOUR_MS;

export interface GuardVerdict {
  readonly watch: ComplaintWatch;
  /** The subscription stays. */
  readonly isGuarded: boolean;
  /** The guard stands since this complaint. */
  readonly hasTripped: boolean;
}

/**
 * Counts one complaint. More than 5 % of the last 1,000 finished messages of a list, and at least 50: those that follow
 * within an hour end no subscription, and after it none until the share has fallen.
 * @param place how many messages of the list have finished with it
 */
export function guardComplaint(watch: ComplaintWatch, place: number, nowMs: number): GuardVerdict {
  const before = watch.places.filter((other) => other > place - WINDOW);
  const places = [...before, place];
  const stands = nowMs < watch.guardedUntilMs;
  const isGuarded = stands || isTooMany(before, place - 1);
  const hasTripped = !stands && isTooMany(places, place);
  const guardedUntilMs = hasTripped ? nowMs + GUARD_MS : watch.guardedUntilMs;
  return { watch: { places, guardedUntilMs }, isGuarded, hasTripped };
}

function isTooMany({ length }: readonly number[], finished: number): boolean {
  return length >= MIN_COMPLAINTS && length > Math.min(finished, WINDOW) * MAX_SHARE;
}
