import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { createListWithin } from '../../src/lists/index.ts';
import { checkBooks } from '../../src/messages/index.ts';
import type { Pool } from '../../src/store/pool.ts';
import { withTransaction } from '../../src/store/transaction.ts';
import { chooseRounds, chooseSeed, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { type ServerProcess, startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_servers_that_are_paused';
const SECRET = Buffer.alloc(32, 7).toString('base64');
const PAUSES = chooseRounds(2, 20);
const LIMITS = { workLeaseMs: 1_500, shareLeaseMs: 1_500 };
/** Of the demo list and of those that the test adds: enough for both processes to have some. */
const LIST_NUMBERS = Array.from({ length: 12 }, (_, index) => `+1800555${1000 + index}`);
/** Delivered by an ordinary receipt, by two, and by one that comes before the answer. */
const DIGITS = ['0142', '0143', '0160', '0161'];

async function count(pool: Pool, sql: string, ...values: unknown[]): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(sql, values);
  return Number(rows[0]?.count);
}

async function addLists(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ accountId: string }>('select account_id as "accountId" from list limit 1');
  const accountId = rows[0]?.accountId ?? '';
  for (const number of LIST_NUMBERS.slice(1)) {
    const list = { accountId, number, type: 'simulator', name: number };
    await withTransaction(pool, (transaction) => createListWithin(transaction, list, Date.now()));
  }
}

async function workerOf(pool: Pool, { pid }: ServerProcess): Promise<number> {
  return await count(pool, 'select id as count from worker where pid = $1 order by id desc limit 1', pid);
}

/** Nothing is left that the paused worker holds a valid lease on, and the other has all lists. */
async function isTakenOver(pool: Pool, paused: number, other: number): Promise<boolean> {
  const shares = 'select count(*) from partition_lease where kind = $1 and worker_id = $2';
  return (
    (await count(pool, shares, 'lists', other)) === 64 &&
    (await count(pool, 'select count(*) from submission where worker_id = $1', paused)) === 0 &&
    (await count(pool, 'select count(*) from outbound_batch where worker_id = $1', paused)) === 0
  );
}

/** The promise: who was paused past its leases writes nothing stale afterwards, and its work was done once by the other. */
test(
  'a worker that is paused past its leases is fenced out',
  async () => {
    const seed = chooseSeed();
    await using database = await createTestDatabase();
    await using firstFolder = await makeDataFolder();
    await using secondFolder = await makeDataFolder();
    const env = { ...useDatabase(database), LOG: 'postgres', TRACKLY_API_KEY: KEY, TRACKLY_SECRET_KEY: SECRET };
    const { pool } = database;
    await using first = await startServer({ ...env, TRACKLY_DATA_DIR: firstFolder.path }, LIMITS);
    await addLists(pool);
    await using second = await startServer({ ...env, TRACKLY_DATA_DIR: secondFolder.path }, LIMITS);
    const workers = [
      { server: first, id: await workerOf(pool, first) },
      { server: second, id: await workerOf(pool, second) },
    ];
    const shares = `select count(*) from partition_lease where kind = 'lists' and worker_id = $1 and until_ms > $2`;
    const hasShare = async (id: number): Promise<boolean> => (await count(pool, shares, id, Date.now())) === 32;
    const bothWork = async (): Promise<boolean> => {
      for (const { id } of workers) if (!(await hasShare(id))) return false;
      return true;
    };
    await until('the lists are shared out', bothWork);

    const load = createSendLoad({
      key: KEY,
      random: createSeededRandom(seed),
      digits: DIGITS,
      listNumbers: LIST_NUMBERS,
      senders: 4,
    });
    let caught = 0;
    const marked = 'select count(*) from submission where worker_id = $1';
    for (let pause = 0; pause < PAUSES; pause++) {
      // Whoever was there while the other was away has kept the low partitions, where all lists are.
      const [paused, other] = pause % 2 === 0 ? [workers[0], workers[1]] : [workers[1], workers[0]];
      if (paused === undefined || other === undefined) throw new Error('there are two workers');
      load.start(other.server.url);
      const enough = load.accepted() + 600;
      await until('the worker is sending', async () => (await count(pool, marked, paused.id)) > 0);
      paused.server.pause();
      caught += await count(pool, marked, paused.id);
      await until('more is accepted meanwhile', () => load.accepted() >= enough, 20_000);
      await load.stop();
      await until('the other has taken over', () => isTakenOver(pool, paused.id, other.id), 20_000);
      paused.server.resume();
      await until('the lists are shared out again', bothWork, 20_000);
    }
    await load.finishCut(second.url);

    const final = ['delivered', 'in_doubt'];
    let states = await load.readStates(second.url, (state) => final.includes(state));
    expect(states.size).toBe(load.ids().length);
    const ledgers = [await load.readLedger(first.url), await load.readLedger(second.url)];
    const submits = new Map<string, number>();
    for (const { message_id: id, count: times } of ledgers.flatMap((ledger) => ledger.submits)) {
      submits.set(id, (submits.get(id) ?? 0) + times);
    }
    expect([...submits].filter(([, times]) => times > 1)).toEqual([]);
    // A doubt that stays is one of a message that never left: everything that left has a receipt.
    await until('the receipts of what left have come', async () => {
      states = await load.readStates(second.url, (state) => final.includes(state));
      return [...states].every(([id, state]) => state === 'delivered' || !submits.has(id));
    });
    const delivered = [...states].filter(([, state]) => state === 'delivered');
    expect(delivered.filter(([id]) => !submits.has(id))).toEqual([]);
    const doubts = [...states].filter(([, state]) => state === 'in_doubt');
    for (const books of await checkBooks(pool, { recount: true })) {
      expect(books).toMatchObject({ difference: 0, miscounted: [] });
    }
    recordSafety({
      promise: 'a paused worker is fenced out',
      faults: 'SIGSTOP of one of two processes in the middle of sending, past its leases',
      rounds: PAUSES,
      seed,
      seen: `${states.size} messages promised; ${caught} submits caught under way; ${doubts.length} messages in doubt that never left; no double in both ledgers; books balance`,
    });
  },
  PAUSES * 60_000,
);
