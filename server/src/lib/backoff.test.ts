import { expect, test } from 'vitest';
import { retryDelayMs } from './backoff.ts';

test('waits grow to a minute and stay there', () => {
  const seconds = [1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((attempt) => retryDelayMs(attempt, () => 0.5) / 1_000);
  expect(seconds).toEqual([1, 2, 4, 8, 15, 30, 60, 60, 60]);
});

test.each([
  [0, 800],
  [0.25, 900],
  [1, 1_200],
])('a random of %f gives %i ms', (random, expectedMs) => {
  expect(retryDelayMs(1, () => random)).toBe(expectedMs);
});

test('a first try that was not counted waits as the first', () => {
  expect(retryDelayMs(0, () => 0.5)).toBe(1_000);
});
