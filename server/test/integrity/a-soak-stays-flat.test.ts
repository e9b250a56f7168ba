import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeDataFolder, readJson } from '../../../cli/test/helpers/run-cli.ts';
import { callApi, idsOf } from '../helpers/api-call.ts';
import { readMetric, readState } from '../helpers/message-judge.ts';
import { chooseSeconds, isLong, recordSafety } from '../helpers/safety-record.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_server_that_soaks';
const LIST_NUMBER = '+18005551000';
const SECONDS = chooseSeconds(30, 600);
const MEASURED_SECONDS = 15;
const SHARE = 0.7;
/** Accepted and not delivered yet, while the rate is measured. */
const MAX_OPEN = 20_000;
const MAX_BULK = 1_000;
const TICK_MS = 100;
const PROBE_EVERY_MS = 500;
const SAMPLE_EVERY_MS = 1_000;
/** Windows of the soak that are compared: the first against the last for latency, for memory the second, when it is warm. */
const WINDOWS = 5;
/** The last window's p99 from API to delivery, the simulator's 300 ms included, against the first one's. */
const MAX_LATENCY_FACTOR = 1.5;
const MAX_LATENCY_MORE_MS = 250;
const MAX_GROWTH_BYTES = 64 * 1024 ** 2;
const MAX_MEMORY_BYTES = 500 * 1024 ** 2;

interface Sample {
  /** Since the beginning of the soak. */
  readonly atMs: number;
  readonly value: number;
}

/** What the process has for itself; pages of its files in memory are the system's to take back. */
async function readMemoryBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

let made = 0;

/** To ordinary handsets, each message with a text of its own. */
function toBulk(count: number): string {
  const messages: string[] = [];
  for (let index = 0; index < count; index++) {
    const no = made++;
    const to = `+1312${200 + (Math.floor(no / 9_000) % 700)}${1_000 + (no % 9_000)}`;
    messages.push(
      `{"to":"${to}","list_number":"${LIST_NUMBER}","skip_rate_limit":true,"body":"Soak message No. ${no}"}`,
    );
  }
  return `{"messages":[${messages.join(',')}]}`;
}

/** Resolves with how long the answer took. */
async function sendBulk(url: string, count: number): Promise<number> {
  const startMs = performance.now();
  const answer = await fetch(`${url}/api/v2/send/bulk`, {
    method: 'POST',
    headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
    body: toBulk(count),
  });
  const { queued_count: queued } = (await answer.json()) as { queued_count?: number };
  expect({ status: answer.status, queued }).toEqual({ status: 201, queued: count });
  return performance.now() - startMs;
}

async function countDelivered(url: string): Promise<number> {
  return (await readMetric(url, 'trackly_messages')).get('delivered') ?? 0;
}

/** Messages a second, accepted to delivered, with always enough to do. */
async function measureRate(url: string): Promise<number> {
  let delivered = 0;
  const over = AbortSignal.timeout((5 + MEASURED_SECONDS) * 1_000);
  async function send(): Promise<void> {
    while (!over.aborted) {
      if (made - delivered < MAX_OPEN) await sendBulk(url, MAX_BULK);
      else await sleep(20);
    }
  }
  const sending = send();
  const points: Sample[] = [];
  while (!over.aborted) {
    delivered = await countDelivered(url);
    points.push({ atMs: performance.now(), value: delivered });
    await sleep(100);
  }
  await sending;
  const last = points.at(-1);
  const first = points.find(({ atMs }) => atMs >= (last?.atMs ?? 0) - MEASURED_SECONDS * 1_000);
  if (first === undefined || last === undefined) throw new Error('nothing was measured');
  await until('the queue is empty', async () => (await countDelivered(url)) === made, 60_000);
  return ((last.value - first.value) / (last.atMs - first.atMs)) * 1_000;
}

/** Does `work` at each multiple of `everyMs`, whether the one before is done or not. Resolves when all are done. */
async function openLoop(endMs: number, everyMs: number, work: () => Promise<void>): Promise<void> {
  const running: Promise<void>[] = [];
  for (let nextMs = performance.now(); nextMs < endMs; nextMs += everyMs) {
    await sleep(Math.max(0, nextMs - performance.now()));
    running.push(work());
  }
  await Promise.all(running);
}

