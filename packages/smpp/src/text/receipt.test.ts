import { describe, expect, it, test } from 'vitest';
import { decodePdu } from '../protocol/decode-pdu.ts';
import { encodePdu } from '../protocol/encode-pdu.ts';
import type { PduOf, ShortMessageInput } from '../protocol/pdu.ts';
import { MESSAGE_STATES, type MessageState, readReceipt, type Receipt, toReceipt } from './receipt.ts';

function read(body: ShortMessageInput): Receipt | undefined {
  return readReceipt(decodePdu(encodePdu('deliver_sm', { sequence: 1 }, body)) as PduOf<'deliver_sm'>);
}

function readLine(line: string): Receipt | undefined {
  return read({ esmClass: 0x04, shortMessage: Buffer.from(line, 'latin1') });
}

test.each<[string, Partial<Receipt>]>([
  [
    'id:0123456789 sub:001 dlvrd:001 submit date:2611021704 done date:2611021705 stat:DELIVRD err:000 text:Hello wor',
    {
      messageId: '0123456789',
      state: 'DELIVERED',
      error: '000',
      submitted: 1,
      delivered: 1,
      submittedAtMs: Date.UTC(2026, 10, 2, 17, 4),
      doneAtMs: Date.UTC(2026, 10, 2, 17, 5),
      text: 'Hello wor',
    },
  ],
  ['id:7F stat:delivrd done date:261102170501', { state: 'DELIVERED', doneAtMs: Date.UTC(2026, 10, 2, 17, 5, 1) }],
  [
    'ID:abc Sub:001 Dlvrd:000 Submit_Date:2611021704 Stat:UNDELIV Err:017 Text:',
    { messageId: 'abc', state: 'UNDELIVERABLE', error: '017', text: '' },
  ],
  ['id: 12 stat: EXPIRED', { messageId: '12', state: 'EXPIRED' }],
  ['stat:REJECTD', { messageId: undefined, state: 'REJECTED', error: undefined, doneAtMs: undefined }],
  ['id:1 stat:ACCEPTD', { state: 'ACCEPTED' }],
  ['id:1 stat:ENROUTE', { state: 'ENROUTE' }],
  ['id:1 stat:DELETED', { state: 'DELETED' }],
  ['id:1 stat:UNKNOWN', { state: 'UNKNOWN' }],
  ['id:1 stat:DELIVERED', { state: 'DELIVERED' }],
  ['id:1 stat:NONSENSE', { state: undefined }],
  ['id:1 stat:DELIVRD text:id:2 stat:UNDELIV', { messageId: '1', state: 'DELIVERED', text: 'id:2 stat:UNDELIV' }],
  ['id:1 done date:2613410000 stat:DELIVRD', { doneAtMs: undefined }],
  ['', { messageId: undefined, state: undefined }],
])('reads %j', (line, receipt) => {
  expect(readLine(line)).toMatchObject(receipt);
});

describe('a receipt in parameters', () => {
  it.each(Object.keys(MESSAGE_STATES) as MessageState[])('tells %s', (state) => {
    const tlvs = { receiptedMessageId: 'abc', messageState: MESSAGE_STATES[state] };
    expect(read({ esmClass: 0x04, tlvs })).toMatchObject({ messageId: 'abc', state });
  });

  it('goes before the text', () => {
    const shortMessage = Buffer.from('id:2 stat:UNDELIV err:001');
    const tlvs = { receiptedMessageId: '1', messageState: 2, networkErrorCode: Uint8Array.of(3, 0, 17) };
    expect(read({ esmClass: 0x04, shortMessage, tlvs })).toMatchObject({
      messageId: '1',
      state: 'DELIVERED',
      error: '3:17',
    });
  });

  it('is completed by the text', () => {
    const shortMessage = Buffer.from('id:2 stat:UNDELIV err:001');
    expect(read({ esmClass: 0x04, shortMessage, tlvs: { messageState: 2 } })).toMatchObject({
      messageId: '2',
      state: 'DELIVERED',
      error: '001',
    });
  });
});

test('a message is no receipt, whatever it says', () => {
  expect(read({ esmClass: 0, shortMessage: Buffer.from('id:1 stat:DELIVRD') })).toBeUndefined();
});

test.each(['both', 'text', 'tlv'] as const)('what is written in the form %s is read', (form) => {
  const times = { submittedAtMs: Date.UTC(2026, 0, 2, 3, 4), doneAtMs: Date.UTC(2026, 0, 2, 3, 5) };
  const receipt = read(toReceipt({ messageId: '00ab', state: 'UNDELIVERABLE', ...times, error: '042', form }));
  const ofText = form === 'tlv' ? {} : { ...times, error: '042', delivered: 0 };
  expect(receipt).toMatchObject({ messageId: '00ab', state: 'UNDELIVERABLE', ...ofText });
});
