import { expect, test } from 'vitest';
import { waitAfter } from './retry.ts';

const nowMs = Date.parse('2026-11-02T17:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const refused = { statusCode: null, retryAfter: undefined, nowMs };
const exactly = (): number => 0.5;

test('eleven tries over 76 hours and 21 minutes', () => {
  const waits = Array.from({ length: 11 }, (_, index) => waitAfter(index + 1, refused, exactly));
  expect(waits).toEqual([
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
    undefined,
  ]);
  const total = waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0);
  expect(total).toBe(76 * HOUR + 21 * MINUTE);
});

test('waits differ by up to ten percent', () => {
  expect(waitAfter(1, refused, () => 0)).toBe(0.9 * MINUTE);
  expect(waitAfter(1, refused, () => 1)).toBe(1.1 * MINUTE);
});

test.each([
  [429, '120', 2 * MINUTE],
  [502, '120', 2 * MINUTE],
  [503, '120', 2 * MINUTE],
  [504, '120', 2 * MINUTE],
  [503, 'Mon, 02 Nov 2026 17:10:00 GMT', 10 * MINUTE],
  [503, 'Mon, 02 Nov 2026 16:00:00 GMT', MINUTE],
  [503, '5', MINUTE],
  [503, '99999999', 24 * HOUR],
  [503, 'soon', MINUTE],
  [503, '-1', MINUTE],
  [503, undefined, MINUTE],
  [500, '120', MINUTE],
  [400, '120', MINUTE],
  [null, '120', MINUTE],
])('status %s with Retry-After %s waits %i ms', (statusCode, retryAfter, expected) => {
  expect(waitAfter(1, { statusCode, retryAfter, nowMs }, exactly)).toBe(expected);
});

test('Retry-After gives no try more than there are', () => {
  expect(waitAfter(11, { statusCode: 429, retryAfter: '1', nowMs }, exactly)).toBeUndefined();
});
