import { expect, test } from 'vitest';
import { parseListIds } from './commands/keys.ts';
import { parseSettings } from './commands/lists.ts';
import { parseLimit } from './commands/messages.ts';
import { toCheckLine } from './commands/doctor.ts';

test('the value of a setting is JSON where it can be', () => {
  expect(
    parseSettings([
      'stale_minutes=60',
      'prepend=Hi =)',
      'append=null',
      'budgets=[]',
      'quiet_hours=false',
      'reply_stop=',
    ]),
  ).toEqual({
    stale_minutes: 60,
    prepend: 'Hi =)',
    append: null,
    budgets: [],
    quiet_hours: false,
    reply_stop: '',
  });
  expect(parseSettings([])).toBeUndefined();
  expect(() => parseSettings(['stale_minutes'])).toThrow('--setting must be KEY=VALUE, not `stale_minutes`');
  expect(() => parseSettings(['=1'])).toThrow('KEY=VALUE');
});

test('ids of lists are whole numbers', () => {
  expect(parseListIds('1, 22')).toEqual([1, 22]);
  for (const wrong of ['', '1,', '0', '1.5', 'x'])
    expect(() => parseListIds(wrong)).toThrow('--lists must be ids of lists');
});

test('a limit is 1 to 10,000', () => {
  expect(parseLimit(undefined)).toBe(50);
  expect(parseLimit('10000')).toBe(10_000);
  for (const wrong of ['0', '10001', '-1', '1.5', 'x', '']) expect(() => parseLimit(wrong)).toThrow('--limit must be');
});

test('a check is one line with what to do', () => {
  const check = { name: 'in_doubt', details: {} };
  expect(toCheckLine({ ...check, ok: true, text: 'None.', advice: null })).toBe('✓ in doubt    None.');
  expect(toCheckLine({ ...check, ok: false, text: 'Many.', advice: 'Look.' })).toBe('✗ in doubt    Many. Look.');
});
