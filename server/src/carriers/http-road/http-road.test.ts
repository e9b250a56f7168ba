import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { makeMessage, submitAll } from '../contract-suite.ts';
import { WITHDRAWN, type CarrierConnection, type SubmitOutcome } from '../carrier.ts';
import { outcomeOfStatus } from '../code-table.ts';
import { createHttpRoads, type HttpRoadsOptions } from './http-road.ts';
import { submitOverHttp, type SubmitDialect } from './submit.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Peer {
  readonly url: string;
  /** Whole requests that arrived. */
  readonly requests: string[];
}

/** A server of plain sockets; `answer` gets each whole request of at most one at a time a connection. */
async function listen(answer: (socket: Socket, request: string, count: number) => void): Promise<Peer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let read = '';
    socket.on('data', (chunk) => {
      read += chunk.toString('latin1');
      const [, length] = /content-length: (\d+)/i.exec(read) ?? [];
      const head = read.indexOf('\r\n\r\n');
      if (head === -1 || read.length < head + 4 + Number(length ?? 0)) return;
      requests.push(read);
      const request = read;
      read = '';
      answer(socket, request, requests.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, requests };
}

function toAnswer(status: number, body = '{}', more = ''): string {
  return `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;
}

const ACCEPTED: SubmitOutcome = { kind: 'accepted', carrierIds: ['1'], detail: null, echoesOwnId: true };

function connect(
  baseUrl: string,
  options: HttpRoadsOptions = {},
  change: Partial<SubmitDialect> = {},
): CarrierConnection {
  const roads = createHttpRoads({ connectTimeoutMs: 500, answerTimeoutMs: 400, stopGraceMs: 100, ...options });
  closing.push(() => roads[Symbol.asyncDispose]());
  const road = roads.open(baseUrl);
  const dialect: SubmitDialect = {
    batchSize: 1,
    toRequest: ([message]) => ({ method: 'POST', path: '/send', headers: {}, body: message?.id ?? '' }),
    toOutcomes: (batch, { status, text }) => {
      if (status !== 200) return batch.map(() => outcomeOfStatus(status));
      JSON.parse(text);
      return batch.map(() => ACCEPTED);
    },
    ...change,
  };
  return {
    submit: (messages, settle, signal) => submitOverHttp(road, dialect, messages, settle, signal),
    [Symbol.asyncDispose]: () => road[Symbol.asyncDispose](),
  };
}

async function submitOne(connection: CarrierConnection, signal?: AbortSignal): Promise<SubmitOutcome | undefined> {
  const { outcomes, counts } = await submitAll(connection, [makeMessage('+18445550111', '+13125550142')], signal);
  expect(counts).toEqual([1]);
  return outcomes[0];
}

test('nobody listens: nothing went out, so it may go again and counts against the connection', async () => {
  const connection = connect('http://127.0.0.1:1');
  expect(await submitOne(connection)).toEqual({
    kind: 'retry',
    detail: 'CARRIER_UNAVAILABLE',
    code: 'ECONNREFUSED',
    connectionFailed: true,
  });
});

test('a name that cannot be resolved: nothing went out', async () => {
  const outcome = await submitOne(connect('http://no-such-host.invalid'));
  expect(outcome).toMatchObject({ kind: 'retry', connectionFailed: true });
});

test('TLS that does not come about: nothing went out', async () => {
  const peer = await listen((socket) => socket.destroy());
  const outcome = await submitOne(connect(peer.url.replace('http:', 'https:')));
  expect(outcome).toMatchObject({ kind: 'retry', connectionFailed: true });
});

test('a connection that is never made: nothing went out, and it does not go out later', async () => {
  const peer = await listen(() => {});
  // A TLS handshake that nobody answers stands for an address that swallows packets.
  const outcome = await submitOne(connect(peer.url.replace('http:', 'https:'), { connectTimeoutMs: 200 }));
  expect(outcome).toMatchObject({ kind: 'retry', connectionFailed: true });
});

test('a certificate that nobody vouches for: nothing went out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trackly-'));
  closing.push(() => rm(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=127.0.0.1',
  ];
  await promisify(execFile)('openssl', [...made, '-keyout', key, '-out', cert]);
  let requests = 0;
  const server = createHttpsServer({ key: await readFile(key), cert: await readFile(cert) }, () => requests++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  expect(await submitOne(connect(url))).toMatchObject({ kind: 'retry', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(requests).toBe(0);
});

test.each([
  ['the connection breaks after the request', (socket: Socket) => socket.destroy()],
  ['the connection is reset', (socket: Socket) => socket.resetAndDestroy()],
  ['no answer comes', () => {}],
  ['the answer is cut in its head', (socket: Socket) => void socket.end('HTTP/1.1 200 O')],
  ['the answer is cut in its body', (socket: Socket) => void socket.end(toAnswer(200, '{"a":1}').slice(0, -3))],
  ['the answer crawls', (socket: Socket) => void socket.write(toAnswer(200, '{"a":1}').slice(0, -3))],
  ['the answer is no HTTP', (socket: Socket) => void socket.end('SMTP ready\r\n\r\n')],
  ['the answer is no JSON', (socket: Socket) => void socket.write(toAnswer(200, '<html>'))],
  ['the answer is a fault of theirs', (socket: Socket) => void socket.write(toAnswer(500))],
  ['the answer is from a gateway', (socket: Socket) => void socket.write(toAnswer(503, '{}', 'retry-after: 1\r\n'))],
  ['the answer sends us elsewhere', (socket: Socket) => void socket.write(toAnswer(307, '{}', 'location: /send\r\n'))],
])('%s: in doubt, and it is sent once', async (_, answer) => {
  const peer = await listen(answer);
  expect(await submitOne(connect(peer.url))).toMatchObject({ kind: 'in_doubt' });
  // Long enough for a repeat to arrive.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(peer.requests).toHaveLength(1);
});

test('an answer of more than the limit is in doubt', async () => {
  const peer = await listen((socket) => void socket.write(toAnswer(200, `"${'x'.repeat(5_000)}"`)));
  expect(await submitOne(connect(peer.url, { maxAnswerBytes: 1_000 }))).toEqual({
    kind: 'in_doubt',
    code: 'answer_too_long',
  });
});

test.each([
  [400, { kind: 'refused', detail: 'CARRIER_HTTP_400', permanent: false, code: 'HTTP_400' }],
  [401, { kind: 'retry', detail: 'REJECTED_CREDENTIALS', code: 'HTTP_401', connectionFailed: true }],
  [403, { kind: 'retry', detail: 'REJECTED_CREDENTIALS', code: 'HTTP_403', connectionFailed: true }],
  [429, { kind: 'retry', detail: 'THROTTLED', code: 'HTTP_429', connectionFailed: false }],
])('a bare %i is a definite answer', async (status, outcome) => {
  const peer = await listen((socket) => void socket.write(toAnswer(status)));
  expect(await submitOne(connect(peer.url))).toEqual(outcome);
});

test('a kept connection that the peer closed between two requests loses at most the second, and repeats nothing', async () => {
  const peer = await listen((socket, _request, count) => {
    socket.write(toAnswer(200));
    if (count === 1) setTimeout(() => socket.destroy(), 1);
  });
  const connection = connect(peer.url);
  const first = makeMessage('+18445550111', '+13125550142');
  await submitAll(connection, [first]);
  const others = Array.from({ length: 20 }, () => makeMessage('+18445550111', '+13125550142'));
  for (const message of others) await submitAll(connection, [message]);
  const bodies = peer.requests.map((request) => request.slice(request.indexOf('\r\n\r\n') + 4));
  expect(new Set(bodies).size).toBe(bodies.length);
});

test('the limit of requests in flight holds, and every message is answered', async () => {
  let [now, most] = [0, 0];
  const peer = await listen((socket) => {
    now++;
    most = Math.max(most, now);
    setTimeout(() => {
      now--;
      socket.write(toAnswer(200));
    }, 5);
  });
  const connection = connect(peer.url, { maxInFlight: 7 });
  const messages = Array.from({ length: 100 }, () => makeMessage('+18445550111', '+13125550142'));
  const { outcomes } = await submitAll(connection, messages);
  expect(outcomes.every((outcome) => outcome?.kind === 'accepted')).toBe(true);
  expect(most).toBe(7);
});

test('told to stop, what is under way gets a grace, then it is in doubt; the rest was never sent', async () => {
  const peer = await listen(() => {});
  const connection = connect(peer.url, { maxInFlight: 2, answerTimeoutMs: 10_000 });
  const stop = new AbortController();
  const messages = Array.from({ length: 5 }, () => makeMessage('+18445550111', '+13125550142'));
  const submitted = submitAll(connection, messages, stop.signal);
  await expect.poll(() => peer.requests.length).toBe(2);
  stop.abort();
  const { outcomes } = await submitted;
  expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['in_doubt', 'in_doubt', 'retry', 'retry', 'retry']);
  expect(outcomes[4]).toMatchObject({ connectionFailed: false });
  expect(peer.requests).toHaveLength(2);
});

test('a batch that was refused as a whole goes message by message', async () => {
  const peer = await listen((socket, request) => {
    const body = request.slice(request.indexOf('\r\n\r\n') + 4);
    socket.write(toAnswer(body.includes(',') || body === bad.id ? 400 : 200));
  });
  const bad = makeMessage('+18445550111', '+13125550142');
  const messages = [makeMessage('+18445550111', '+13125550142'), bad, makeMessage('+18445550111', '+13125550142')];
  const connection = connect(
    peer.url,
    {},
    {
      batchSize: 10,
      toRequest: (batch) => ({ method: 'POST', path: '/', headers: {}, body: batch.map(({ id }) => id).join(',') }),
      toOutcomes: (batch, { status }) => {
        if (status === 200) return batch.map(() => ACCEPTED);
        return batch.length > 1 ? 'one_by_one' : batch.map(() => outcomeOfStatus(status));
      },
    },
  );
  const { outcomes, counts } = await submitAll(connection, messages);
  expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['accepted', 'refused', 'accepted']);
  expect(counts).toEqual([1, 1, 1]);
});

test('a proxy of the environment is not asked', async () => {
  const peer = await listen((socket) => void socket.write(toAnswer(200)));
  const before = process.env['HTTP_PROXY'];
  process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
  try {
    expect(await submitOne(connect(peer.url))).toEqual(ACCEPTED);
  } finally {
    if (before === undefined) delete process.env['HTTP_PROXY'];
    else process.env['HTTP_PROXY'] = before;
  }
});

test('whoever opts out while a connection is being made gets nothing; nor do those in the same request, for now', async () => {
  const peer = await listen((socket) => socket.write(toAnswer(200)));
  const connection = connect(peer.url, {}, { batchSize: 2 });
  let asked = 0;
  const messages = [
    // Its turn came, and then somebody wrote STOP.
    makeMessage('+18445550111', '+13125550142', { isWithdrawn: () => ++asked > 1 }),
    makeMessage('+18445550111', '+13125550143', { isWithdrawn: () => false }),
  ];
  const { outcomes, counts } = await submitAll(connection, messages);
  expect([outcomes, counts, asked]).toEqual([[WITHDRAWN, WITHDRAWN], [1, 1], 2]);
  expect(peer.requests).toEqual([]);
  expect(await submitOne(connection)).toEqual(ACCEPTED);
  expect(peer.requests).toHaveLength(1);
});

test.each([
  ['one message a request', 1],
  ['three messages a request', 3],
])('%s: whoever opts out while the message waits for its turn is left out', async (_, batchSize) => {
  const leaving = new Set<string>();
  const messages = Array.from({ length: 12 }, (_each, index) => {
    const to = `+1312555${String(1_000 + index)}`;
    return makeMessage('+18445550111', to, { isWithdrawn: () => leaving.has(to) });
  });
  const peer = await listen((socket, _request, count) => {
    // The first request is out; those who opt out now are in requests that are not.
    if (count === 1) for (const { to } of messages.slice(4, 9)) leaving.add(to);
    socket.write(toAnswer(200));
  });
  const connection = connect(
    peer.url,
    { maxInFlight: 1 },
    {
      batchSize,
      toRequest: (batch) => ({ method: 'POST', path: '/send', headers: {}, body: batch.map(({ to }) => to).join(' ') }),
    },
  );
  const { outcomes, counts } = await submitAll(connection, messages);
  expect(counts).toEqual(messages.map(() => 1));
  const written = peer.requests.join('\n');
  for (const [index, { to }] of messages.entries()) {
    expect([to, written.includes(to), outcomes[index]]).toEqual([
      to,
      !leaving.has(to),
      leaving.has(to) ? WITHDRAWN : ACCEPTED,
    ]);
  }
  // Nothing is asked of the carrier for a request that nobody is left in.
  expect(peer.requests).toHaveLength(batchSize === 1 ? 7 : 4 - 1);
});
