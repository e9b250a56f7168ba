import { expect, test } from 'vitest';
import { createWithdrawals } from './withdrawals.ts';

const STOPPED = [{ listId: 1, phone: 2 }];

test('nothing that was gated before the commit leaves, from before the commit on; what is gated later does', () => {
  const withdrawals = createWithdrawals();
  const before = withdrawals.look(1);
  const otherList = withdrawals.look(2);
  expect(before.isWithdrawn(2)).toBe(false);
  withdrawals.begin(STOPPED);
  const during = withdrawals.look(1);
  expect([before, during, otherList].map((look) => look.isWithdrawn(2))).toEqual([true, true, false]);
  expect(before.isWithdrawn(3)).toBe(false);
  withdrawals.settle(STOPPED);
  const after = withdrawals.look(1);
  expect([before, during, after].map((look) => look.isWithdrawn(2))).toEqual([true, true, false]);
});

test('a commit that nobody heard of holds nothing for longer than a minute, or than was said', () => {
  let nowMs = 1_000;
  const withdrawals = createWithdrawals({ now: () => nowMs });
  const before = withdrawals.look(1);
  withdrawals.begin(STOPPED);
  withdrawals.begin([{ listId: 1, phone: 3 }], 3_600_000);
  const during = withdrawals.look(1);
  nowMs += 59_999;
  expect([during.isWithdrawn(2), during.isWithdrawn(3)]).toEqual([true, true]);
  nowMs += 2;
  expect([before.isWithdrawn(2), during.isWithdrawn(2), during.isWithdrawn(3)]).toEqual([true, true, true]);
  const after = withdrawals.look(1);
  expect([after.isWithdrawn(2), after.isWithdrawn(3)]).toEqual([false, true]);
});

test('withdrawals are kept as long as a message waits that was gated before them, however many come', () => {
  const withdrawals = createWithdrawals();
  const early = withdrawals.look(1);
  for (let phone = 0; phone < 20_000; phone++) withdrawals.settle([{ listId: 1, phone }]);
  const late = withdrawals.look(1);
  expect([early.isWithdrawn(0), early.isWithdrawn(19_999), late.isWithdrawn(0)]).toEqual([true, true, false]);
  early.end();
  withdrawals.settle([{ listId: 1, phone: 20_000 }]);
  // All that are left are those that the late look has not seen.
  expect([0, 19_999, 20_000].map((phone) => early.isWithdrawn(phone))).toEqual([false, false, true]);
  expect(late.isWithdrawn(20_000)).toBe(true);
});

test('when opt-outs may have been missed, nothing leaves that was gated before', async () => {
  let isDeaf = false;
  const withdrawals = createWithdrawals({ isDeaf: () => isDeaf });
  const before = withdrawals.look(1);
  isDeaf = true;
  const deaf = withdrawals.look(1);
  expect([before.isWithdrawn(2), deaf.isWithdrawn(2)]).toEqual([true, true]);
  withdrawals.doubtAll();
  isDeaf = false;
  await Promise.resolve();
  const after = withdrawals.look(1);
  expect([before, deaf, after].map((look) => look.isWithdrawn(2))).toEqual([true, true, false]);
});
