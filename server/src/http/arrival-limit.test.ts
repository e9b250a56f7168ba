import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowFile, limitArrivals } from './arrival-limit.ts';

const LIMIT_MS = 5_000;
const EVERY_MS = 500;
const LENGTH = 16;

const server = createServer({ requestTimeout: 0 }, (request, response) => {
  noteArrival(request);
  void answer(request).then((size) => response.end(`${size}`));
});
const noteArrival = limitArrivals(server, LIMIT_MS);
server.setTimeout(LIMIT_MS);

async function answer(request: IncomingMessage): Promise<number> {
  if (request.url === '/file') allowFile(request);
  let size = 0;
  try {
    for await (const chunk of request) size += (chunk as Buffer).length;
  } catch {
    // Nobody is there to be answered.
  }
  return size;
}

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

interface Conversation {
  readonly socket: Socket;
  /** What came back until the end of the connection, or of an answer. */
  readonly answer: Promise<string>;
}

function post(path: string): Conversation {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${LENGTH}\r\n\r\n`);
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return { socket, answer: once(socket, 'close').then(() => text) };
}

/** A byte at a time, for longer than the limit. */
async function crawl({ socket, answer }: Conversation): Promise<string> {
  for (let sent = 0; sent < LENGTH && !socket.destroyed; sent++) {
    socket.write('x');
    await sleep(EVERY_MS);
  }
  return await answer;
}

test.concurrent('a file may take as long as it moves', async () => {
  expect(await crawl(post('/file'))).toMatch(/^HTTP\/1.1 200 [^]*\r\n\r\n16$/);
}, 30_000);

test.concurrent('a file that stands still is refused', async () => {
  const stalled = post('/file');
  stalled.socket.write('x');
  expect(await stalled.answer).toMatch(/^HTTP\/1.1 400 [^]*invalid_request/);
}, 30_000);

test.concurrent('any other body has to arrive in time, however it moves', async () => {
  expect(await crawl(post('/other'))).toMatch(/^HTTP\/1.1 400 [^]*invalid_request/);
}, 30_000);
