/*
 * The load on a server, as a process of its own: keeps `connections` busy with one request each, first for `warmUpMs`,
 * then for `measureMs`. Prints a line when measuring starts and one with the result.
 */
import { openHttpConnection, toRequest, type HttpConnection } from './http-connection.ts';
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
let latenciesMs: number[] = [];
let endMs = performance.now() + options.warmUpMs;
await Promise.all(connections.map(keepBusy));
print({ started: true });
latenciesMs = [];
const startMs = performance.now();
endMs = startMs + options.measureMs;
await Promise.all(connections.map(keepBusy));
const elapsedMs = performance.now() - startMs;
const result: LoadResult = {
  messages: latenciesMs.length * options.messagesPerRequest,
  elapsedMs,
  p50Ms: percentile(latenciesMs, 0.5),
  p99Ms: percentile(latenciesMs, 0.99),
};
print(result);
for (const connection of connections) connection.close();

async function keepBusy(connection: HttpConnection): Promise<void> {
  while (performance.now() < endMs) {
    const sentMs = performance.now();
    const { status, body } = await connection.send(requests[next++ % requests.length] as Buffer);
    latenciesMs.push(performance.now() - sentMs);
    if (status !== 201 || body.includes('"error":'))
      throw new Error(`Answered ${status}: ${body.toString().slice(0, 300)}`);
  }
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
