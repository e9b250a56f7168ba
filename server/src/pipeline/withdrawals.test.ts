import { expect, test } from 'vitest';
import { createWithdrawals } from './withdrawals.ts';

function setUp() {
  let nowMs = 1_000;
  const withdrawals = createWithdrawals(() => nowMs);
  return { ...withdrawals, at: (ms: number) => void (nowMs = ms) };
}

test('nothing that was gated before the commit leaves, from before the commit on; what is gated later does', () => {
  const { at, begin, settle, isWithdrawn } = setUp();
  expect(isWithdrawn(1, 2, 900)).toBe(false);
  begin(1, 2);
  at(1_010);
  expect([isWithdrawn(1, 2, 900), isWithdrawn(1, 2, 1_005), isWithdrawn(1, 3, 900), isWithdrawn(2, 2, 900)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  settle(1, 2);
  expect([isWithdrawn(1, 2, 1_005), isWithdrawn(1, 2, 1_010), isWithdrawn(1, 2, 1_011)]).toEqual([true, true, false]);
});

test('a commit that nobody heard of holds nothing for longer than a minute', () => {
  const { at, begin, isWithdrawn } = setUp();
  begin(1, 2);
  at(61_001);
  expect([isWithdrawn(1, 2, 999), isWithdrawn(1, 2, 1_001)]).toEqual([true, false]);
});

test('old ones are forgotten', () => {
  const { at, begin, isWithdrawn } = setUp();
  for (let phone = 0; phone < 10_000; phone++) begin(1, phone);
  at(16 * 60_000);
  begin(2, 1);
  expect(isWithdrawn(1, 5, 0)).toBe(false);
});
