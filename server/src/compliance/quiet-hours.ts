import { DAY_MS, MINUTE_MS } from '../lib/clock.ts';
import { fromWallTime, toDate, toWallTime } from '../lib/wall-clock.ts';
import type { QuietRule, RuleWindow } from './quiet-rule.ts';
import { HOLIDAYS } from './quiet-rules-data.ts';

/** When a text may go. */
export interface Opening {
  /** The moment that was asked about when it may go at once; null: not within eight days. */
  readonly atMs: number | null;
  /** The rule that closes last before it, or that never opens; null: it may go at once. */
  readonly rule: QuietRule | null;
}

/** Further ahead nothing is looked for. */
const SEARCH_MS = 8 * DAY_MS;
const SEARCH_DAYS = 9;
const LAST_MINUTE = 1_440;

/**
 * The first moment from `nowMs` on at which the clocks of every zone are inside the hours of every rule. Zones are all the
 * places where the recipient may be. Costs about 1 µs a zone and rule when the time is right, and some 10 µs when not.
 */
export function findOpening(nowMs: number, zones: readonly string[], rules: readonly QuietRule[]): Opening {
  let atMs = nowMs;
  let closing: QuietRule | null = null;
  while (atMs - nowMs <= SEARCH_MS) {
    let latestMs = atMs;
    for (const rule of rules) {
      for (const zone of zones) {
        const openMs = nextOpen(rule, zone, atMs);
        if (openMs === null) return { atMs: null, rule };
        if (openMs <= latestMs) continue;
        latestMs = openMs;
        closing = rule;
      }
    }
    if (latestMs === atMs) return { atMs, rule: closing };
    atMs = latestMs;
  }
  return { atMs: null, rule: closing };
}

/** `atMs` itself when the rule is open then; else the minute in which it opens; null: not within the days looked at. */
function nextOpen({ windows, holidays }: QuietRule, zone: string, atMs: number): number | null {
  if (windows === null) return atMs;
  const now = toWallTime(zone, atMs);
  for (let ahead = 0; ahead < SEARCH_DAYS; ahead++) {
    const day = now.day + ahead;
    if (holidays !== null && HOLIDAYS[holidays].has(toDate(day))) continue;
    let earliestMs: number | null = null;
    for (const window of windows) {
      if (!window.days.includes(((now.weekday + ahead) % 7) as RuleWindow['days'][number])) continue;
      const [start, end] = [toMinute(window.start), toMinute(window.end)];
      if (ahead === 0 && now.minute >= start && now.minute < end) return atMs;
      if (ahead === 0 && now.minute >= end) continue;
      const startMs = fromWallTime(zone, day, start);
      if (startMs > atMs && (earliestMs === null || startMs < earliestMs)) earliestMs = startMs;
    }
    if (earliestMs !== null) return Math.ceil(earliestMs / MINUTE_MS) * MINUTE_MS;
  }
  return null;
}

function toMinute(time: string): number {
  return Math.min(LAST_MINUTE, Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
}
