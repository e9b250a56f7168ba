import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, test } from 'vitest';
import { makeDataFolder, readJson, runCli } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { signalPostgres } from '../helpers/embedded-postgres-processes.ts';
import { createSendLoad, type SendLoad } from '../helpers/send-load.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import { recordSafety } from '../helpers/safety-record.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** How long the database is away. */
    readonly outageMs: number | undefined;
  }
}

const OUTAGE_MS = inject('outageMs') ?? 8_000;
/** Nobody who needs the database waits longer for the news that it is away. */
const REFUSED_WITHIN_MS = 9_500;
/** What does not need it is answered as always. */
const ACCEPTED_WITHIN_MS = 3_000;
const KEY = 'trk_of_a_server_without_database';
const LIST_NUMBER = '+18005551000';
const RESTING = ['sent', 'in_doubt', 'delivered', 'undelivered', 'failed', 'dropped'];
const ON_THE_WIRE = ['sent', 'delivered', 'undelivered'];
const RECEIPTS = 40;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly elapsedMs: number;
  readonly json: {
    message_id?: string;
    message_ids?: string[];
    account?: { id: string };
    state?: string;
    ready?: boolean;
  };
}

interface Call {
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

async function call(url: string, { body, idempotencyKey }: Call = {}): Promise<Answer> {
  const startMs = performance.now();
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'X-Api-Key': KEY,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as Answer['json'];
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    elapsedMs: performance.now() - startMs,
    json,
  };
}

/** Asks again and again, one after the other, until the outage is over. */
async function repeat(signal: AbortSignal, ask: (turn: number) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let turn = 0; !signal.aborted; turn++) answers.push(await ask(turn));
  return answers;
}

/** What clients see of the outage; each road in a sequence of its own. */
async function probe(
  url: string,
  known: { account: string; pending: readonly string[] },
  signal: AbortSignal,
): Promise<Record<'singles' | 'bulks' | 'receipts' | 'keyed' | 'reads', Answer[]>> {
  const message = { to: '+13125550142', list_number: LIST_NUMBER, body: 'While the database is away' };
  const [singles, bulks, receipts, keyed, reads] = await Promise.all([
    repeat(signal, () => call(`${url}/api/v2/send`, { body: message })),
    repeat(signal, () => call(`${url}/api/v2/send/bulk`, { body: { messages: [message, message, message] } })),
    repeat(signal, (turn) => {
      const body = { type: 'status', id: known.pending[turn % known.pending.length], state: 'delivered' };
      return call(`${url}/api/webhook-feedbacks/simulator?account=${known.account}`, { body });
    }),
    repeat(signal, (turn) => call(`${url}/api/v2/send`, { body: message, idempotencyKey: `away-${turn}` })),
    repeat(signal, () => call(`${url}/api/v2/messages/${known.pending[0] ?? ''}`)),
  ]);
  return { singles, bulks, receipts, keyed, reads };
}

/** Messages that the carrier took and says no more about. */
async function sendPending(url: string): Promise<string[]> {
  const messages = Array.from({ length: RECEIPTS }, (_, index) => ({
    to: `+13125${String(index).padStart(2, '0')}0159`,
    list_number: LIST_NUMBER,
    body: 'Waits for its receipt',
  }));
  const { json } = await call(`${url}/api/v2/send/bulk`, { body: { messages } });
  const ids = json.message_ids ?? [];
  for (const id of ids) {
    await until('it is sent', async () => (await call(`${url}/api/v2/messages/${id}`)).json.state === 'sent');
  }
  return ids;
}

/** What the books count as accepted. */
async function countMessages(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^trackly_messages\{state="accepted"\} (\d+)$/m.exec(text)?.[1]);
}

interface Fault {
  readonly name: string;
  /** The database is away when it resolves, until `signal` aborts; `over` resolves when it was let come back. */
  readonly takeAway: (dataDir: string, signal: AbortSignal) => Promise<{ readonly over: Promise<void> }>;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'stopped',
    async takeAway(dataDir, signal) {
      expect(await signalPostgres(dataDir, 'SIGSTOP')).toBeGreaterThan(5);
      async function comeBack(): Promise<void> {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        await signalPostgres(dataDir, 'SIGCONT');
      }
      return { over: comeBack() };
    },
  },
  {
    name: 'killed whenever it starts',
    async takeAway(dataDir, signal) {
      let kills = 1;
      expect(await signalPostgres(dataDir, 'SIGKILL')).toBeGreaterThan(5);
      async function killAgain(): Promise<void> {
        while (!signal.aborted) {
          await sleep(5);
          if ((await signalPostgres(dataDir, 'SIGKILL')) > 0) kills++;
        }
        expect(kills).toBeGreaterThan(2);
      }
      return { over: killAgain() };
    },
  },
];

/** Every message is asked for in the end, so there must not be too many. */
async function stopWhenEnough(load: SendLoad, outage: AbortSignal): Promise<void> {
  await until('enough is sent', () => outage.aborted || load.accepted() >= 4_000, OUTAGE_MS * 2);
  await load.stop();
}

