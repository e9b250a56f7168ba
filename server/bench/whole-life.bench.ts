/*
 * The whole way of a message: accepted, landed, gated, recorded, submitted, answered, receipt applied. The server is the
 * one of `npm start` with the embedded PostgreSQL; the carrier is the simulator in its process.
 */
import { openConnections, readLedgerTotals, readMetric, sendMany } from './lib/api-client.ts';
import { readCpuUs, readMemoryMib, readPostgresCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';
import { startServer, type RunningServer } from './lib/running-server.ts';

/** CPU microseconds a message, of Node and PostgreSQL together. */
const BUDGET = { cpuUs: 80 };

/** Enough for the receipt's delay of 0.3 s, which nobody can work away, to be little of the whole. */
const MESSAGES = isShort ? 50_000 : 200_000;
const WARM_UP_MESSAGES = 10_000;
const CONNECTIONS = 4;
const POLL_MS = 100;
const LIMIT_MS = 240_000;

await using server = await startServer();
const connections = await openConnections(server, CONNECTIONS);
await sendMany(server, connections, 0, WARM_UP_MESSAGES);
await untilDelivered(server, WARM_UP_MESSAGES);

const stagesBefore = await readMetric(server, 'trackly_stage_seconds_total');
const nodeBeforeUs = readCpuUs(server.pid);
const postgresBeforeUs = readPostgresCpuUs(server.pid);
const startMs = performance.now();
await sendMany(server, connections, WARM_UP_MESSAGES, MESSAGES);
const acceptedMs = performance.now() - startMs;
await untilDelivered(server, WARM_UP_MESSAGES + MESSAGES);
const elapsedMs = performance.now() - startMs;
const nodeUs = (readCpuUs(server.pid) - nodeBeforeUs) / MESSAGES;
const postgresUs = (readPostgresCpuUs(server.pid) - postgresBeforeUs) / MESSAGES;
await assertBooksBalance(server, WARM_UP_MESSAGES + MESSAGES);

report({
  bench: 'whole-life',
  figures: {
    messagesPerSecond: (MESSAGES / elapsedMs) * 1_000,
    acceptedPerSecond: (MESSAGES / acceptedMs) * 1_000,
    cpuUs: nodeUs + postgresUs,
    nodeCpuUs: nodeUs,
    postgresCpuUs: postgresUs,
    ...(await stageWallUs()),
    memoryPeakMib: readMemoryMib(server.pid).peak,
  },
  budget: BUDGET,
  goal: { messagesPerSecond: 20_000 },
  durable: 'log, simulator and PostgreSQL (fsync on, synchronous_commit on); every step is a commit before the next',
});
for (const connection of connections) connection.close();

async function stageWallUs(): Promise<Record<string, number>> {
  const after = await readMetric(server, 'trackly_stage_seconds_total');
  const spent = [...after].map(([stage, seconds]) => {
    const wallUs = ((seconds - (stagesBefore.get(stage) ?? 0)) * 1e6) / MESSAGES;
    return [`wallUs_${stage}`, wallUs] as const;
  });
  return Object.fromEntries(spent);
}

/** Polls the books. @throws Error when it takes too long */
async function untilDelivered(at: RunningServer, count: number): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  for (;;) {
    const states = await readMetric(at, 'trackly_messages');
    if (states.get('delivered') === count) return;
    if (performance.now() > limitMs) throw new Error(`Not delivered in time: ${JSON.stringify([...states])}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** All accepted, all delivered, nothing anywhere else, and at the carrier each exactly once. */
async function assertBooksBalance(at: RunningServer, count: number): Promise<void> {
  const { accepted, delivered, ...others } = Object.fromEntries(await readMetric(at, 'trackly_messages'));
  const elsewhere = Object.values(others).filter((other) => other !== 0);
  const { submits, messages, doubles } = await readLedgerTotals(at);
  const balances = accepted === count && delivered === count && elsewhere.length === 0;
  if (!balances) throw new Error(`The books do not balance: ${JSON.stringify({ accepted, delivered, ...others })}`);
  if (submits !== count || messages !== count || doubles !== 0) {
    throw new Error(`The carrier saw ${submits} submits of ${messages} messages, ${doubles} of them twice`);
  }
}
