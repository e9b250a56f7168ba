/* How long a single message takes from the request to the handset when nothing else is going on. */
import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { openConnections } from './lib/api-client.ts';
import { toRequest } from './lib/http-connection.ts';
import { isShort, percentile, report } from './lib/report.ts';
import { startServer } from './lib/running-server.ts';
import { samplePhone, sampleSend } from './lib/sample-messages.ts';

/** Milliseconds, on 2 virtual cores (AMD EPYC) with Node 20. */
const BUDGET = { p50Ms: 30, p99Ms: 150 };

const SENDS = isShort ? 100 : 200;
const WARM_UP_SENDS = 50;

await using server = await startServer();
const [connection] = await openConnections(server, 1);
if (connection === undefined) throw new Error('no connection');
const arrivals = new Map<string, (atMs: number) => void>();
const events = await followHandsets();

const toAnswerMs: number[] = [];
const toHandsetMs: number[] = [];
for (let index = 0; index < WARM_UP_SENDS + SENDS; index++) {
  const { answeredMs, arrivedMs } = await sendOne(index);
  if (index < WARM_UP_SENDS) continue;
  toAnswerMs.push(answeredMs);
  toHandsetMs.push(arrivedMs);
}
events.destroy();
connection.close();

report({
  bench: 'idle-latency',
  figures: {
    p50Ms: percentile(toHandsetMs, 0.5),
    p99Ms: percentile(toHandsetMs, 0.99),
    answerP50Ms: percentile(toAnswerMs, 0.5),
    answerP99Ms: percentile(toAnswerMs, 0.99),
  },
  budget: BUDGET,
  goal: BUDGET,
  durable: 'log, verdict with submitting mark (PostgreSQL), and the simulator, each before the next',
});

async function sendOne(index: number): Promise<{ answeredMs: number; arrivedMs: number }> {
  const arrived = new Promise<number>((resolve) => arrivals.set(samplePhone(index), resolve));
  const request = toRequest('/api/v2/send', server.apiKey, sampleSend(index));
  const startMs = performance.now();
  const { status, body } = await (connection as NonNullable<typeof connection>).send(request);
  const answeredMs = performance.now() - startMs;
  if (status !== 201) throw new Error(`Answered ${status}: ${body.toString()}`);
  return { answeredMs, arrivedMs: (await arrived) - startMs };
}

/** Listens to what the handsets get. */
async function followHandsets(): Promise<IncomingMessage> {
  const [response] = (await once(get(`${server.url}/simulator/events`), 'response')) as [IncomingMessage];
  let event = '';
  createInterface({ input: response }).on('line', (line) => {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    if (!line.startsWith('data: ') || event !== 'message') return;
    const { phone } = JSON.parse(line.slice('data: '.length)) as { phone: string };
    arrivals.get(phone)?.(performance.now());
    arrivals.delete(phone);
  });
  return response;
}
