import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BY_DIGITS, planFor, TWIN_BEHAVIOURS, type TwinBehaviour } from './twin-plan.ts';

const PAGE = readFileSync(new URL('../../../../docs/carriers/twins.md', import.meta.url), 'utf8');

/** The rows of the tables about carriers over HTTP whose first cell is code. */
const [ABOUT_HTTP = ''] = PAGE.split('\n## ');
const ROWS = ABOUT_HTTP.split('\n').flatMap((line): [string, string][] => {
  const [, names, text] = /^\| (`.+`) +\| (.+?) +\|$/.exec(line) ?? [];
  return names === undefined || text === undefined ? [] : [[names, text]];
});

test('the page names each behaviour with the words of the command line, and no other', () => {
  const documented = ROWS.filter(([names]) => /[a-z]/.test(names)).map(([name, text]) => [
    name.replaceAll('`', ''),
    text,
  ]);
  expect(Object.fromEntries(documented)).toEqual(TWIN_BEHAVIOURS);
});

test('the page names the last digits of every recipient that is special, and no other', () => {
  const documented = ROWS.flatMap(([names]) => names.match(/\d{4}/g) ?? []);
  expect(documented.sort()).toEqual(Object.keys(BY_DIGITS).sort());
});

const NAMES = Object.keys(TWIN_BEHAVIOURS) as TwinBehaviour[];

test.each(NAMES.filter((name) => name !== 'bad-credentials'))('%s changes what becomes of some messages', (name) => {
  const seeds = Array.from({ length: 100 }, (_, seed) => String(seed));
  const plain = planFor('+13125550142', [], '');
  const changed = seeds.filter(
    (seed) => JSON.stringify(planFor('+13125550142', [name], seed)) !== JSON.stringify(plain),
  );
  expect(changed.length).toBeGreaterThan(0);
});
