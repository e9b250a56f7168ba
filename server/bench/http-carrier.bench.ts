/*
 * Submitting over HTTP with one message a request: Twilio's connection, its road and undici, against a peer in another
 * process. What is measured is the client; batches of 1,000 as the pipeline hands them over.
 */
import type { SubmitMessage } from '../src/carriers/carrier.ts';
import { createHttpCarriers, createHttpRoads } from '../src/carriers/index.ts';
import { startProgram } from './lib/child-program.ts';
import { isShort, report } from './lib/report.ts';
import { sampleBody } from './lib/sample-messages.ts';

/** Microseconds a message: of the client's CPU, and of the clock with one list at its 50 requests in flight. */
const BUDGET = { cpuUs: 40, wallUs: 40 };

const BATCH = 1_000;
const BATCHES_AT_ONCE = 2;
const ROUNDS = isShort ? 5 : 15;
const WARM_UP_ROUNDS = 5;

const peer = startProgram('http-peer-program.ts', {});
const { url } = await peer.nextLine<{ url: string }>();
const roads = createHttpRoads();
const twilio = createHttpCarriers({ roads, publicUrl: 'https://sms.example.net' }).find(
  ({ type }) => type === 'twilio',
);
const connection = twilio?.connect({
  id: 1,
  accountId: '68f0c2a7d1e94b0012ab34cd',
  number: '+18445550111',
  credentials: { account_sid: 'AC00000000000000000000000000000001', auth_token: 'x', base_url: url },
});
if (connection === undefined) throw new Error('There is no carrier of that name');

for (let round = 0; round < WARM_UP_ROUNDS; round++) await submitRound();
const cpuBefore = process.cpuUsage();
const startMs = performance.now();
for (let round = 0; round < ROUNDS; round++) await submitRound();
const elapsedMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpuBefore);
const messages = ROUNDS * BATCHES_AT_ONCE * BATCH;
report({
  bench: 'http-carrier',
  figures: {
    messagesPerSecond: (messages / elapsedMs) * 1_000,
    cpuUs: (user + system) / messages,
    wallUs: (elapsedMs * 1_000) / messages,
  },
  budget: BUDGET,
  durable: 'nothing',
});
await connection[Symbol.asyncDispose]();
await roads[Symbol.asyncDispose]();
await peer.stop();

async function submitRound(): Promise<void> {
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, submitBatch));
}

/** @throws Error when one was not accepted */
async function submitBatch(): Promise<void> {
  const batch = Array.from({ length: BATCH }, (_, index) => toMessage(index));
  let accepted = 0;
  await connection?.submit(
    batch,
    (_index, { kind }) => {
      if (kind === 'accepted') accepted++;
    },
    new AbortController().signal,
  );
  if (accepted !== BATCH) throw new Error(`Only ${accepted} of ${BATCH} were accepted`);
}

function toMessage(index: number): SubmitMessage {
  return {
    id: String(index).padStart(8, '0'),
    from: '+18445550111',
    to: `+1312555${String(index).padStart(4, '0')}`,
    body: sampleBody(index),
    encoding: 'GSM-7',
    segments: 1,
    lane: 'marketing',
    validityMinutes: 240,
  };
}