/** One message more, followed to its handset and back. */
async function probe(url: string): Promise<number> {
  const startMs = performance.now();
  const body = { to: '+13129990142', list_number: LIST_NUMBER, skip_rate_limit: true, body: `Probe ${made++}` };
  const [id = ''] = idsOf(await callApi(`${url}/api/v2/send`, { key: KEY, body }));
  while ((await readState({ url, key: KEY }, id)) !== 'delivered') await sleep(20);
  return performance.now() - startMs;
}

function windowOf(samples: readonly Sample[], window: number): number[] {
  const lengthMs = (SECONDS * 1_000) / WINDOWS;
  const within = samples.filter(({ atMs }) => Math.floor(atMs / lengthMs) === window);
  return within.map(({ value }) => value).sort((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function toMb(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}

/** The promise: at 70 % of what it can do, memory and latency stay as they are for as long as it lasts. */
test.skipIf(!isLong && process.env['FAULT_SECONDS'] === undefined)(
  'a soak stays flat',
  async () => {
    await using folder = await makeDataFolder();
    const env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
    await using server = await startServer(env);
    const { url, pid } = server;
    const measured = await measureRate(url);
    const aTick = (measured * SHARE * TICK_MS) / 1_000;

    const latencies: Sample[] = [];
    const answers: Sample[] = [];
    const memory: Sample[] = [];
    const startMs = performance.now();
    const endMs = startMs + SECONDS * 1_000;
    const before = made;
    let owed = 0;
    await Promise.all([
      openLoop(endMs, TICK_MS, async () => {
        owed += aTick;
        while (owed >= 1) {
          const count = Math.min(MAX_BULK, Math.floor(owed));
          owed -= count;
          const atMs = performance.now() - startMs;
          answers.push({ atMs, value: await sendBulk(url, count) });
        }
      }),
      openLoop(endMs, PROBE_EVERY_MS, async () => {
        const atMs = performance.now() - startMs;
        latencies.push({ atMs, value: await probe(url) });
      }),
      openLoop(endMs, SAMPLE_EVERY_MS, async () => {
        memory.push({ atMs: performance.now() - startMs, value: await readMemoryBytes(pid) });
      }),
    ]);
    const sent = made - before;
    await until('everything is delivered', async () => (await countDelivered(url)) === made, 120_000);

    const [firstMs, lastMs] = [0, WINDOWS - 1].map((window) => percentile(windowOf(latencies, window), 0.99));
    const [answerFirstMs, answerLastMs] = [0, WINDOWS - 1].map((window) => percentile(windowOf(answers, window), 0.99));
    const [warm, end] = [1, WINDOWS - 1].map((window) => percentile(windowOf(memory, window), 0.5));
    const highest = Math.max(...memory.map(({ value }) => value));
    const { totals } = (await (await fetch(`${url}/simulator/ledger?limit=1`)).json()) as {
      totals: { submits: number; messages: number; doubles: number };
    };
    const seen =
      `${Math.round(measured)} messages a second measured, ${sent} sent at ${Math.round((sent / SECONDS) * 1)} a second, ` +
      `all delivered; API to delivery p99 ${Math.round(firstMs ?? 0)} ms in the first fifth, ${Math.round(lastMs ?? 0)} ms in the last; ` +
      `answers p99 ${Math.round(answerFirstMs ?? 0)} and ${Math.round(answerLastMs ?? 0)} ms; ` +
      `memory ${toMb(warm ?? 0)} MB in the second fifth, ${toMb(end ?? 0)} MB in the last, ${toMb(highest)} MB at most; no double; books balance`;
    console.log(seen);
    expect(totals).toMatchObject({ submits: made, messages: made, doubles: 0 });
    const { checks } = await readJson<{ checks: { name: string; ok: boolean }[] }>(['doctor', '--recount'], env);
    expect(checks.filter((check) => check.name === 'books' || check.name === 'log')).toMatchObject([
      { name: 'log', ok: true },
      { name: 'books', ok: true },
    ]);
    expect(lastMs).toBeLessThan((firstMs ?? 0) * MAX_LATENCY_FACTOR + MAX_LATENCY_MORE_MS);
    expect((end ?? 0) - (warm ?? 0)).toBeLessThan(MAX_GROWTH_BYTES);
    expect(highest).toBeLessThan(MAX_MEMORY_BYTES);
    expect((await server.stop()).code).toBe(0);
    recordSafety({
      promise: 'a soak stays flat',
      faults: `${SECONDS} s of sends at ${SHARE * 100} % of the rate that was measured before, come what may`,
      rounds: 1,
      seen,
    });
  },
  SECONDS * 1_000 + 400_000,
);
