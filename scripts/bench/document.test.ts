import { expect, test } from 'vitest';
import { replaceBetween, toDocument, toReadme } from './document.mjs';
import { toPlot } from './plot.mjs';
import { summarize } from './summary.mjs';

const RESULTS = [
  {
    bench: 'whole-life',
    figures: { messagesPerSecond: 9_000, cpuUs: 112.5 },
    budget: { cpuUs: 80 },
    goal: { messagesPerSecond: 20_000 },
    over: ['cpuUs', 'messagesPerSecond'],
    durable: 'all of it',
    slowness: { cpu: 1.25, wall: 1.5, database: 1.1 },
    date: '2026-11-25',
  },
  {
    bench: 'ids',
    figures: { encodeNs: 72.8 },
    budget: { encodeNs: 120 },
    goal: {},
    over: [],
    durable: 'nothing',
    slowness: { cpu: 0.9, wall: 0.9 },
    date: '2026-11-24',
  },
];

const REFERENCE = { machine: 'A machine', node: 'v20', date: '2026-11-01', cpuMs: 122, wallMs: 124, databaseMs: 20 };

test('the document says of each figure what was measured and what it is held to, and how slow the machine was', () => {
  const text = toDocument(RESULTS, summarize(RESULTS), 'Measured here.', REFERENCE);
  expect(text).toMatch(
    /\| whole life: .* \| 20,000 messages\/s \| 9,000 messages\/s \(goal not reached\) \| +80 µs \| +113 µs \| +90 µs \(over\) \| all of it \|/,
  );
  expect(text).toContain(
    'Durable: all of it. Measured on 2026-11-25, slowness 1.25 (CPU), 1.50 (wall), 1.10 (PostgreSQL).',
  );
  expect(text).toMatch(/\| `messagesPerSecond` \| +9,000 \| +13,500 \| ≥ 10,000 \(over\) \| 20,000, not reached \|/);
  expect(text).toMatch(/\| `encodeNs` \| +72.8 \| +72.8 \| +120 \| +\|/);
  expect(text).toContain('The reference is\nA machine, Node v20 (122 ms, 124 ms\nand 20 ms, measured on 2026-11-01)');
});

test("the README's part is what stands between its markers", () => {
  const start = '<!-- measured: written by `npm run bench` -->';
  const end = '<!-- end of measured -->';
  const part = toReadme(summarize(RESULTS), 'Measured here.');
  expect(part).toContain('| 9,000 messages/s |');
  expect(replaceBetween(`before\n${start}\nold\n${end}\nafter\n`, part)).toBe(
    `before\n${start}\n\n${part}\n\n${end}\nafter\n`,
  );
  expect(() => replaceBetween('no markers', part)).toThrow('README.md must hold');
});

test('the plot has a bar and a mark for each row that has the figures', () => {
  const svg = toPlot(summarize(RESULTS), 'a < b');
  expect(svg.match(/<rect [^>]*height="16"/g)).toHaveLength(2);
  expect(svg).toContain('a &lt; b');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
