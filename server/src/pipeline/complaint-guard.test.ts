import { expect, test } from 'vitest';
import { HOUR_MS } from '../lib/clock.ts';
import { guardComplaint, type GuardVerdict } from './complaint-guard.ts';

const NOW_MS = 1_793_639_049_250;
const EMPTY = { places: [], guardedUntilMs: 0 };

/** One complaint every `distance` messages, from `first` on. */
function complain(count: number, { first = 10_000, distance = 1 } = {}, nowMs = NOW_MS, watch = EMPTY): GuardVerdict[] {
  const verdicts: GuardVerdict[] = [];
  for (let index = 0; index < count; index++) {
    verdicts.push(guardComplaint(verdicts.at(-1)?.watch ?? watch, first + index * distance, nowMs));
  }
  return verdicts;
}

test.each([
  ['50 of 1,000, which is 5 %', { first: 10_000 }, 50, false],
  ['51 of 1,000', { first: 10_000 }, 51, true],
  ['one in twenty, for long', { first: 10_000, distance: 20 }, 500, false],
  ['one in nineteen', { first: 10_000, distance: 19 }, 500, true],
  ['49 of the first 49 of a list', { first: 1 }, 49, false],
  ['50 of the first 50 of a list', { first: 1 }, 50, true],
])('%s', (_, places, count, expected) => {
  const verdicts = complain(count, places);
  expect(verdicts.some(({ hasTripped }) => hasTripped)).toBe(expected);
  expect(verdicts.filter(({ hasTripped }) => hasTripped).length).toBe(expected ? 1 : 0);
});

test('the complaint that is too many still counts, those after it do not, and one alert is given', () => {
  const verdicts = complain(60);
  expect(verdicts.map(({ isGuarded }) => isGuarded).indexOf(true)).toBe(51);
  expect(verdicts.slice(51).every(({ isGuarded }) => isGuarded)).toBe(true);
  expect(verdicts[50]).toMatchObject({ hasTripped: true, watch: { guardedUntilMs: NOW_MS + HOUR_MS } });
});

test('after the hour it stands on while the share is as high, and falls when it is not', () => {
  const { watch } = complain(60).at(-1) as GuardVerdict;
  const later = NOW_MS + HOUR_MS;
  expect(guardComplaint(watch, 10_060, later)).toMatchObject({ isGuarded: true, hasTripped: true });
  expect(guardComplaint(watch, 11_055, later)).toMatchObject({ isGuarded: false, hasTripped: false });
  expect(guardComplaint(watch, 11_055, later - 1)).toMatchObject({ isGuarded: true, hasTripped: false });
});

test('a watch keeps no more than the last thousand', () => {
  expect(complain(3_000).at(-1)?.watch.places).toHaveLength(1_000);
});
