import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTokenBucket } from './token-bucket.ts';

function startBucket(perMinute: number) {
  const time = { nowMs: 1_000_000 };
  const bucket = createTokenBucket({ perMinute, clock: () => time.nowMs });
  return { time, bucket };
}

test('starts with one second of its rate', () => {
  const { bucket } = startBucket(17_000);
  expect(bucket.take(1_000)).toBe(283);
  expect(bucket.take(1_000)).toBe(0);
});

test('holds at least one token', () => {
  const { time, bucket } = startBucket(6);
  expect(bucket.take(5)).toBe(1);
  expect(bucket.msUntil(1)).toBe(10_000);
  time.nowMs += 9_999;
  expect(bucket.take(1)).toBe(0);
  time.nowMs += 1;
  expect(bucket.take(1)).toBe(1);
});

test('takes no more than asked for and nothing for zero or less', () => {
  const { bucket } = startBucket(600);
  expect([bucket.take(4), bucket.take(0), bucket.take(-3), bucket.take(10)]).toEqual([4, 0, 0, 6]);
});

test('takes back what was not used, up to its size', () => {
  const { bucket } = startBucket(600);
  bucket.take(10);
  bucket.giveBack(3);
  expect(bucket.take(10)).toBe(3);
  bucket.giveBack(1_000);
  expect(bucket.take(1_000)).toBe(10);
});

test('never asks to wait for more tokens than it can hold', () => {
  const { bucket } = startBucket(600);
  expect(bucket.msUntil(1_000)).toBe(0);
  bucket.take(10);
  expect(bucket.msUntil(1_000)).toBe(1_000);
});

test('a new rate keeps what was there, as far as it fits', () => {
  const { time, bucket } = startBucket(600);
  bucket.setRate(120);
  expect(bucket.take(10)).toBe(2);
  bucket.setRate(6_000);
  expect(bucket.take(10)).toBe(0);
  time.nowMs += 50;
  expect(bucket.take(10)).toBe(5);
});

test('a clock that is set back grants nothing twice', () => {
  const { time, bucket } = startBucket(600);
  bucket.take(10);
  time.nowMs -= 60_000;
  expect(bucket.take(10)).toBe(0);
  time.nowMs += 100;
  expect(bucket.take(10)).toBe(1);
});

test.each([0, -1, Number.NaN])('refuses the rate %s', (perMinute) => {
  expect(() => startBucket(perMinute)).toThrow(RangeError);
});

const rates = fc.integer({ min: 1, max: 1_000_000 });

test('what was waited for is there', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 20_000 }), fc.nat(5_000), (perMinute, count, spentMs) => {
      const { time, bucket } = startBucket(perMinute);
      bucket.take(Number.MAX_SAFE_INTEGER);
      time.nowMs += spentMs;
      time.nowMs += bucket.msUntil(count);
      const most = Math.max(1, Math.floor(perMinute / 60));
      expect(bucket.take(count)).toBe(Math.min(count, most));
    }),
  );
});

test('over any span it grants at most its size and the rate of the span', () => {
  const steps = fc.array(fc.tuple(fc.nat(3_000), fc.nat(5_000)), { maxLength: 50 });
  fc.assert(
    fc.property(rates, steps, (perMinute, takes) => {
      const { time, bucket } = startBucket(perMinute);
      const startMs = time.nowMs;
      let granted = 0;
      for (const [waitMs, count] of takes) {
        time.nowMs += waitMs;
        granted += bucket.take(count);
      }
      const size = Math.max(1, perMinute / 60);
      expect(granted).toBeLessThanOrEqual(size + ((time.nowMs - startMs) * perMinute) / 60_000);
    }),
  );
});
