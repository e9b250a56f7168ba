import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createCredentialsAlert } from './credentials-alert.ts';

test('a list is told of at once, then once a minute, each for itself', () => {
  const told: number[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      told.push((JSON.parse(chunk.toString()) as { listId: number }).listId);
      done();
    },
  });
  let nowMs = 1_000;
  const alert = createCredentialsAlert(pino(sink), () => nowMs);
  const list = (id: number) => ({ id, accountId: 'a', type: 'twilio' });
  alert(list(1));
  alert(list(1));
  alert(list(2));
  nowMs += 59_999;
  alert(list(1));
  nowMs += 1;
  alert(list(1));
  expect(told).toEqual([1, 2, 1]);
});
