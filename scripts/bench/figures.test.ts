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
  const figures = Object.fromEntries(FIGURES.map((name) => [name, 30]));
  expect(FIGURES.map((name) => toReference(name, figures, slowness))).toEqual(expected);
});

const PARTS = { cpuUs: 30, postgresCpuUs: 12, addUpCpuUs: 6, postgresAddUpCpuUs: 6, renderCpuUs: 12 };

test.each([
  ["PostgreSQL's part by its own slowness, the rest by that of the rest", 1.5, 2, [18, 6, 3, 3, 8]],
  ['PostgreSQL alone is slow', 1, 1.5, [26, 8, 4, 4, 12]],
  ['PostgreSQL alone is fast', 2, 0.5, [21, 12, 6, 6, 6]],
  ['both as slow as can count', 9, 9, [15, 6, 3, 3, 6]],
  ['a result of before it was measured', 1.5, undefined, [20, 8, 4, 4, 8]],
])('CPU time is scaled by what it was spent on: %s', (_, cpu, database, expected) => {
  const slowness = { cpu, wall: 1, ...(database === undefined ? {} : { database }) };
  const scaled = Object.keys(PARTS).map((name) => toReference(name, PARTS, slowness));
  for (const [place, value] of expected.entries()) expect(scaled[place]).toBeCloseTo(value, 9);
});
