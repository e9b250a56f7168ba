import { expect, test } from 'vitest';
import { makeDataFolder, readJson } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { expectSettled } from '../helpers/doubts-settle.ts';
import { embeddedPostgresOf } from '../helpers/faulty-postgres.ts';
import { readLedger, readMetric } from '../helpers/message-judge.ts';
import { createReceiptLoad } from '../helpers/receipt-load.ts';
import { chooseRounds, chooseSeed, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { liftRate, startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

const KILLS = chooseRounds(10, 50);
const KEY = 'trk_of_a_server_that_is_killed';
const RECEIPTS = 40;

/** What is under way when the process dies. Everything else is under way too. */
const MOMENTS = ['intake', 'landing', 'dispatch and submit', 'receipts'] as const;

async function isNow(moment: (typeof MOMENTS)[number], url: string, submitsBefore: number): Promise<boolean> {
  if (moment === 'intake') return true;
  if (moment === 'dispatch and submit') {
    const answer = await fetch(`${url}/simulator/ledger?limit=1`);
    return ((await answer.json()) as { totals: { submits: number } }).totals.submits > submitsBefore;
  }
  const entries = await readMetric(url, 'trackly_log_entries');
  return (entries.get(moment === 'landing' ? 'outbound' : 'events') ?? 0) > 0;
}

/**
 * The promise: what was answered with 201 is accounted for, no message goes to the carrier twice, receipts that were taken
 * take effect, what nobody can know is shown as in doubt and settles by asking the carrier, and the books balance, however
 * the process ends. `SEED=` repeats the sends and the moments of a run as far as the machine allows.
 */
test(
  'a server that is killed again and again loses nothing and sends nothing twice',
  async () => {
    const seed = chooseSeed();
    const random = createSeededRandom(seed);
    await using folder = await makeDataFolder();
    const env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
    const load = createSendLoad({ key: KEY, random });
    const receipts = createReceiptLoad({ key: KEY });
    const caught = new Map<string, number>();
    for (let kill = 0; kill < KILLS; kill++) {
      const server = await startServer(env);
      const { url } = server;
      if (kill === 0) await liftRate(env);
      await receipts.prepare(url, RECEIPTS);
      const { submits } = (await readLedger(url)).totals;
      const enough = load.accepted() + 20 + Math.floor(random() * 400);
      load.start(url);
      receipts.start(url);
      await until('some more messages are accepted', () => load.accepted() >= enough, 30_000);
      const moment = MOMENTS[kill % MOMENTS.length] ?? 'intake';
      let isCaught = false;
      await until(
        `there is ${moment}`,
        async () => {
          isCaught = await isNow(moment, url, submits);
          return isCaught || load.accepted() >= enough + 1_000;
        },
        30_000,
      );
      if (isCaught) caught.set(moment, (caught.get(moment) ?? 0) + 1);
      const endMs = performance.now() + random() * 50;
      await until('the moment has come', () => performance.now() >= endMs);
      await server.crash();
      await load.stop();
      await receipts.stop();
    }

    await using server = await startServer(env);
    const { url } = server;
    await load.finishCut(url);
    const ids = [...load.ids(), ...receipts.ids()];
    const database = await embeddedPostgresOf(folder.path).connection();
    const { states, doubts, again } = await expectSettled({ url, key: KEY }, ids, database);
    for (const id of receipts.told()) expect({ id, state: states.get(id) }).toEqual({ id, state: 'delivered' });

    const { checks } = await readJson<{ checks: { name: string; ok: boolean }[] }>(['doctor', '--recount'], env);
    expect(checks.filter((check) => check.name === 'books' || check.name === 'log')).toMatchObject([
      { name: 'log', ok: true },
      { name: 'books', ok: true },
    ]);
    const moments = MOMENTS.map((moment) => `${moment} ${caught.get(moment) ?? 0}`).join(', ');
    recordSafety({
      promise: 'a killed process loses nothing and sends nothing twice',
      faults: `SIGKILL at random moments of ${MOMENTS.join(', ')}`,
      rounds: KILLS,
      seed,
      seen: `${ids.length} messages promised, all found; killed in ${moments}; ${doubts} were in doubt, all settled by look-up, ${again} that the carrier had refused went there again; ${receipts.told().length} receipts taken, all applied; no double; books balance`,
    });
  },
  30_000 + KILLS * 24_000,
);
