/*
 * Receipts over HTTP, one a call as most carriers tell them: each durable before its answer, then applied to its message.
 * The server is the one of `npm start` with the embedded PostgreSQL; the messages are to handsets of the simulated carrier
 * that tell nothing by themselves.
 */
import { openConnections, readMetric } from './lib/api-client.ts';
import { toRequest, type HttpConnection } from './lib/http-connection.ts';
import { readCpuUs, readPostgresCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';
import { startServer } from './lib/running-server.ts';
import { LIST_NUMBER, sampleBody } from './lib/sample-messages.ts';

/** CPU microseconds a receipt, of Node and PostgreSQL together, on 2 virtual cores (AMD EPYC) with Node 20. */
const BUDGET = { cpuUs: 250 };
const GOAL = { receiptsPerSecond: 5_000 };

const RECEIPTS = isShort ? 10_000 : 50_000;
const WARM_UP_RECEIPTS = 5_000;
/** As carriers with thousands of messages a second have; each waits for the sync of its own receipt. */
const CONNECTIONS = 64;
const BULK = 1_000;
const POLL_MS = 50;
const LIMIT_MS = 120_000;

await using server = await startServer();
const whoAmI = (await (
  await fetch(`${server.url}/api/v2/whoami`, { headers: { 'X-Api-Key': server.apiKey } })
).json()) as { account: { id: string } };
const connections = await openConnections(server, CONNECTIONS);
const messageIds = await sendSilently(WARM_UP_RECEIPTS + RECEIPTS);
await untilState('sent', messageIds.length);
await tellMany(messageIds.slice(0, WARM_UP_RECEIPTS));
await untilState('delivered', WARM_UP_RECEIPTS);

const nodeBeforeUs = readCpuUs(server.pid);
const postgresBeforeUs = readPostgresCpuUs(server.pid);
const startMs = performance.now();
await tellMany(messageIds.slice(WARM_UP_RECEIPTS));
const answeredMs = performance.now() - startMs;
await untilState('delivered', messageIds.length);
const elapsedMs = performance.now() - startMs;
const nodeUs = (readCpuUs(server.pid) - nodeBeforeUs) / RECEIPTS;
const postgresUs = (readPostgresCpuUs(server.pid) - postgresBeforeUs) / RECEIPTS;

report({
  bench: 'receipts',
  figures: {
    receiptsPerSecond: (RECEIPTS / elapsedMs) * 1_000,
    answeredPerSecond: (RECEIPTS / answeredMs) * 1_000,
    cpuUs: nodeUs + postgresUs,
    nodeCpuUs: nodeUs,
    postgresCpuUs: postgresUs,
  },
  budget: BUDGET,
  goal: GOAL,
  durable: 'the log before each answer, PostgreSQL (fsync on) after it',
});
for (const connection of connections) connection.close();

/** Sends to handsets whose receipts never come; returns the messages' ids. */
async function sendSilently(count: number): Promise<string[]> {
  const [connection] = connections;
  const sent: string[] = [];
  while (sent.length < count) {
    const messages = Array.from({ length: BULK }, (_, place) => ({
      to: `+1${200 + Math.floor((sent.length + place) / 800)}${200 + ((sent.length + place) % 800)}0159`,
      body: sampleBody(sent.length + place),
      skip_rate_limit: true,
      skip_duplicate_check: true,
    }));
    const json = JSON.stringify({ list_number: LIST_NUMBER, messages });
    const answer = await connection?.send(toRequest('/api/v2/send-raw/bulk', server.apiKey, json));
    const { message_ids: ids = [] } = JSON.parse(answer?.body.toString() ?? '{}') as { message_ids?: string[] };
    if (ids.length !== BULK) throw new Error(`Answered ${answer?.status}: ${answer?.body.toString().slice(0, 300)}`);
    sent.push(...ids);
  }
  return sent;
}

async function tellMany(told: readonly string[]): Promise<void> {
  const path = `/api/webhook-feedbacks/simulator?account=${whoAmI.account.id}`;
  let next = 0;
  async function tell(connection: HttpConnection): Promise<void> {
    for (let id = told[next++]; id !== undefined; id = told[next++]) {
      const json = JSON.stringify({ type: 'status', id, state: 'delivered', detail: 'DELIVERED_TO_HANDSET' });
      const { status, body } = await connection.send(toRequest(path, server.apiKey, json));
      if (status !== 200) throw new Error(`Answered ${status}: ${body.toString().slice(0, 300)}`);
    }
  }
  await Promise.all(connections.map(tell));
}

/** @throws Error when it takes too long */
async function untilState(state: string, count: number): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  for (;;) {
    const states = await readMetric(server, 'trackly_messages');
    if (states.get(state) === count) return;
    if (performance.now() > limitMs) throw new Error(`Not ${state} in time: ${JSON.stringify([...states])}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
