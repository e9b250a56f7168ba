import { expect } from 'vitest';
import { type Env, readJson } from '../../../cli/test/helpers/run-cli.ts';
import type { Limits } from '../../src/app/limits.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { callApi, idsOf } from './api-call.ts';
import { expectSettled } from './doubts-settle.ts';
import type { FaultyPostgres } from './faulty-postgres.ts';
import { readMetric, readStates } from './message-judge.ts';
import { AWAY_MESSAGE, type Fault, probe, type Seen } from './outage.ts';
import { createSendLoad } from './send-load.ts';
import { liftRate, startServer } from './server-process.ts';
import { until } from './until.ts';

/** Nobody who needs the database waits longer for the news that it is away. */
const REFUSED_WITHIN_MS = 9_500;
/** What does not need it is answered as always. */
const ACCEPTED_WITHIN_MS = 3_000;
const RECEIPTS = 40;
/** The list of a new installation. */
const LIST_NUMBER = '+18005551000';
const ENOUGH = 4_000;
const MAX_SETTLING_MS = 120_000;

export interface OutageTrial {
  readonly env: Env;
  readonly key: string;
  readonly limits?: Limits;
  readonly postgres: FaultyPostgres;
  readonly fault: Fault;
  readonly seconds: number;
  /** Whether what is accepted needs the database: a log in it does. */
  readonly logIsAway: boolean;
}

/**
 * A server whose database goes away while sends and receipts come in, judged by what it answered and by the carrier's
 * ledger. Resolves with what was seen, in words.
 */
export async function tryOutage(trial: OutageTrial): Promise<string> {
  const { env, key, postgres, fault } = trial;
  await using server = await startServer(env, trial.limits);
  const { url } = server;
  await liftRate(env);
  const account = (await callApi(`${url}/api/v2/whoami`, { key })).json.account?.id ?? '';
  const pending = await sendPending(url, key);

  const load = createSendLoad({ key, random: createSeededRandom(fault.name), senders: 2 });
  load.start(url);
  await until('messages are on their way', () => load.accepted() >= 200, 30_000);
  const outage = AbortSignal.timeout(trial.seconds * 1_000);
  const { over } = await fault.takeAway(postgres, outage);
  const [seen] = await Promise.all([
    probe(url, { key, account, pending }, outage),
    until('it says that it is not ready', async () => (await fetch(`${url}/readyz`)).status === 503),
    until('enough is sent', () => outage.aborted || load.accepted() >= ENOUGH, trial.seconds * 2_000).then(() =>
      load.stop(),
    ),
  ]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await over;
  expectAnswers(seen, trial.logIsAway);

  await until('it is ready again', async () => (await fetch(`${url}/readyz`)).status === 200, 60_000);
  await load.finishCut(url);
  const keyed: string[] = [];
  for (const turn of seen.keyed.keys()) {
    const repeated = await callApi(`${url}/api/v2/send`, { key, body: AWAY_MESSAGE, idempotencyKey: `away-${turn}` });
    expect(repeated.status).toBe(201);
    keyed.push(...idsOf(repeated));
  }

  const probed = [...seen.singles, ...seen.bulks].flatMap(idsOf);
  const promised = [...load.ids(), ...probed, ...keyed, ...pending];
  const { states, doubts, again } = await expectSettled(
    { url, key },
    promised,
    await postgres.connection(),
    MAX_SETTLING_MS,
  );
  const told = seen.receipts.map(({ status }, turn) => (status === 200 ? pending[turn % pending.length] : undefined));
  for (const id of new Set(told)) if (id !== undefined) expect({ id, state: states.get(id) }).toMatchObject(DELIVERED);
  // With the log away a refused send can have been stored all the same: the answer to its commit was lost.
  const accepted = (await readMetric(url, 'trackly_messages')).get('accepted') ?? 0;
  const refused = trial.logIsAway ? countRefused(seen) + load.refused() : 0;
  expect(accepted).toBeGreaterThanOrEqual(promised.length);
  expect(accepted).toBeLessThanOrEqual(promised.length + refused);

  const { checks } = await readJson<{ checks: { name: string; ok: boolean }[] }>(['doctor', '--recount'], env);
  expect(checks.filter((check) => check.name === 'books' || check.name === 'log')).toMatchObject([
    { name: 'log', ok: true },
    { name: 'books', ok: true },
  ]);
  expect((await server.stop()).code).toBe(0);
  const refusals = trial.logIsAway
    ? `${refused} messages refused, ${accepted - promised.length} of these stored all the same; `
    : '';
  const slowestMs = Math.max(...[...seen.keyed, ...seen.reads].map(({ elapsedMs }) => elapsedMs));
  return (
    `${promised.length} messages promised, all found, ${doubts} were in doubt and settled` +
    `${again === 0 ? '' : ` (${again} that the carrier had refused went there again)`}; ` +
    `${told.filter((id) => id !== undefined).length} receipts taken, all applied; ` +
    refusals +
    `keyed sends and reads refused within ${Math.round(slowestMs)} ms; no double; books balance`
  );
}

const DELIVERED = { state: 'delivered' };

/** Messages that the carrier took and says no more about. */
async function sendPending(url: string, key: string): Promise<string[]> {
  const messages = Array.from({ length: RECEIPTS }, (_, index) => ({
    to: `+13125${String(index).padStart(2, '0')}0159`,
    list_number: LIST_NUMBER,
    body: 'Waits for its receipt',
  }));
  const ids = idsOf(await callApi(`${url}/api/v2/send/bulk`, { key, body: { messages } }));
  expect(ids).toHaveLength(RECEIPTS);
  await readStates({ url, key }, ids, (state) => state === 'sent');
  return ids;
}

function expectAnswers(seen: Seen, logIsAway: boolean): void {
  const sends = [...seen.singles, ...seen.bulks];
  // The last ones may have met the database again.
  const away = [...seen.keyed.slice(0, -1), ...seen.reads.slice(0, -1)];
  if (logIsAway) {
    expect(countRefused(seen)).toBeGreaterThan(0);
    away.push(...seen.singles.slice(0, -1), ...seen.bulks.slice(0, -1), ...seen.receipts.slice(0, -1));
  } else {
    expect(seen.receipts.length).toBeGreaterThan(5);
    for (const { status, elapsedMs } of sends) {
      expect(status).toBe(201);
      expect(elapsedMs).toBeLessThan(ACCEPTED_WITHIN_MS);
    }
    for (const { status, elapsedMs } of seen.receipts) {
      expect(status).toBe(200);
      expect(elapsedMs).toBeLessThan(ACCEPTED_WITHIN_MS);
    }
  }
  for (const { status, retryAfter, elapsedMs } of away) {
    expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: '5' });
    expect(elapsedMs).toBeLessThan(REFUSED_WITHIN_MS);
  }
}

/** Messages, at most. */
function countRefused({ singles, bulks }: Seen): number {
  const refused = (answers: Seen['singles']): number => answers.filter(({ status }) => status !== 201).length;
  return refused(singles) + 3 * refused(bulks);
}