/**
 * The promise: with the database away, sends and receipts are accepted and land later; what needs it is answered 503
 * within seconds; nothing is lost or done twice; the process lives and goes on by itself.
 */
test.each(FAULTS)(
  'while the database is $name, sends and receipts are accepted and land later',
  async ({ takeAway, name }) => {
    await using folder = await makeDataFolder();
    const env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
    await using server = await startServer(env);
    const { url } = server;
    const fast = await runCli(['lists', 'set', LIST_NUMBER, '--setting', 'send_rate_per_minute=1000000'], env);
    expect(fast.code).toBe(0);
    const account = (await call(`${url}/api/v2/whoami`)).json.account?.id ?? '';
    const pending = await sendPending(url);
    expect(pending).toHaveLength(RECEIPTS);

    const load = createSendLoad({ key: KEY, random: createSeededRandom(name), senders: 2 });
    load.start(url);
    await until('messages are on their way', () => load.accepted() >= 200, 30_000);
    const outage = AbortSignal.timeout(OUTAGE_MS);
    const { over } = await takeAway(folder.path, outage);
    const [seen] = await Promise.all([
      probe(url, { account, pending }, outage),
      until('it says that it is not ready', async () => (await call(`${url}/readyz`)).status === 503),
      stopWhenEnough(load, outage),
    ]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await over;

    expect(seen.receipts.length).toBeGreaterThan(5);
    for (const { status, elapsedMs } of [...seen.singles, ...seen.bulks]) {
      expect(status).toBe(201);
      expect(elapsedMs).toBeLessThan(ACCEPTED_WITHIN_MS);
    }
    for (const { status, elapsedMs } of seen.receipts) {
      expect(status).toBe(200);
      expect(elapsedMs).toBeLessThan(ACCEPTED_WITHIN_MS);
    }
    // The last one may have met the database again.
    for (const { status, retryAfter, elapsedMs } of [...seen.keyed.slice(0, -1), ...seen.reads.slice(0, -1)]) {
      expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: '5' });
      expect(elapsedMs).toBeLessThan(REFUSED_WITHIN_MS);
    }

    await until('it is ready again', async () => (await call(`${url}/readyz`)).status === 200, 30_000);
    await load.finishCut(url);
    const keyed: string[] = [];
    const message = { to: '+13125550142', list_number: LIST_NUMBER, body: 'While the database is away' };
    for (const turn of seen.keyed.keys()) {
      const repeated = await call(`${url}/api/v2/send`, { body: message, idempotencyKey: `away-${turn}` });
      expect(repeated.status).toBe(201);
      keyed.push(repeated.json.message_id ?? '');
    }

    const probed = [...seen.singles, ...seen.bulks].flatMap(({ json }) => json.message_ids ?? [json.message_id ?? '']);
    const promised = [...load.ids(), ...probed, ...keyed, ...pending];
    expect(new Set(promised).size).toBe(promised.length);
    const states = await load.readStates(url, (state) => RESTING.includes(state));
    for (const id of [...probed, ...keyed, ...pending]) {
      await until(
        `${id} has come to rest`,
        async () => {
          states.set(id, (await call(`${url}/api/v2/messages/${id}`)).json.state ?? '');
          return RESTING.includes(states.get(id) ?? '');
        },
        90_000,
      );
    }
    const told = pending.slice(0, seen.receipts.length);
    await until('every receipt has arrived', async () => {
      const answers = await Promise.all(told.map((id) => call(`${url}/api/v2/messages/${id}`)));
      return answers.every(({ json }) => json.state === 'delivered');
    });
    expect(await countMessages(url)).toBe(promised.length);

    const ledger = await load.readLedger(url);
    expect(ledger.totals.doubles).toBe(0);
    const submitted = new Set(ledger.submits.map((row) => row.message_id));
    const unseen = [...states].filter(([id, state]) => ON_THE_WIRE.includes(state) && !submitted.has(id));
    expect(unseen).toEqual([]);
    const { checks } = await readJson<{ checks: { name: string; ok: boolean }[] }>(['doctor', '--recount'], env);
    expect(checks.filter((check) => check.name === 'books' || check.name === 'log')).toMatchObject([
      { name: 'log', ok: true },
      { name: 'books', ok: true },
    ]);

    const doubts = [...states.values()].filter((state) => state === 'in_doubt').length;
    const refused = Math.max(...[...seen.keyed, ...seen.reads].map(({ elapsedMs }) => elapsedMs));
    expect((await server.stop()).code).toBe(0);
    recordSafety({
      promise: 'the database may be away',
      faults: `the embedded PostgreSQL ${name} while messages and receipts come in`,
      rounds: 1,
      seen:
        `${promised.length} messages promised, all found, ${doubts} in doubt; ${seen.receipts.length} receipts applied; ` +
        `keyed sends and reads refused within ${Math.round(refused)} ms; no double; books balance`,
    });
  },
  240_000,
);
