import { expect, test } from 'vitest';
import { testAccount, testList } from '../../test/helpers/http-fixture.ts';
import { toListSettings } from '../lists/index.ts';
import { answerText } from './auto-answers.ts';

test.each([
  ['stop', 'reply_stop', 'Pets: You are unsubscribed and will get no more texts. Reply START to return.'],
  ['help', 'reply_help', 'Pets: For help contact zoe@nwp.example. Msg and data rates may apply. Reply STOP to end.'],
  ['start', 'reply_start', 'Pets: You are subscribed again. Reply HELP for help, STOP to end.'],
] as const)('the answer to %s is what the list says with %s, else the built-in one', (kind, setting, builtIn) => {
  const list = testList({ brandName: 'Pets' });
  const withSettings = (stored: object) => ({ ...list, settings: toListSettings({ ...stored }, list.number) });
  expect(answerText(kind, withSettings({}), testAccount())).toBe(builtIn);
  expect(answerText(kind, withSettings({ [setting]: 'Own of {{brand_name}}' }), testAccount())).toBe('Own of Pets');
});
