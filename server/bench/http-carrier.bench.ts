/*
 * Submitting over HTTP with one message a request, each carrier that does so: its connection, the road and undici, against
 * a peer in another process. What is measured is the client; batches of 1,000 as the pipeline hands them over.
 */
import type { CarrierConnection, SubmitMessage } from '../src/carriers/carrier.ts';
import { createHttpCarriers, createHttpRoads } from '../src/carriers/index.ts';
import type { Credentials } from '../src/lib/credentials.ts';
import { startProgram } from './lib/child-program.ts';
import { isShort, report } from './lib/report.ts';
import { sampleBody } from './lib/sample-messages.ts';

/** Of the client. */
const BUDGET = { cpuUs_twilio: 40, cpuUs_telnyx: 40, cpuUs_http: 40 };
const GOAL = {
  messagesPerSecond_twilio: 25_000,
  messagesPerSecond_telnyx: 25_000,
  messagesPerSecond_http: 25_000,
};

const BATCH = 1_000;
const BATCHES_AT_ONCE = 2;
const ROUNDS = isShort ? 5 : 15;
const WARM_UP_ROUNDS = 5;

const peer = startProgram('http-peer-program.ts', {});
const { url } = await peer.nextLine<{ url: string }>();
const roads = createHttpRoads();
const carriers = createHttpCarriers({ roads, publicUrl: 'https://sms.example.net' });

const CREDENTIALS: Readonly<Record<string, Credentials>> = {
  twilio: { account_sid: 'AC00000000000000000000000000000001', auth_token: 'x', base_url: url },
  telnyx: { api_key: 'x', public_key: '6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=', base_url: url },
  http: {
    submit: {
      url: `${url}/messages`,
      headers: { Authorization: 'Bearer x' },
      body: {
        from: '{{from}}',
        to: '{{to|digits}}',
        text: '{{text}}',
        reference: '{{id}}',
        callback: '{{callback_url}}',
      },
    },
    accepted_when: { path: 'status', in: ['accepted'] },
    message_id_path: 'id',
  },
};

const figures: Record<string, number> = {};
for (const [type, credentials] of Object.entries(CREDENTIALS)) {
  const carrier = carriers.find((it) => it.type === type);
  const list = { id: 1, accountId: '68f0c2a7d1e94b0012ab34cd', number: '+18445550111', credentials };
  const connection = carrier?.connect(list);
  if (connection === undefined) throw new Error(`There is no carrier ${type}`);
  const { cpuUs, wallUs } = await measure(connection);
  figures[`messagesPerSecond_${type}`] = 1e6 / wallUs;
  figures[`cpuUs_${type}`] = cpuUs;
  await connection[Symbol.asyncDispose]();
}
report({ bench: 'http-carrier', figures, budget: BUDGET, goal: GOAL, durable: 'nothing' });
await roads[Symbol.asyncDispose]();
await peer.stop();

/** Microseconds a message, with one list at its 50 requests in flight. */
async function measure(connection: CarrierConnection): Promise<{ cpuUs: number; wallUs: number }> {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await submitRound(connection);
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  for (let round = 0; round < ROUNDS; round++) await submitRound(connection);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  const messages = ROUNDS * BATCHES_AT_ONCE * BATCH;
  return { cpuUs: (user + system) / messages, wallUs: (elapsedMs * 1_000) / messages };
}

async function submitRound(connection: CarrierConnection): Promise<void> {
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, () => submitBatch(connection)));
}

/** @throws Error when one was not accepted */
async function submitBatch(connection: CarrierConnection): Promise<void> {
  const batch = Array.from({ length: BATCH }, (_, index) => toMessage(index));
  let accepted = 0;
  await connection.submit(
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
