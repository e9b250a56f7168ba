import { expect, test } from 'vitest';
import { createWithdrawals } from './withdrawals.ts';

function setUp() {
  let nowMs = 1_000;
  const withdrawals = createWithdrawals(() => nowMs);
  return { withdrawals, at: (ms: number) => void (nowMs = ms) };
}

test('nothing that was gated before the commit leaves, from before the commit on; what is gated later does', () => {
  const { at, withdrawals } = setUp();
  expect(withdrawals.isWithdrawn(1, 2, 900)).toBe(false);
  withdrawals.begin(1, 2);
  at(1_010);
  expect([
    withdrawals.isWithdrawn(1, 2, 900),
    withdrawals.isWithdrawn(1, 2, 1_005),
    withdrawals.isWithdrawn(1, 3, 900),
    withdrawals.isWithdrawn(2, 2, 900),
  ]).toEqual([true, true, false, false]);
  withdrawals.settle(1, 2);
  expect([
    withdrawals.isWithdrawn(1, 2, 1_005),
    withdrawals.isWithdrawn(1, 2, 1_010),
    withdrawals.isWithdrawn(1, 2, 1_011),
  ]).toEqual([true, true, false]);
});

test('a commit that nobody heard of holds nothing for longer than a minute', () => {
  const { at, withdrawals } = setUp();
  withdrawals.begin(1, 2);
  at(61_001);
  expect([withdrawals.isWithdrawn(1, 2, 999), withdrawals.isWithdrawn(1, 2, 1_001)]).toEqual([true, false]);
});

test('old ones are forgotten', () => {
  const { at, withdrawals } = setUp();
  for (let phone = 0; phone < 10_000; phone++) withdrawals.begin(1, phone);
  at(16 * 60_000);
  withdrawals.begin(2, 1);
  expect(withdrawals.isWithdrawn(1, 5, 0)).toBe(false);
});
