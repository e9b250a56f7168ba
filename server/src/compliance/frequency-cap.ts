import { HOUR_MS } from '../lib/clock.ts';
import type { Opening } from './quiet-hours.ts';
import type { QuietRule } from './quiet-rule.ts';

/**
 * The first moment from `nowMs` on at which the caps have room for one more text to a recipient: a cap holds until the
 * oldest of its texts is as old as its hours. `sentMs`: when earlier ones left, newest first; a time ahead, which a clock
 * that jumped has left behind, counts as now. Rules that are no caps are passed over.
 */
export function findRoom(nowMs: number, sentMs: readonly number[], rules: readonly QuietRule[]): Opening {
  let atMs = nowMs;
  let closing: QuietRule | null = null;
  for (const rule of rules) {
    if (rule.cap === null) continue;
    const oldestMs = sentMs[rule.cap.messages - 1];
    if (oldestMs === undefined) continue;
    const roomMs = Math.min(oldestMs, nowMs) + rule.cap.hours * HOUR_MS;
    if (roomMs <= atMs) continue;
    atMs = roomMs;
    closing = rule;
  }
  return { atMs, rule: closing };
}
