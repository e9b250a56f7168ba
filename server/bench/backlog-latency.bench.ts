/*
 * One account has a backlog of marketing messages that drains over its list as fast as it goes. Meanwhile another account
 * sends a transactional message now and then: how long does each take from the request to the carrier, and how much memory
 * does the server hold, before and meanwhile? The carrier is the simulator in the server's process.
 */
import { join } from 'node:path';
import { toConfig } from '../src/config/load-config.ts';
import { openInstallation } from '../src/operator.ts';
import { openConnections, readLedgerTotals, readMetric, sendMany } from './lib/api-client.ts';
import { toRequest, type HttpConnection } from './lib/http-connection.ts';
import { keepPace } from './lib/keep-pace.ts';
import { sampleMemory } from './lib/memory-samples.ts';
import { readMemoryMib } from './lib/process-cpu.ts';
import { isShort, percentile, report } from './lib/report.ts';
import { startServer, type RunningServer } from './lib/running-server.ts';

/**
 * Milliseconds, and MiB of the server's Node process: resident, and how much more of its own it holds at the end than after
 * the first half. A short backlog has drained before the heap has its size.
 */
const BUDGET = { p99Ms: 1_000, idleMib: 250, peakMib: 500, ...(isShort ? {} : { growthMib: 30 }) };

const BACKLOG = isShort ? 100_000 : 1_000_000;
const CONNECTIONS = 4;
const SENDS_PER_SECOND = isShort ? 50 : 20;
const SETTLE_MS = 2_000;
const SLICE_MS = 500;
const LIMIT_MS = 300_000;
const OTHER_LIST = '+18005552000';
/** An ordinary handset that gets nothing else. */
const HANDSET = '+13125550142';

await using server = await startServer();
const otherKey = await addAccount(server);
const connections = await openConnections(server, CONNECTIONS);
await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
const idle = readMemoryMib(server.pid);

await keepNoHours(server);
const memory = sampleMemory(server.pid, join(server.dataDir, 'simulator'));
await sendMany(server, connections, 0, BACKLOG, { category: 'marketing' });
const waiting = BACKLOG - (await countDelivered(server));
const startMs = performance.now();
const sentMs = await sendUntilDrained(server, connections, otherKey);
const elapsedMs = performance.now() - startMs;
const peaks = memory.stop();
const heapMib = await readHeapMib(server);
const latenciesMs = await readLatencies(server, sentMs);

report({
  bench: 'backlog-latency',
  figures: {
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    maxMs: percentile(latenciesMs, 1),
    sends: latenciesMs.length,
    backlog: waiting,
    messagesPerSecond: ((waiting + latenciesMs.length) / elapsedMs) * 1_000,
    idleMib: idle.now,
    ownIdleMib: idle.own,
    ...peaks,
    heapAtEndMib: heapMib,
  },
  budget: BUDGET,
  goal: { p99Ms: 1_000, idleMib: 250, peakMib: 500 },
  durable: 'log, verdict with submitting mark (PostgreSQL), and the simulator, each before the next',
});
for (const connection of connections) connection.close();

/** The backlog drains at any hour of the day. */
async function keepNoHours({ url, apiKey }: RunningServer): Promise<void> {
  const headers = { 'X-Api-Key': apiKey, 'Content-Type': 'application/json' };
  const { lists } = (await (await fetch(`${url}/api/v2/lists`, { headers })).json()) as { lists: { id: number }[] };
  for (const { id } of lists) {
    const body = JSON.stringify({ settings: { quiet_hours: false } });
    const answer = await fetch(`${url}/api/v2/lists/${id}`, { method: 'PUT', headers, body });
    if (!answer.ok) throw new Error(`Answered ${answer.status}: ${await answer.text()}`);
  }
}

/** A second account with a list of its own. @returns its key */
async function addAccount({ dataDir }: RunningServer): Promise<string> {
  await using installation = await openInstallation(toConfig({ TRACKLY_DATA_DIR: dataDir }), { schema: 'current' });
  const { id: accountId } = await installation.accounts.create({ name: 'Other', email: 'other@example.com' });
  await installation.lists.create({ accountId, number: OTHER_LIST, type: 'simulator', name: 'Other' });
  return (await installation.keys.create({ accountId, name: 'Bench' })).key;
}

/** @returns when each message was due, by its public id */
async function sendUntilDrained(
  at: RunningServer,
  free: readonly HttpConnection[],
  key: string,
): Promise<Map<string, number>> {
  const dueById = new Map<string, number>();
  const limitMs = performance.now() + LIMIT_MS;
  let next = 0;
  // The other account's own messages count too: the end is seen by that many messages too early.
  while ((await countDelivered(at)) < BACKLOG) {
    if (performance.now() > limitMs) throw new Error(`Not drained in time: ${await countDelivered(at)} of ${BACKLOG}`);
    const startMs = performance.now();
    const pace = { startMs, endMs: startMs + SLICE_MS, requestsPerSecond: SENDS_PER_SECOND };
    await keepPace(free, pace, async (connection, dueMs) => {
      const dueAtMs = Date.now() - (performance.now() - dueMs);
      dueById.set(await sendOne(connection, key, next++), dueAtMs);
    });
  }
  return dueById;
}

/** Every text is another: a repeated one would be dropped as a duplicate. */
async function sendOne(connection: HttpConnection, key: string, index: number): Promise<string> {
  const send = {
    to: HANDSET,
    list_number: OTHER_LIST,
    body: `Your code is ${100_000 + index}`,
    category: 'transactional',
  };
  const { status, body } = await connection.send(toRequest('/api/v2/send', key, JSON.stringify(send)));
  if (status !== 201) throw new Error(`Answered ${status}: ${body.toString()}`);
  return (JSON.parse(body.toString()) as { message_id: string }).message_id;
}

async function countDelivered(at: RunningServer): Promise<number> {
  return (await readMetric(at, 'trackly_messages')).get('delivered') ?? 0;
}

async function readHeapMib(at: RunningServer): Promise<number> {
  return ((await readMetric(at, 'nodejs_heap_size_used_bytes')).get('') ?? 0) / 2 ** 20;
}

interface Conversation {
  readonly messages: readonly { readonly message_id: string; readonly at: string }[];
}

/**
 * From when a message was due to when the carrier got it.
 * @throws Error when one did not come, or anything was sent twice
 */
async function readLatencies(at: RunningServer, dueById: ReadonlyMap<string, number>): Promise<number[]> {
  await untilDelivered(at, BACKLOG + dueById.size);
  const { messages, doubles } = await readLedgerTotals(at);
  if (messages !== BACKLOG + dueById.size || doubles !== 0) {
    throw new Error(`The carrier saw ${messages} messages, ${doubles} of them twice`);
  }
  const answer = await fetch(`${at.url}/simulator/handsets/${encodeURIComponent(HANDSET)}`);
  const arrivals = new Map(
    ((await answer.json()) as Conversation).messages.map((message) => [message.message_id, Date.parse(message.at)]),
  );
  return [...dueById].map(([id, dueMs]) => {
    const arrivedMs = arrivals.get(id);
    if (arrivedMs === undefined) throw new Error(`${id} did not come to the handset`);
    return Math.max(0, arrivedMs - dueMs);
  });
}

async function untilDelivered(at: RunningServer, count: number): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  while ((await countDelivered(at)) < count) {
    if (performance.now() > limitMs) throw new Error(`Not delivered in time: ${await countDelivered(at)} of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
