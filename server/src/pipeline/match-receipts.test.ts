import { expect, test } from 'vitest';
import type { RecipientReport } from '../store/carrier-ref-store.ts';
import type { OpenMessage } from '../store/in-doubt-store.ts';
import { matchReceipts } from './match-receipts.ts';
import { MESSAGE_STATES as S } from './message-state.ts';

const NOW_MS = 1_793_638_449_000;
const PHONE = 13_125_550_142;

function doubt(number: number, changes: Partial<OpenMessage> = {}): OpenMessage {
  return { number, phone: PHONE, state: S.in_doubt, segments: 1, submittedMs: NOW_MS, text: 'Hello, Ada!', ...changes };
}

function receipt(carrierId: string, changes: Partial<RecipientReport> = {}): RecipientReport {
  return { carrierId, phone: PHONE, textStart: 'Hello, A', parkedMs: NOW_MS + 5_000, ...changes };
}

test.each<[string, OpenMessage[], RecipientReport[], [number, string][]]>([
  ['the only one that fits', [doubt(1)], [receipt('a')], [[1, 'a']]],
  ['a receipt that came twice', [doubt(1)], [receipt('a'), receipt('a')], [[1, 'a']]],
  ['a receipt without text', [doubt(1)], [receipt('a', { textStart: '' })], [[1, 'a']]],
  ['text in another alphabet', [doubt(1, { text: 'Hi Ä' })], [receipt('a', { textStart: 'Hi ?' })], []],
  [
    'text that is cut at another alphabet',
    [doubt(1, { text: 'Hi Ä' })],
    [receipt('a', { textStart: 'Hi \u00c4' })],
    [[1, 'a']],
  ],
  ['another text', [doubt(1)], [receipt('a', { textStart: 'Good' })], []],
  ['another recipient', [doubt(1)], [receipt('a', { phone: PHONE + 1 })], []],
  ['a receipt from before', [doubt(1)], [receipt('a', { parkedMs: NOW_MS - 1 })], []],
  ['a receipt at 10 minutes', [doubt(1)], [receipt('a', { parkedMs: NOW_MS + 600_000 })], [[1, 'a']]],
  ['a receipt after 10 minutes', [doubt(1)], [receipt('a', { parkedMs: NOW_MS + 600_001 })], []],
  ['two messages that fit', [doubt(1), doubt(2)], [receipt('a')], []],
  ['one beside it whose answer may still come', [doubt(1), doubt(2, { state: S.submitting })], [receipt('a')], []],
  ['one beside it that waits for its receipt', [doubt(1), doubt(2, { state: S.sent })], [receipt('a')], []],
  ['one whose answer may still come', [doubt(1, { state: S.submitting })], [receipt('a')], []],
  ['two receipts for one message', [doubt(1)], [receipt('a'), receipt('b')], []],
  [
    'two told apart by their texts',
    [doubt(1), doubt(2, { text: 'Bye' })],
    [receipt('a'), receipt('b', { textStart: 'Bye' })],
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  ['a message of several parts', [doubt(1, { segments: 2 })], [receipt('a')], []],
])('%s', (_, messages, receipts, matched) => {
  expect([...matchReceipts(messages, receipts)]).toEqual(matched);
});
