import { expect, test } from 'vitest';
import { HOUR_MS } from '../lib/clock.ts';
import { findRoom } from './frequency-cap.ts';
import type { QuietRule } from './quiet-rule.ts';
import { QUIET_RULES } from './quiet-rules-data.ts';

const NOW = Date.parse('2026-11-25T19:00:00Z');
const FLORIDA = QUIET_RULES.filter((rule) => rule.id === 'US-FL-CAP');
const hoursAgo = (...hours: number[]): number[] => hours.map((each) => NOW - each * HOUR_MS);

function ask(sentMs: number[], rules: readonly QuietRule[] = FLORIDA): [inHours: number, rule: string | null] {
  const { atMs, rule } = findRoom(NOW, sentMs, rules);
  return [((atMs ?? NaN) - NOW) / HOUR_MS, rule?.id ?? null];
}

test.each([
  ['none', [], 0],
  ['two', [1, 2], 0],
  ['three', [1, 2, 10], 14],
  ['three, the oldest a day ago', [1, 2, 24], 0],
  ['three, the oldest a millisecond less than a day ago', [1, 2, 24 - 1 / HOUR_MS], 1 / HOUR_MS],
  ['more than three: until there are two', [1, 2, 3, 20], 21],
  ['three in the future of a clock that went back', [-50, -49, -48], 24],
])('%s', (_what, hours, until) => {
  const [inHours, rule] = ask(hoursAgo(...hours));
  expect(inHours).toBeCloseTo(until, 9);
  expect(rule).toBe(until === 0 ? null : 'US-FL-CAP');
});

test('of several caps the one that holds longest is told, and hours are no caps', () => {
  const weekly: QuietRule = { ...(FLORIDA[0] as QuietRule), id: 'WEEKLY', cap: { messages: 4, hours: 168 } };
  expect(ask(hoursAgo(1, 2, 3, 100), [...FLORIDA, weekly])).toEqual([68, 'WEEKLY']);
  expect(ask(hoursAgo(1, 2, 3, 160), [weekly, ...FLORIDA])).toEqual([21, 'US-FL-CAP']);
  expect(
    ask(
      hoursAgo(1, 2, 3),
      QUIET_RULES.filter((rule) => rule.cap === null),
    ),
  ).toEqual([0, null]);
});
