import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { checkBooks } from '../../src/messages/index.ts';
import { MESSAGE_STATES } from '../../src/pipeline/message-state.ts';
import type { Pool } from '../../src/store/pool.ts';
import { chooseRounds, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { liftRate, startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_server_that_is_stopped';
const LIMIT_MS = 10_000;
const STOPS = chooseRounds(2, 20);

async function count(pool: Pool, sql: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(sql);
  return Number(rows[0]?.count);
}

/** The promise: a server that is asked to stop while it works leaves no lease and no mark, and the next one goes on. */
test(
  'a server that is stopped under load leaves nothing behind',
  async () => {
    await using database = await createTestDatabase();
    await using folder = await makeDataFolder();
    const env = { ...useDatabase(database), TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
    const { pool } = database;
    const digits = ['0142', '0143', '0150', '0152', '0155', '0161', '0164'];
    const load = createSendLoad({ key: KEY, random: createSeededRandom('stop'), digits });
    let longestMs = 0;
    let caught = 0;
    for (let stop = 1; stop <= STOPS; stop++) {
      await using server = await startServer(env);
      if (stop === 1) await liftRate(env);
      load.start(server.url);
      const enough = load.accepted() + 1_000;
      await until('messages are on their way', () => load.accepted() >= enough, 30_000);
      const onTheWire = 'select coalesce(sum(cardinality(numbers)), 0) as count from submission';
      await until('some are on the wire', async () => (await count(pool, onTheWire)) > 0, 30_000);
      caught += await count(pool, onTheWire);
      const startMs = performance.now();
      const { code, stderr } = await server.stop();
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      longestMs = Math.max(longestMs, performance.now() - startMs);
      expect(longestMs).toBeLessThan(LIMIT_MS);
      await load.stop();
      expect(await count(pool, 'select count(*) from submission')).toBe(0);
      const unsettled = [MESSAGE_STATES.submitting, MESSAGE_STATES.in_doubt];
      const open = `select count(*) from message where state in (${unsettled.join(', ')})`;
      expect(await count(pool, open)).toBe(0);
      const leased = `select count(*) from outbound_batch where lease_until_ms > ${Date.now()}`;
      expect(await count(pool, leased)).toBe(0);
      const shares = `select count(*) from partition_lease where until_ms > ${Date.now()}`;
      expect(await count(pool, shares)).toBe(0);
    }

    await using server = await startServer(env);
    await load.finishCut(server.url);
    const final = ['delivered', 'undelivered', 'failed'];
    const states = await load.readStates(server.url, (state) => final.includes(state));
    expect(states.size).toBe(load.ids().length);
    expect((await load.readLedger(server.url)).totals.doubles).toBe(0);
    for (const books of await checkBooks(pool, { recount: true })) {
      expect(books).toMatchObject({ difference: 0, miscounted: [] });
    }
    expect((await server.stop()).code).toBe(0);
    recordSafety({
      promise: 'a server that is asked to stop leaves nothing behind',
      faults: 'SIGTERM under load',
      rounds: STOPS,
      seed: 'stop',
      seen: `${states.size} messages promised, all final; ${caught} of them on the wire when the signal came; nothing in doubt; exit 0 within ${Math.ceil(longestMs)} ms`,
    });
  },
  STOPS * 60_000,
);
