/*
 * Inbound texts over HTTP: each durable before its answer, then stored, classified and applied. Nine in ten are replies,
 * the others opt-outs, returns and HELP with their answers. The server is the one of `npm start` with the embedded
 * PostgreSQL.
 */
import { openConnections, readMetric } from './lib/api-client.ts';
import { toRequest, type HttpConnection } from './lib/http-connection.ts';
import { readCpuUs, readPostgresCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';
import { startServer, type RunningServer } from './lib/running-server.ts';
import { samplePhone } from './lib/sample-messages.ts';

/** On 2 virtual cores (AMD EPYC) with Node 20, the load included: 2,000 texts a second are the goal. */
const BUDGET = { msForThousandTexts: 500, cpuUs: 700 };
const GOAL = { textsPerSecond: 2_000 };

const TEXTS = isShort ? 4_000 : 20_000;
const WARM_UP_TEXTS = 2_000;
const CONNECTIONS = 16;
const POLL_MS = 50;
const LIMIT_MS = 120_000;
const LIST_NUMBER = '+18005551000';
const REPLY = 'When do you open tomorrow? I would like to come by.';
const KEYWORDS = ['STOP', 'START', 'HELP', 'please stop texting me'];

await using server = await startServer();
const whoAmI = (await (
  await fetch(`${server.url}/api/v2/whoami`, { headers: { 'X-Api-Key': server.apiKey } })
).json()) as {
  account: { id: string };
};
const connections = await openConnections(server, CONNECTIONS);
await tellMany(0, WARM_UP_TEXTS);
await untilApplied(server);

const nodeBeforeUs = readCpuUs(server.pid);
const postgresBeforeUs = readPostgresCpuUs(server.pid);
const startMs = performance.now();
await tellMany(WARM_UP_TEXTS, TEXTS);
const answeredMs = performance.now() - startMs;
await untilApplied(server);
const elapsedMs = performance.now() - startMs;
const nodeUs = (readCpuUs(server.pid) - nodeBeforeUs) / TEXTS;
const postgresUs = (readPostgresCpuUs(server.pid) - postgresBeforeUs) / TEXTS;

report({
  bench: 'inbound',
  figures: {
    textsPerSecond: (TEXTS / elapsedMs) * 1_000,
    answeredPerSecond: (TEXTS / answeredMs) * 1_000,
    msForThousandTexts: (elapsedMs / TEXTS) * 1_000,
    cpuUs: nodeUs + postgresUs,
    nodeCpuUs: nodeUs,
    postgresCpuUs: postgresUs,
  },
  budget: BUDGET,
  goal: GOAL,
  durable: 'the log before each answer, PostgreSQL (fsync on) after it',
});
for (const connection of connections) connection.close();

async function tellMany(first: number, count: number): Promise<void> {
  let next = first;
  async function tell(connection: HttpConnection): Promise<void> {
    while (next < first + count) {
      const { status, body } = await connection.send(toText(next++));
      if (status !== 200) throw new Error(`Answered ${status}: ${body.toString().slice(0, 300)}`);
    }
  }
  await Promise.all(connections.map(tell));
}

/** A number writes some five times. */
function toText(index: number): Buffer {
  const text = index % 10 === 0 ? KEYWORDS[(index / 10) % KEYWORDS.length] : REPLY;
  const from = samplePhone(Math.floor(index / 5));
  const json = JSON.stringify({ type: 'inbound', id: `in-${index}`, from, to: LIST_NUMBER, text });
  return toRequest(`/api/webhook-feedbacks/simulator?account=${whoAmI.account.id}`, server.apiKey, json);
}

/** @throws Error when it takes too long */
async function untilApplied(at: RunningServer): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  while ((await readMetric(at, 'trackly_log_entries')).get('events') !== 0) {
    if (performance.now() > limitMs) throw new Error('The texts were not applied in time');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
