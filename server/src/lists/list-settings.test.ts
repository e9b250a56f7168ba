import { expect, test } from 'vitest';
import { findSettingError, LIST_SETTINGS, type ListSettingName, withListDefaults } from './list-settings.ts';

const BUDGET = { name: 'a', unit: 'segment', limit: 2_000, per: 'day', scope: 'account' };
const many = <T>(value: T): T[] => Array.from({ length: 101 }, () => value);

/** Each setting with its default, values that are taken, and values that are refused. */
const SETTINGS: Readonly<Record<ListSettingName, readonly [byDefault: unknown, good: unknown[], bad: unknown[]]>> = {
  send_rate_per_minute: [17_000, [1, 1_000_000], [0, 1_000_001, 1.5, '5', true]],
  stale_minutes: [30, [1, 1_440], [0, 1_441, '5']],
  prepend: [null, ['', 'x'.repeat(200)], ['x'.repeat(201), 'a\u0000', 5]],
  append: [null, ['', 'x'.repeat(200)], ['x'.repeat(201), '\ud800', 5]],
  affixes: ['marketing', ['all', 'marketing', 'none'], ['', 'transactional', 5]],
  reply_stop: [null, ['x'.repeat(320)], ['x'.repeat(321), 'a\u0000', []]],
  reply_help: [null, ['x'.repeat(320)], ['x'.repeat(321), 'a\u0000', []]],
  reply_start: [null, ['x'.repeat(320)], ['x'.repeat(321), 'a\u0000', []]],
  auto_reply: ['auto', ['auto', 'always', 'never'], ['', 'on', true]],
  join_keywords: [
    [],
    [[], ['PETS', 'cats'], ['x'.repeat(160)]],
    ['PETS', [''], [' '], [5], ['a\u0000'], ['\ud800'], ['x'.repeat(161)], many('x')],
  ],
  double_opt_in: [false, [true, false], ['true', 1]],
  quiet_hours: [true, [true, false], ['true', 0]],
  quiet_hours_mode: ['hold', ['hold', 'cancel'], ['', 'drop']],
  dedupe_window_seconds: [null, [0, 86_400], [-1, 86_401, '0']],
  reject_voip: [false, [true, false], ['no']],
  optout_scope: [null, ['list', 'account'], ['all', '']],
  smart_encoding: [false, [true, false], [1]],
  validity_minutes: [240, [1, 2_880], [0, 2_881]],
  shortener_domain: [null, ['l.example'], ['https://l.example', 'a\u0000', '', 'a b']],
  click_domain: [null, ['c.example'], ['c.example/x', 5]],
  in_doubt_resubmit: [false, [true, false], ['x']],
  budgets: [
    [],
    [[], [BUDGET], [{ ...BUDGET, reset_zone: 'America/Los_Angeles', carriers: ['T-Mobile'] }]],
    [
      {},
      [{}],
      [{ ...BUDGET, name: 'a\u0000' }],
      [{ ...BUDGET, unit: 'part' }],
      [{ ...BUDGET, limit: -1 }],
      [{ ...BUDGET, limit: 1.5 }],
      [{ ...BUDGET, per: 'week' }],
      [{ ...BUDGET, scope: 'key' }],
      [{ ...BUDGET, reset_zone: 'Mars' }],
      [{ ...BUDGET, carriers: 'T-Mobile' }],
      [{ ...BUDGET, 'x\u0000': 1 }],
      many(BUDGET),
    ],
  ],
  country: ['US', ['US', 'GB'], ['us', 'XX', '', 5]],
};

const rows = (Object.keys(LIST_SETTINGS) as ListSettingName[]).map((name) => [name, ...SETTINGS[name]] as const);

test.each(rows)('%s', (name, byDefault, good, bad) => {
  expect(withListDefaults({}, '+18005551000')[name]).toEqual(byDefault);
  for (const value of [...good, null])
    expect([value, findSettingError({ [name]: value }, 0)]).toEqual([value, undefined]);
  for (const value of bad)
    expect([value, findSettingError({ [name]: value }, 0)]).toEqual([value, expect.stringContaining(name)]);
});

test.each([['colour'], ['constructor'], ['__proto__']])('there is no setting %s', (name) => {
  const settings = JSON.parse(`{"${name}":1}`) as Record<string, unknown>;
  expect(findSettingError(settings, 0)).toContain(name);
});

test.each([
  ['55555', 'US'],
  ['+16135550142', 'US'],
  ['+447400123456', 'GB'],
])('the country of %s is %s unless another is set', (number, country) => {
  expect(withListDefaults({}, number).country).toBe(country);
  expect(withListDefaults({ country: 'FR' }, number).country).toBe('FR');
});
