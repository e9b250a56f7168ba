import { expect, test } from 'vitest';
import { createAddressLimiter, toNetwork } from './address-limiter.ts';

test('an address may so often a minute, and then waits for the next one', () => {
  let nowMs = 600_000;
  const limiter = createAddressLimiter({ perMinute: 2, clock: () => nowMs });
  expect([limiter.take('192.0.2.7'), limiter.take('192.0.2.7'), limiter.take('192.0.2.7')]).toEqual([0, 0, 60]);
  expect([limiter.take('192.0.2.8'), limiter.take(null), limiter.take('')]).toEqual([0, 0, 0]);
  nowMs += 59_001;
  expect(limiter.take('192.0.2.7')).toBe(1);
  nowMs += 999;
  expect(limiter.take('192.0.2.7')).toBe(0);
});

test('addresses beyond what is kept share a count', () => {
  const limiter = createAddressLimiter({ perMinute: 1, clock: () => 0 });
  for (let n = 0; n < 100_000; n++) limiter.take(`192.0.${n}`);
  expect([limiter.take('a'), limiter.take('b'), limiter.take('192.0.5')]).toEqual([0, 60, 60]);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:DB8:0:0:1::', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['unknown', 'unknown'],
  [null, ''],
])('%s is counted as %s', (address, network) => expect(toNetwork(address)).toBe(network));
