import { expect, test } from 'vitest';
import { delayBefore, isRetryable, parseRetryAfter } from './retry.ts';
import { TracklyError } from './trackly-error.ts';

const refused = (status: number, code = 'x') => new TracklyError('x', { status, code, requestId: null });

test.each<[unknown, boolean]>([
  [refused(500), true],
  [refused(503), true],
  [refused(429), true],
  [refused(409, 'idempotency_in_progress'), true],
  [refused(409, 'not_cancellable'), false],
  [refused(400), false],
  [refused(422), false],
  [new TypeError('fetch failed'), true],
  [new DOMException('too late', 'TimeoutError'), true],
  [new DOMException('ended by the caller', 'AbortError'), false],
])('%s is worth another try: %s', (error, expected) => {
  expect(isRetryable(error)).toBe(expected);
});

test('waits grow, stay below ten seconds and are not less than the server asked for', () => {
  expect([1, 2, 3, 10].map((retry) => delayBefore(retry, null, () => 1))).toEqual([250, 500, 1_000, 10_000]);
  expect(delayBefore(3, null, () => 0)).toBe(0);
  expect(delayBefore(1, 5_000, () => 0)).toBe(5_000);
  expect(delayBefore(1, 86_400_000, () => 0)).toBe(60_000);
});

test('Retry-After is seconds or a date', () => {
  expect(parseRetryAfter('5', 0)).toBe(5_000);
  expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:09 GMT', 2_000)).toBe(7_000);
  expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:01 GMT', 2_000)).toBe(0);
  expect(parseRetryAfter('soon', 0)).toBeNull();
  expect(parseRetryAfter(null, 0)).toBeNull();
});
