import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { expectSettled } from '../helpers/doubts-settle.ts';
import { embeddedPostgresOf, type FaultyPostgres, startOwnPostgres } from '../helpers/faulty-postgres.ts';
import { chooseRounds, isLong, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { liftRate, startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_server_stopped_without_database';
/** Ten seconds, and what the end of the process itself takes. */
const LIMIT_MS = 11_000;
const ROUNDS = chooseRounds(1, 3);
/** So that the next server soon has the lists of one that could not give them back. */
const LIMITS = { workLeaseMs: 5_000, shareLeaseMs: 3_000 };

const PLACES = [
  { place: 'embedded', log: 'lmdb' },
  ...(isLong ? [{ place: 'of DATABASE_URL', log: 'lmdb' }] : []),
  { place: 'of DATABASE_URL', log: 'postgres' },
];

/**
 * The promise: a server that is asked to stop while its database does not answer ends within its time, with exit code 1
 * and one line that says why; what it accepted is there after the next start, and what was under way is settled.
 */
test.each(PLACES)(
  'a server that is asked to stop while the database $place does not answer loses nothing with the log $log',
  async ({ place, log }) => {
    await using folder = await makeDataFolder();
    await using own = place === 'embedded' ? undefined : await startOwnPostgres();
    const postgres: FaultyPostgres = own ?? embeddedPostgresOf(folder.path);
    const env = { ...own?.env, LOG: log, TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
    const load = createSendLoad({ key: KEY, random: createSeededRandom(place) });
    let longestMs = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await using server = await startServer(env, LIMITS);
      if (round === 0) await liftRate(env);
      load.start(server.url);
      const enough = load.accepted() + 500;
      await until('messages are on their way', () => load.accepted() >= enough, 30_000);
      expect(await postgres.signal('SIGSTOP')).toBeGreaterThan(5);
      const startMs = performance.now();
      const { code, stderr } = await server.stop();
      longestMs = Math.max(longestMs, performance.now() - startMs);
      await postgres.signal('SIGCONT');
      await load.stop();
      expect(code).toBe(1);
      expect(stderr).toContain('ended without closing everything, because the database did not answer in time');
      expect(longestMs).toBeLessThan(LIMIT_MS);
    }

    await using server = await startServer(env, LIMITS);
    await load.finishCut(server.url);
    const { doubts, states } = await expectSettled(
      { url: server.url, key: KEY },
      load.ids(),
      await postgres.connection(),
    );
    expect((await server.stop()).code).toBe(0);
    recordSafety({
      promise: 'stopping without the database loses nothing',
      faults: `SIGTERM under load while the database ${place} is stopped, LOG=${log}`,
      rounds: ROUNDS,
      seed: place,
      seen: `${states.size} messages promised, all found, ${doubts} were in doubt and settled; no double; exit 1 with one line after ${(longestMs / 1_000).toFixed(1)} s`,
    });
  },
  60_000 + ROUNDS * 60_000,
);
