import { expect, test } from 'vitest';
import { createIdCodec } from '../lib/public-id.ts';
import { parseCursor, toCursor } from './message-cursor.ts';
import { parseMessageId, toMessageId, toV1MessageId } from './message-id.ts';

const codec = createIdCodec(Buffer.alloc(32, 7), 'message');

test('every spelling of an id names the same message', () => {
  for (const simulated of [false, true]) {
    const id = toMessageId(codec, 42, simulated);
    expect(parseMessageId(codec, id)).toEqual({ number: 42, simulated });
    expect(parseMessageId(codec, toV1MessageId(id))).toEqual({ number: 42, simulated });
  }
  expect(toMessageId(codec, 42, true)).toMatch(/^sandbox_[0-9A-Za-z]{8}$/);
});

test.each(['', 'msg_', 'sandbox_', 'abc', 'sandbox_msg_12345678', 'MSG_12345678'])('%j names no message', (id) => {
  expect(parseMessageId(codec, id)).toBeUndefined();
});

test('a cursor is read back, and one of another installation or form is not', () => {
  const place = { createdMs: 1_790_000_000_000, number: 42 };
  const cursor = toCursor(codec, place);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(parseCursor(codec, cursor)).toEqual(place);
  expect(parseCursor(codec, `${cursor}\n`)).toBeUndefined();
  expect(parseCursor(codec, Buffer.from(`m1.${codec.encode(42)}`).toString('base64url'))).toBeUndefined();
});
