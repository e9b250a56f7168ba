import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { checkBooks } from '../../src/messages/index.ts';
import { openRawClient, type RawClient, toHead } from '../helpers/raw-client.ts';
import { chooseRounds, recordSafety } from '../helpers/safety-record.ts';
import { type ServerProcess, startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_clients_that_behave_badly';
const IDLE = 2_000;
const CRAWLING = 50;
const BULK = 1_000;
const WARM_UP_BULKS = 20;
const CUT_EVERY_BYTES = 1_000;
/** While they are there, and when they are gone. Garbage is collected every second: how much V8 lets lie is not asked. */
const MAX_GROWTH_BYTES = 150 * 1024 ** 2;
const MAX_HELD_BYTES = 60 * 1024 ** 2;
const LOOK_EVERY_MS = 100;
const LOOKS_A_COLLECTION = 10;
const LIMITS = { headersTimeoutMs: 3_000, requestTimeoutMs: 6_000 };
const ROUNDS = chooseRounds(1, 5);
const LIST_NUMBER = '+18005551000';

async function readMemoryBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

function toMb(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}

/** What is in use when garbage is collected. */
async function readHeldBytes(server: ServerProcess): Promise<number> {
  let leastBytes = Infinity;
  for (let turn = 0; turn < 4; turn++) {
    server.collect();
    await sleep(500);
    leastBytes = Math.min(leastBytes, await readMemoryBytes(server.pid));
  }
  return leastBytes;
}

/** The most that was in use at a time until it is stopped. */
function watchMemory(server: ServerProcess): { stop(): Promise<number> } {
  const watch = { stopped: false, mostBytes: 0 };
  async function look(): Promise<void> {
    for (let turn = 0; !watch.stopped; turn++) {
      if (turn % LOOKS_A_COLLECTION === 0) server.collect();
      await sleep(LOOK_EVERY_MS);
      watch.mostBytes = Math.max(watch.mostBytes, await readMemoryBytes(server.pid));
    }
  }
  const looking = look();
  return {
    async stop() {
      watch.stopped = true;
      await looking;
      return watch.mostBytes;
    },
  };
}

function toBulk(count: number, text: string): string {
  const messages = Array.from({ length: count }, (_, index) => ({
    to: `+1312556${String(1000 + index)}`,
    list_number: LIST_NUMBER,
    body: `${text} ${index}`,
    skip_rate_limit: true,
  }));
  return JSON.stringify({ messages });
}

/** One send after the other; fails at the first that is not answered with 201. */
function startGoodClient(url: string): { stop(): Promise<number[]> } {
  const tookMs: number[] = [];
  const client = { stopped: false };
  async function sendOn(): Promise<void> {
    while (!client.stopped) {
      const startMs = performance.now();
      const answer = await fetch(`${url}/api/v2/send`, {
        method: 'POST',
        headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
        body: JSON.stringify({ to: '+13125550142', list_number: LIST_NUMBER, body: `Good ${tookMs.length}` }),
      });
      await answer.text();
      expect(answer.status).toBe(201);
      tookMs.push(performance.now() - startMs);
      await sleep(10);
    }
  }
  const running = sendOn();
  running.catch(() => {});
  return {
    async stop() {
      client.stopped = true;
      await running;
      return tookMs.sort((a, b) => a - b);
    },
  };
}

/** What well-behaved clients cost, so that only what bad ones cost on top is measured. Resolves with how many were sent. */
async function warmUp(url: string, body: string): Promise<number> {
  const good = startGoodClient(url);
  for (let sent = 0; sent < WARM_UP_BULKS; sent++) {
    const headers = { 'X-Api-Key': KEY, 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}/api/v2/send/bulk`, { method: 'POST', headers, body });
    expect(answer.status).toBe(201);
    await answer.text();
  }
  return (await good.stop()).length + WARM_UP_BULKS * BULK;
}

async function openMany(url: string, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const group = Array.from({ length: Math.min(100, count - clients.length) }, () => openRawClient(url));
    clients.push(...(await Promise.all(group)));
  }
  return clients;
}

/** Writes a byte at a time until the server cuts it off. */
function crawl(client: RawClient, text: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (client.isClosed()) clearInterval(timer);
    else client.socket.write(text[at++] ?? ' ');
  }, 5);
}

/** The body up to each position, then the end of the connection, half of them by reset. */
async function cutBodies(url: string, body: string): Promise<number> {
  const bytes = Buffer.from(body);
  let cuts = 0;
  for (let at = 0; at < bytes.length; at += CUT_EVERY_BYTES) {
    const client = await openRawClient(url);
    client.socket.write(toHead('/api/v2/send/bulk', KEY, bytes.length));
    await new Promise((resolve) => client.socket.write(bytes.subarray(0, at), resolve));
    if (cuts % 2 === 0) client.socket.destroy();
    else client.socket.resetAndDestroy();
    cuts++;
  }
  return cuts;
}

/** Asks for large answers, half of the clients for more than are made for one connection, and reads none of them. */
function refuseToRead({ socket }: RawClient, index: number): void {
  socket.pause();
  const request = `GET /api/v2/messages?limit=100 HTTP/1.1\r\nHost: test\r\nX-Api-Key: ${KEY}\r\n\r\n`;
  socket.write(request.repeat(index % 2 === 0 ? 4 : 40));
}

/** The promise: a client that behaves badly costs the others nothing, and nothing of its cut requests is kept. */
test(
  'a bad client harms nobody else',
  async () => {
    await using database = await createTestDatabase();
    await using folder = await makeDataFolder();
    await using server = await startServer(
      { ...useDatabase(database), TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY },
      LIMITS,
    );
    const { url } = server;
    const body = toBulk(BULK, 'x'.repeat(150));
    let sent = await warmUp(url, body);
    const beforeBytes = await readHeldBytes(server);
    let mostBytes = 0;
    let cuts = 0;
    let slowestMs = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const good = startGoodClient(url);
      const memory = watchMemory(server);
      const idle = await openMany(url, IDLE);
      const heads = await openMany(url, CRAWLING);
      for (const client of heads) crawl(client, toHead('/api/v2/send/bulk', KEY, body.length));
      const bodies = await openMany(url, CRAWLING);
      for (const client of bodies) {
        client.socket.write(toHead('/api/v2/send/bulk', KEY, 4_000_000));
        client.socket.write(body.slice(0, 100_000));
        crawl(client, body.slice(100_000));
      }
      const deaf = await openMany(url, CRAWLING);
      deaf.forEach(refuseToRead);
      const halfOpen = await Promise.all(
        Array.from({ length: CRAWLING }, () => openRawClient(url, { allowHalfOpen: true })),
      );
      for (const { socket } of halfOpen)
        socket.end(toHead('/api/v2/send/bulk', KEY, body.length) + body.slice(0, 5_000));
      cuts += await cutBodies(url, body);
      const bad = [...idle, ...heads, ...bodies, ...halfOpen];
      await until(
        'the server has closed what is over its time',
        () => bad.every((client) => client.isClosed()),
        20_000,
      );
      mostBytes = Math.max(mostBytes, await memory.stop());
      const tookMs = await good.stop();
      sent += tookMs.length;
      slowestMs = Math.max(slowestMs, tookMs[Math.floor(tookMs.length * 0.99)] ?? Infinity);
      for (const { socket } of deaf) socket.destroy();
    }
    expect(slowestMs).toBeLessThan(1_000);
    expect(mostBytes - beforeBytes).toBeLessThan(MAX_GROWTH_BYTES);
    const heldBytes = (await readHeldBytes(server)) - beforeBytes;
    expect(heldBytes).toBeLessThan(MAX_HELD_BYTES);

    const large = await openRawClient(url);
    large.socket.write(toHead('/api/v2/send/bulk', KEY, 6_000_000));
    await once(large.socket, 'close');
    expect(large.answer()).toMatch(/^HTTP\/1\.1 413 /);
    expect(large.answer()).toMatch(/\r\nConnection: close\r\n/i);

    const counted = async (): Promise<number> => {
      const { rows } = await database.pool.query<{ count: number }>('select count(*) from message');
      return Number(rows[0]?.count);
    };
    await until('the good sends have rows', async () => (await counted()) >= sent, 30_000);
    expect(await counted()).toBe(sent);
    for (const books of await checkBooks(database.pool, { recount: true })) {
      expect(books).toMatchObject({ difference: 0, miscounted: [] });
    }
    recordSafety({
      promise: 'a bad client harms nobody else',
      faults: `${IDLE} idle connections; ${CRAWLING} each of heads and bodies byte by byte, answers not read, half-open; bulk bodies cut at every ${CUT_EVERY_BYTES}th byte`,
      rounds: ROUNDS,
      seen: `${sent} good sends, all 201, p99 ${Math.ceil(slowestMs)} ms; memory grew by ${toMb(mostBytes - beforeBytes)} MB and by ${toMb(heldBytes)} MB for good; nothing of ${cuts} cut bodies stored; all closed in time`,
    });
  },
  ROUNDS * 60_000,
);
