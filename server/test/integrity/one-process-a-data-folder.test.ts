import { expect, test } from 'vitest';
import { makeDataFolder, runCli } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { chooseRounds, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_two_servers_on_one_folder';
const ROUNDS = chooseRounds(2, 10);
const AT_ONCE = 3;
const DIGITS = ['0142', '0143', '0161'];

/**
 * The promise: a data folder is one process's. Others refuse to start with one clear sentence, whatever database they
 * have, and the first does not notice; when it is killed, the next one starts at once.
 */
test(
  'a second process on a data folder is refused and harms nothing, and a killed one leaves no lock',
  async () => {
    await using folder = await makeDataFolder();
    await using database = await createTestDatabase();
    const env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY, PORT: '0' };
    const load = createSendLoad({ key: KEY, random: createSeededRandom('two'), digits: DIGITS, senders: 2 });
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await using first = await startServer(env);
      load.start(first.url);
      const others = await Promise.all([
        ...Array.from({ length: AT_ONCE }, () => runCli(['up'], env)),
        runCli(['up'], { ...env, ...useDatabase(database) }),
      ]);
      for (const other of others) {
        const sentence = `The data folder ${folder.path} is in use by process ${first.pid}\n`;
        expect(other).toEqual({ code: 1, stdout: '', stderr: sentence });
        refused++;
      }
      const enough = load.accepted() + 100;
      await until('the first goes on', () => load.accepted() >= enough);
      await load.stop();
      await first.crash();
    }

    await using server = await startServer(env);
    await load.finishCut(server.url);
    const states = await load.readStates(server.url, (state) => ['delivered', 'in_doubt'].includes(state));
    const ledger = await load.readLedger(server.url);
    expect(ledger.totals.doubles).toBe(0);
    const submitted = new Set(ledger.submits.map((row) => row.message_id));
    expect([...states].filter(([id, state]) => state === 'delivered' && !submitted.has(id))).toEqual([]);
    expect((await server.stop()).code).toBe(0);
    recordSafety({
      promise: 'one process a data folder',
      faults: 'further processes start on the folder of one that is sending; then that one is killed',
      rounds: ROUNDS,
      seen: `${refused} refused in one sentence with exit code 1; ${states.size} messages promised, all found; no double; each next start took over at once`,
    });
  },
  30_000 + ROUNDS * 30_000,
);
