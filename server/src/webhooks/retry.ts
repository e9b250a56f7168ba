import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/clock.ts';

/** Waits after the first try, the second, …: 11 tries over some 76 hours. */
const WAITS_MS = [
  1 * MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  1 * HOUR_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
const JITTER = 0.1;
const LONGEST_RETRY_AFTER_MS = DAY_MS;
/** Statuses whose `Retry-After` counts. */
const THROTTLED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * How long to wait after a failed try; undefined when it was the last one.
 * @param tries that there were, from 1
 * @param retryAfter the header of the answer, if it had one
 */
export function waitAfter(
  tries: number,
  { statusCode, retryAfter, nowMs }: { statusCode: number | null; retryAfter: string | undefined; nowMs: number },
  random: () => number,
): number | undefined {
  const wait = WAITS_MS[tries - 1];
  if (wait === undefined) return undefined;
  const jittered = Math.round(wait * (1 - JITTER + 2 * JITTER * random()));
  if (statusCode === null || !THROTTLED.has(statusCode)) return jittered;
  return Math.max(jittered, Math.min(parseRetryAfter(retryAfter, nowMs), LONGEST_RETRY_AFTER_MS));
}

/** RFC 9110 §10.2.3: seconds or a date; 0 for anything else. */
function parseRetryAfter(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * SECOND_MS;
  const atMs = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}
