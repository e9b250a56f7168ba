import { expect, test } from 'vitest';
import { makeDataFolder, readJson } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { chooseSeed, isLong, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

const KILLS = isLong ? 50 : 5;
const KEY = 'trk_of_a_server_that_is_killed';
/** Beyond these nothing happens without a receipt or a long time. */
const RESTING = ['sent', 'in_doubt', 'delivered', 'undelivered', 'failed', 'dropped'];
const ON_THE_WIRE = ['sent', 'delivered', 'undelivered'];

/**
 * The promise: what was answered with 201 is accounted for, no message goes to the carrier twice, and the books balance,
 * however the process ends. `SEED=` repeats the sends and the moments of a run as far as the machine allows.
 */
test(
  'a server that is killed again and again loses nothing and sends nothing twice',
  async () => {
    const seed = chooseSeed();
    const random = createSeededRandom(seed);
    await using folder = await makeDataFolder();
    const env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
    const load = createSendLoad({ key: KEY, random });
    for (let kill = 0; kill < KILLS; kill++) {
      const server = await startServer(env);
      const enough = load.accepted() + 20 + Math.floor(random() * 1_500);
      load.start(server.url);
      await until('some more messages are accepted', () => load.accepted() >= enough, 30_000);
      await server.crash();
      await load.stop();
    }

    await using server = await startServer(env);
    await load.finishCut(server.url);
    const ids = load.ids();
    expect(new Set(ids).size).toBe(ids.length);

    const states = await load.readStates(server.url, (state) => RESTING.includes(state));
    const ledger = await load.readLedger(server.url);
    expect(ledger.totals.doubles).toBe(0);
    expect(ledger.submits.filter((row) => row.count > 1)).toEqual([]);
    const submitted = new Set(ledger.submits.map((row) => row.message_id));
    const unseen = [...states].filter(([id, state]) => ON_THE_WIRE.includes(state) && !submitted.has(id));
    expect(unseen).toEqual([]);

    const { checks } = await readJson<{ checks: { name: string; ok: boolean }[] }>(['doctor', '--recount'], env);
    expect(checks.filter((check) => check.name === 'books' || check.name === 'log')).toMatchObject([
      { name: 'log', ok: true },
      { name: 'books', ok: true },
    ]);
    const doubts = [...states.values()].filter((state) => state === 'in_doubt').length;
    recordSafety({
      promise: 'a killed process loses nothing and sends nothing twice',
      faults: 'SIGKILL at random moments of sending',
      rounds: KILLS,
      seed,
      seen: `${ids.length} messages promised, all found; ${doubts} in doubt; no double; books balance`,
    });
  },
  KILLS * 24_000,
);
