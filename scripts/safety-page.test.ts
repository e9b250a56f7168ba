import { expect, test } from 'vitest';
import { toSafetyPage } from './safety-page.mjs';

const RUN = { date: '2026-11-25', machine: '2 × Test', node: '20.19.0', load: 0.04, minutes: 19.6, withoutSoak: false };
const LINE = { promise: 'nothing is lost', faults: 'killed', rounds: 50, seconds: 3, seen: '7 messages' };

test('promises are sections in order, and what was tried for each is a row', () => {
  const page = toSafetyPage(
    [{ ...LINE, promise: 'one process' }, { ...LINE, faults: 'stopped', seed: '77' }, LINE],
    RUN,
  );
  expect(page.match(/^## .*$/gm)).toEqual(['## Nothing is lost', '## One process']);
  expect(page.match(/^\| (killed|stopped).*$/gm)).toEqual([
    '| killed  | 50     |      | 3       | 7 messages    |',
    '| stopped | 50     | 77   | 3       | 7 messages    |',
    '| killed | 50     |      | 3       | 7 messages    |',
  ]);
  expect(page).toContain('Node 20.19.0, in 20 minutes');
  expect(page).not.toContain('left out');
});

test('a page without the soak says so, and a bar does not break the table', () => {
  const page = toSafetyPage([{ ...LINE, seen: 'a|b' }], { ...RUN, withoutSoak: true });
  expect(page).toContain('The soak was left out.');
  expect(page).toContain('a\\|b');
});
