import { expect, test } from 'vitest';
import { testAccount, testList } from '../../test/helpers/http-fixture.ts';
import { toListSettings } from '../lists/index.ts';
import { affixesFor, brandNameOf } from './affixes.ts';

const ACCOUNT = testAccount();
const OF_ACCOUNT = { prepend: '{{brand_name}}: ', append: ' Reply stop to stop. Help for help.' };
const NONE = { prepend: '', append: '' };

test.each([
  ['marketing from a US number', '+18005551000', {}, 'marketing', false, OF_ACCOUNT],
  ['transactional arrives as written', '+18005551000', {}, 'transactional', false, NONE],
  ['transactional when all have them', '+18005551000', { affixes: 'all' }, 'transactional', false, OF_ACCOUNT],
  ['none by the list', '+18005551000', { affixes: 'none' }, 'marketing', false, NONE],
  ['none by the message', '+18005551000', {}, 'marketing', true, NONE],
  ['a short code', '24273', {}, 'marketing', false, OF_ACCOUNT],
  ['a Canadian number', '+14165550142', { country: 'CA' }, 'marketing', false, OF_ACCOUNT],
  ['another country', '+447700900123', {}, 'marketing', false, NONE],
  ['a US number that works for another country', '+18005551000', { country: 'GB' }, 'marketing', false, NONE],
  [
    'texts of the list, one by one',
    '+18005551000',
    { prepend: 'A ' },
    'marketing',
    false,
    { ...OF_ACCOUNT, prepend: 'A ' },
  ],
  ['an empty text of the list', '+18005551000', { append: '' }, 'marketing', false, { ...OF_ACCOUNT, append: '' }],
] as const)('%s', (_name, number, settings, category, skip, expected) => {
  const list = testList({ number, settings: toListSettings(settings, number) });
  expect(affixesFor(list, ACCOUNT, category, skip)).toEqual(expected);
});

test('the brand is that of the list, else of the account, else its name', () => {
  const branded = testAccount({ settings: { ...ACCOUNT.settings, brandName: 'NWP' } });
  expect(brandNameOf(testList({ brandName: 'Pets' }), branded)).toBe('Pets');
  expect(brandNameOf(testList({ brandName: null }), branded)).toBe('NWP');
  expect(brandNameOf(testList({ brandName: null }), ACCOUNT)).toBe('Northwind Pets');
});
