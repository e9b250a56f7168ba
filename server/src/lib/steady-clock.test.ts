import { expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './clock.ts';
import { createSteadyClock } from './steady-clock.ts';

const START_MS = 1_700_000_000_000;

/** A machine whose time, system's time and sleep the test moves. */
function createMachine() {
  const at = { wallMs: START_MS, elapsedMs: 500, upMs: 90_000 };
  const clock = createSteadyClock({
    wallMs: () => at.wallMs,
    elapsedMs: () => at.elapsedMs,
    upMs: () => at.upMs,
  });
  return {
    clock,
    jump: (ms: number) => void (at.wallMs += ms),
    sleep: (ms: number) => {
      at.wallMs += ms;
      at.upMs += ms;
    },
    pass: (ms: number) => {
      at.wallMs += ms;
      at.elapsedMs += ms;
      at.upMs += ms;
    },
  };
}

test('it follows the time that passes', () => {
  const { clock, pass } = createMachine();
  expect(clock()).toBe(START_MS);
  pass(1_234);
  expect(clock()).toBe(START_MS + 1_234);
});

test('an hour forth and back moves it by 5 % of the time between', () => {
  const { clock, pass, jump } = createMachine();
  jump(HOUR_MS);
  expect(clock()).toBe(START_MS);
  pass(10 * SECOND_MS);
  expect(clock()).toBe(START_MS + 10_500);
  jump(-HOUR_MS);
  expect(clock()).toBe(START_MS + 10_500);
  pass(MINUTE_MS);
  expect(clock()).toBe(START_MS + 70_000);
});

test('it never goes back, and comes to the time that was set', () => {
  const { clock, pass, jump } = createMachine();
  jump(-HOUR_MS);
  let beforeMs = clock();
  for (let minute = 0; minute < 21 * 60; minute++) {
    pass(MINUTE_MS);
    const nowMs = clock();
    expect(nowMs).toBeGreaterThan(beforeMs);
    beforeMs = nowMs;
  }
  expect(beforeMs).toBe(START_MS + 20 * HOUR_MS);
});

test('sleep of the machine is time that passed', () => {
  const { clock, pass, sleep } = createMachine();
  pass(SECOND_MS);
  sleep(HOUR_MS);
  expect(clock()).toBe(START_MS + HOUR_MS + SECOND_MS);
  sleep(HOUR_MS);
  pass(SECOND_MS);
  expect(clock()).toBe(START_MS + 2 * HOUR_MS + 2 * SECOND_MS);
});

test('a difference of over a day means that the time was not set before, and is followed at once', () => {
  const { clock, pass, jump } = createMachine();
  jump(25 * HOUR_MS);
  pass(SECOND_MS);
  expect(clock()).toBe(START_MS + 25 * HOUR_MS + SECOND_MS);
});
