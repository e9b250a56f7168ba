/*
 * The load on a server, as a process of its own, first for `warmUpMs`, then in rounds. Prints a line when a round starts
 * and one with its result.
 */
import { openHttpConnection, toRequest, type HttpConnection } from './http-connection.ts';
import { keepPace } from './keep-pace.ts';
import type { LoadOptions, LoadResult } from './run-load.ts';
import { sampleBulk, sampleSend } from './sample-messages.ts';
import { percentile } from './report.ts';

/** Requests that are made ahead: making them costs more than sending them. */
const READY_MESSAGES = 64_000;
const MAX_READY_REQUESTS = 10_000;

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const requests = makeRequests(options);
const connections = await Promise.all(
  Array.from({ length: options.connections }, () => openHttpConnection(options.url)),
);

let next = 0;
await load(options.warmUpMs);
for (let round = 0; round < options.rounds; round++) {
  print({ started: true });
  print(await load(options.roundMs));
}
for (const connection of connections) connection.close();

async function load(lastsMs: number): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + lastsMs;
  if (options.requestsPerSecond === undefined) {
    await Promise.all(connections.map((connection) => keepBusy(connection, endMs, latenciesMs)));
  } else {
    await keepPace(
      connections,
      { startMs, endMs, requestsPerSecond: options.requestsPerSecond },
      async (connection, dueMs) => {
        await sendNext(connection);
        latenciesMs.push(performance.now() - dueMs);
      },
    );
  }
  return {
    messages: latenciesMs.length * options.messagesPerRequest,
    elapsedMs: performance.now() - startMs,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}

/** One request after the other on the connection. */
async function keepBusy(connection: HttpConnection, endMs: number, latenciesMs: number[]): Promise<void> {
  while (performance.now() < endMs) {
    const sentMs = performance.now();
    await sendNext(connection);
    latenciesMs.push(performance.now() - sentMs);
  }
}

/** @throws Error for an answer that is no success */
async function sendNext(connection: HttpConnection): Promise<void> {
  const { status, body } = await connection.send(requests[next++ % requests.length] as Buffer);
  if (status !== 201 || body.includes('"error":'))
    throw new Error(`Answered ${status}: ${body.toString().slice(0, 300)}`);
}

function makeRequests({ path, apiKey, messagesPerRequest }: LoadOptions): Buffer[] {
  const count = Math.min(MAX_READY_REQUESTS, Math.ceil(READY_MESSAGES / messagesPerRequest));
  return Array.from({ length: count }, (_, place) => {
    const first = place * messagesPerRequest;
    return toRequest(
      path,
      apiKey,
      messagesPerRequest === 1 ? sampleSend(first) : sampleBulk(first, messagesPerRequest),
    );
  });
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
