import { expect, test } from 'vitest';
import { testAccount, testList } from '../../test/helpers/http-fixture.ts';
import { createHttpCarriers, createHttpRoads } from '../carriers/index.ts';
import { answerText, AnswerBook, type AnswerKind, type CarrierAnswers, isOurs } from './auto-answers.ts';

const carriers = new Map(
  createHttpCarriers({ roads: createHttpRoads(), publicUrl: 'https://sms.example' }).map((carrier) => [
    carrier.type,
    carrier,
  ]),
);
const SIMULATED: CarrierAnswers = { isSimulated: true };
const listOf = (number: string, autoReply: 'auto' | 'always' | 'never' = 'auto') => {
  const list = testList({ number });
  return { ...list, settings: { ...list.settings, autoReply } };
};

test.each([
  ['a long code of Twilio', 'twilio', '+13125550100', 'stop', 'STOP', false, true],
  ['Twilio that says it answered', 'twilio', '+13125550100', 'stop', 'STOP', true, false],
  ['Twilio that says it answered HELP', 'twilio', '+13125550100', 'help', 'HELP', true, false],
  ['a toll-free number', 'twilio', '+18445550111', 'stop', 'STOP', false, false],
  ['a toll-free number', 'infobip', '+18005550111', 'start', 'START', false, false],
  ['HELP on a toll-free number', 'infobip', '+18885550111', 'help', 'HELP', false, true],
  ['a number that only looks toll-free', 'infobip', '+18115550111', 'stop', 'STOP', false, true],
  ['a toll-free number of the simulator', null, '+18005551000', 'stop', 'STOP', false, true],
  ...['STOP', 'StopAll', 'STOP ALL', 'unsubscribe', 'CANCEL', 'end', 'QUIT!'].map(
    (word) => ['Telnyx', 'telnyx', '+13125550100', 'stop', word, false, false] as const,
  ),
  ['a word that Telnyx leaves to us', 'telnyx', '+13125550100', 'stop', 'please stop', false, true],
  ['START at Telnyx', 'telnyx', '+13125550100', 'start', 'START', false, true],
  ['the question for a YES', 'telnyx', '+18005551000', 'confirm', 'pets', false, true],
] as const)('%s (%s %s): we answer %s to %s, took %s: %s', (_what, type, number, kind, body, carrierTook, ours) => {
  const carrier = type === null ? SIMULATED : carriers.get(type);
  expect(carrier).toBeDefined();
  expect(isOurs(kind, listOf(number), carrier ?? {}, { body, carrierTook })).toBe(ours);
  expect(isOurs(kind, listOf(number, 'always'), carrier ?? {}, { body, carrierTook })).toBe(true);
  expect(isOurs(kind, listOf(number, 'never'), carrier ?? {}, { body, carrierTook })).toBe(false);
});

test('texts are filled, the list comes before the account', () => {
  const account = testAccount();
  const list = testList({ brandName: 'Pets' });
  expect(answerText('confirm', list, account)).toBe('Reply YES to get texts from Pets.');
  expect(answerText('help', list, account)).toBe(
    'Pets: For help contact zoe@nwp.example. Msg and data rates may apply. Reply STOP to end.',
  );
  const own = { ...list, settings: { ...list.settings, replyHelp: 'Call {{ support_contact }} {{x}}' } };
  expect(answerText('help', own, account)).toBe('Call zoe@nwp.example ');
});

test('a book of answers counts an hour and HELP its ten minutes', () => {
  const book = new AnswerBook();
  const may = (kind: AnswerKind, nowMs: number): boolean => book.mayAnswer(1, kind, nowMs);
  expect(may('help', 0)).toBe(true);
  book.note(1, 'help', 0);
  expect([may('help', 599_999), may('help', 600_000), may('stop', 0)]).toEqual([false, true, true]);
  for (let n = 0; n < 3; n++) book.note(1, 'stop', 0);
  expect([may('stop', 1), may('help', 600_000), book.mayAnswer(2, 'stop', 1)]).toEqual([false, false, true]);
});
