import { expect, test } from 'vitest';
import { createCircuitBreaker } from './circuit-breaker.ts';

function startBreaker() {
  const time = { nowMs: 1_000_000 };
  const breaker = createCircuitBreaker({ clock: () => time.nowMs });
  const failTimes = (count: number) => Array.from({ length: count }, () => breaker.fail());
  return { time, breaker, failTimes };
}

test('four failures leave it closed, the fifth opens it for 30 s', () => {
  const { time, breaker, failTimes } = startBreaker();
  failTimes(4);
  expect([breaker.admit(), breaker.msUntilAdmit()]).toEqual([true, 0]);
  failTimes(1);
  expect([breaker.admit(), breaker.msUntilAdmit()]).toEqual([false, 30_000]);
  time.nowMs += 29_999;
  expect([breaker.admit(), breaker.msUntilAdmit()]).toEqual([false, 1]);
});

test('only failures in a row count', () => {
  const { breaker, failTimes } = startBreaker();
  failTimes(4);
  breaker.succeed();
  failTimes(4);
  expect(breaker.admit()).toBe(true);
});

test('one probe goes after the open time, and its success closes', () => {
  const { time, breaker, failTimes } = startBreaker();
  failTimes(5);
  time.nowMs += 30_000;
  expect([breaker.admit(), breaker.admit(), breaker.admit()]).toEqual([true, false, false]);
  breaker.succeed();
  expect([breaker.admit(), breaker.admit()]).toEqual([true, true]);
  failTimes(4);
  expect(breaker.admit()).toBe(true);
});

test('a failed probe opens it again for the whole time', () => {
  const { time, breaker, failTimes } = startBreaker();
  failTimes(5);
  time.nowMs += 40_000;
  expect(breaker.admit()).toBe(true);
  time.nowMs += 1_000;
  failTimes(1);
  expect(breaker.msUntilAdmit()).toBe(30_000);
  time.nowMs += 30_000;
  expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
});

test('failures of calls that were under way do not keep it open longer', () => {
  const { time, breaker, failTimes } = startBreaker();
  failTimes(5);
  time.nowMs += 10_000;
  failTimes(3);
  expect(breaker.msUntilAdmit()).toBe(20_000);
});

test('a probe that never reports is given up', () => {
  const { time, breaker, failTimes } = startBreaker();
  failTimes(5);
  time.nowMs += 30_000;
  breaker.admit();
  time.nowMs += 30_000;
  expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
});
