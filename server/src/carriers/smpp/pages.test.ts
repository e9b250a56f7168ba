import { readFileSync } from 'node:fs';
import { BEHAVIOURS } from '@trackly/smpp';
import { expect, test } from 'vitest';
import { SMPP_CREDENTIALS } from './settings.ts';
import { SMPP_BEHAVIOURS } from './twin.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../../../docs/carriers/${name}.md`, import.meta.url), 'utf8').replaceAll(/ +/g, ' ');

test.each(SMPP_CREDENTIALS.map(({ name }) => name))('the page explains %s', (name) => {
  expect(read('smpp')).toContain(`\`${name}\``);
});

test.each(Object.entries(SMPP_BEHAVIOURS))('the page says what %s does', (name, says) => {
  expect(read('smpp')).toContain(`| \`${name}\` | ${says} |`);
});

test('the pages have every number with a behaviour', () => {
  for (const digits of BEHAVIOURS.keys()) expect(read('smpp') + read('twins')).toContain(`\`${digits}\``);
});
