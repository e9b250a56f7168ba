import { expect, test } from 'vitest';
import { describe, kindOf, toReference } from './figures.mjs';

test.each([
  ['cpuUs1000', 0.5341, 'cpu', '0.534 µs'],
  ['encodeNs', 72.8, 'cpu', 'encode 72.8 ns'],
  ['p99MsHalf', 7.6449, 'plain', 'p99 7.64 ms'],
  ['wallUs_land', 7.23, 'wall', 'wall 7.23 µs'],
  ['messagesPerSecond1000', 1_625_691.6, 'rate', '1,625,692 messages/s'],
  ['idleMib', 123.4, 'plain', 'idle 123 MiB'],
])('%s is known by its unit', (name, value, kind, text) => {
  expect(kindOf(name)).toBe(kind);
  expect(describe(name, value)).toBe(text);
});

const FIGURES = ['cpuUs', 'encodeNs', 'wallUs_land', 'messagesPerSecond', 'p99Ms', 'peakMib'];

test.each([
  ['times and rates are scaled, each by its own slowness', { cpu: 1.5, wall: 1.2 }, [20, 20, 25, 36, 30, 30]],
  ['a machine faster than the reference changes nothing', { cpu: 0.7, wall: 0.5 }, [30, 30, 30, 30, 30, 30]],
  ['twice as slow is the most that counts', { cpu: 3, wall: 100 }, [15, 15, 15, 60, 30, 30]],
])('%s', (_, slowness, expected) => {
  expect(FIGURES.map((name) => toReference(name, 30, slowness))).toEqual(expected);
});
