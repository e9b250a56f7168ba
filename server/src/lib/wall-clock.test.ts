import { expect, test } from 'vitest';
import { fromWallTime, offsetMs, toDate, toWallTime } from './wall-clock.ts';

const at = (iso: string): number => Date.parse(iso);
const HOUR = 3_600_000;

test.each([
  ['America/New_York', '2026-11-01T05:59:59Z', -4],
  ['America/New_York', '2026-11-01T06:00:00Z', -5],
  ['America/New_York', '2027-03-14T06:59:59Z', -5],
  ['America/New_York', '2027-03-14T07:00:00Z', -4],
  ['Asia/Kathmandu', '2026-01-01T00:00:00Z', 5.75],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', 10.5],
  ['UTC', '1969-12-31T23:59:59Z', 0],
])('%s is ahead at %s by %d hours', (zone, time, hours) => expect(offsetMs(zone, at(time))).toBe(hours * HOUR));

test('a wall shows its own day', () => {
  expect(toWallTime('Pacific/Honolulu', at('2026-11-23T09:59:00Z'))).toMatchObject({
    weekday: 0,
    minute: 23 * 60 + 59,
  });
  const { day, weekday } = toWallTime('Pacific/Auckland', at('2026-11-23T11:00:00Z'));
  expect([toDate(day), weekday]).toEqual(['2026-11-24', 2]);
  expect(toWallTime('UTC', -1)).toEqual({ day: -1, weekday: 3, minute: 1_439 });
});

test.each([
  ['a plain day', 'America/New_York', '2026-11-23', 480, '2026-11-23T13:00:00Z'],
  ['after the clocks went back', 'America/New_York', '2026-11-01', 480, '2026-11-01T13:00:00Z'],
  ['after they went forward', 'America/New_York', '2027-03-14', 480, '2027-03-14T12:00:00Z'],
  ['an hour that is there twice: the first', 'America/New_York', '2026-11-01', 90, '2026-11-01T05:30:00Z'],
  ['an hour that is skipped: later', 'America/New_York', '2027-03-14', 150, '2027-03-14T07:30:00Z'],
  ['the next midnight', 'Asia/Tokyo', '2026-11-23', 1_440, '2026-11-23T15:00:00Z'],
])('%s', (_what, zone, date, minute, expected) => {
  expect(new Date(fromWallTime(zone, at(date) / (24 * HOUR), minute)).toISOString()).toBe(
    expected.replace('Z', '.000Z'),
  );
});
