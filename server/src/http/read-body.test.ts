import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createBodyRoom, readBody } from './read-body.ts';

const KILOBYTE = 1_024;

/** A request whose body the test writes. */
function createRequest() {
  const stream = Object.assign(new PassThrough(), { headers: {} });
  return { stream, request: stream as unknown as IncomingMessage };
}

/** Resolves when everything that was written has been read. */
async function write(stream: PassThrough, chunk: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => stream.write(chunk, (error) => (error ? reject(error) : resolve())));
}

test('bodies that fill the room together are refused, and their room is free again', async () => {
  const room = createBodyRoom(300 * KILOBYTE);
  const first = createRequest();
  const firstBody = readBody(first.request, room);
  await write(first.stream, Buffer.alloc(200 * KILOBYTE, 'a'));

  const second = createRequest();
  const secondBody = readBody(second.request, room);
  second.stream.end(Buffer.alloc(200 * KILOBYTE, 'b'));
  await expect(secondBody).rejects.toMatchObject({ code: 'service_unavailable' });

  const small = createRequest();
  const smallBody = readBody(small.request, createBodyRoom(0));
  small.stream.end(Buffer.alloc(64 * KILOBYTE, 'c'));
  expect((await smallBody).length).toBe(64 * KILOBYTE);

  first.stream.end();
  expect((await firstBody).length).toBe(200 * KILOBYTE);
  expect(room.take(300 * KILOBYTE)).toBe(true);
});

test('a body that is cut off gives its room back', async () => {
  const room = createBodyRoom(100 * KILOBYTE);
  const { stream, request } = createRequest();
  const body = readBody(request, room);
  await write(stream, Buffer.alloc(100 * KILOBYTE));
  stream.destroy();
  await expect(body).rejects.toMatchObject({ code: 'invalid_request' });
  expect(room.take(100 * KILOBYTE)).toBe(true);
});

test('a body of single bytes is read as it was written', async () => {
  const { stream, request } = createRequest();
  const body = readBody(request);
  const text = Array.from({ length: 2_000 }, (_, index) => String(index % 10)).join('');
  for (const letter of text) await write(stream, Buffer.from(letter));
  stream.end();
  expect((await body).toString()).toBe(text);
});
