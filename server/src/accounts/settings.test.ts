import { expect, test } from 'vitest';
import { testAccount } from '../../test/helpers/http-fixture.ts';
import { defaultBlockedWords } from '../compliance/index.ts';
import { findFieldError } from '../lib/fields.ts';
import { settingFields, toSettingsView } from './settings.ts';

test.each([
  ['brand_name', 'a'.repeat(101), 7, 'a\u0000'],
  ['support_contact', 'a'.repeat(101), {}, false],
  ['timezone', 'Mars/Olympus', 'UTC+2', ''],
  ['prepend', 'a'.repeat(201), 1, []],
  ['append', 'a'.repeat(201), 1, []],
  ['default_filter_bots', 'true', 1, []],
  ['bot_filter_page', 'nobody', true, ''],
  ['bad_countries', 'US', ['us'], [1]],
  ['blocked_words', 'word', [''], [1]],
  ['dedupe_window_seconds', -1, 86_401, 1.5],
  ['optout_scope', 'all', 1, ''],
  ['abuse_words_mode', 'x', 1, ''],
  ['soft_failure_threshold', 0, 21, '3'],
  ['shortener_domain', 'https://nwp.example', 'a b', 1],
  ['click_domain', 'nwp.example/path', '', 1],
  ['rotate_postback_secret', false, 'true', 1],
  ['require_postback_secret', 'false', 0, {}],
  ['thompson_mode', 'x', 1, ''],
  ['thompson_payout_floor', -1, '20', true],
  ['thompson_window_days', 0, 366, '30'],
  ['tune', 'x', [], { a: '\u0000' }],
])('%s refuses what it is not', (name, ...values) => {
  for (const value of values) expect(findFieldError(settingFields, { [name]: value }, 0)).toBe(`invalid_${name}`);
});

test('the table names every setting that can be written, and good values pass', () => {
  const good = {
    brand_name: 'NWP',
    support_contact: '',
    timezone: 'Europe/Berlin',
    prepend: '',
    append: ' Bye',
    default_filter_bots: true,
    bot_filter_page: 'everyone',
    bad_countries: ['US', 'DE'],
    blocked_words: ['chase'],
    dedupe_window_seconds: 0,
    optout_scope: 'account',
    abuse_words_mode: 'label',
    soft_failure_threshold: 20,
    shortener_domain: 'nwp.example',
    click_domain: 'localhost:8080',
    rotate_postback_secret: true,
    require_postback_secret: true,
    thompson_mode: 'thompson_two_step',
    thompson_payout_floor: 0,
    thompson_window_days: 365,
    tune: { network: 'x' },
  };
  expect(settingFields.all.map(({ name }) => name)).toEqual(Object.keys(good));
  expect(findFieldError(settingFields, good, 0)).toBeUndefined();
  const nulls = Object.fromEntries(Object.keys(good).map((name) => [name, null]));
  expect(findFieldError(settingFields, { ...nulls, nonsense: 1, billing_enforced: 'x' }, 0)).toBeUndefined();
});

test('defaults come from the account and the built-in list', () => {
  expect(toSettingsView(testAccount(), {})).toMatchObject({
    brand_name: 'Northwind Pets',
    support_contact: 'zoe@nwp.example',
    timezone: null,
    prepend: '{{brand_name}}: ',
    append: ' Reply stop to stop. Help for help.',
    blocked_words: defaultBlockedWords,
    dedupe_window_seconds: 300,
    billing_enforced: false,
  });
  expect(toSettingsView(testAccount(), { brand_name: 'NWP', blocked_words: [] })).toMatchObject({
    brand_name: 'NWP',
    blocked_words: [],
  });
});
