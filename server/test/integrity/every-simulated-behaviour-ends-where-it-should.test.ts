import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { createListWithin } from '../../src/lists/index.ts';
import { checkBooks } from '../../src/messages/index.ts';
import { SOURCES } from '../../src/pipeline/batch.ts';
import { toMessageState } from '../../src/pipeline/message-state.ts';
import type { Pool } from '../../src/store/pool.ts';
import { withTransaction } from '../../src/store/transaction.ts';
import { isLong, recordSafety } from '../helpers/safety-record.ts';
import { startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_carrier_that_behaves_badly';
const LIST_NUMBER = '+18005551000';
/** Refuses connections, which keeps its whole list waiting: it has a list of its own. */
const REFUSING = '0169';
const REFUSING_LIST_NUMBER = '+18005551001';
const MESSAGES = 10_000;

/** Where a message to a number with these last digits ends, in the short form after 20 to 30 seconds. */
const ENDS: Readonly<Record<string, string>> = {
  '0142': 'delivered',
  '0150': 'failed',
  '0151': 'failed',
  '0152': 'delivered',
  // Its receipt comes before anybody has given up on the answer.
  '0153': 'delivered',
  '0154': 'in_doubt',
  '0155': 'undelivered',
  '0156': 'undelivered',
  '0157': 'undelivered',
  '0158': 'undelivered',
  '0159': 'sent',
  '0160': 'delivered',
  '0161': 'delivered',
  '0162': 'delivered',
  '0163': 'undelivered',
  '0164': 'delivered',
  '0165': 'delivered',
  '0166': 'delivered',
  '0167': 'delivered',
  // The look-up after 30 s finds it, and its receipt comes after a minute.
  '0168': isLong ? 'delivered' : 'in_doubt',
  [REFUSING]: 'delivered',
};
const TESTED = Object.keys(ENDS).filter((digits) => isLong || digits !== REFUSING);

async function addList(pool: Pool, number: string): Promise<void> {
  const { rows } = await pool.query<{ accountId: string }>('select account_id as "accountId" from list limit 1');
  const list = { accountId: rows[0]?.accountId ?? '', number, type: 'simulator', name: number };
  await withTransaction(pool, (transaction) => createListWithin(transaction, list, Date.now()));
}

async function knowsList(url: string, number: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/v2/lists`, { headers: { 'X-Api-Key': KEY } });
  return (await answer.text()).includes(`"${number}"`);
}

function toMessage(index: number): object {
  const digits = TESTED[index % TESTED.length] ?? '';
  const no = Math.floor(index / TESTED.length);
  return {
    to: `+1${312 + Math.floor(no / 700)}${200 + (no % 700)}${digits}`,
    skip_rate_limit: true,
    list_number: digits === REFUSING ? REFUSING_LIST_NUMBER : LIST_NUMBER,
    // Two parts for the handset whose second part fails.
    body: digits === '0163' ? `No. ${index} ${'long '.repeat(40)}` : `No. ${index}`,
  };
}

async function sendAll(url: string): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < MESSAGES; at += 1_000) {
    const answer = await fetch(`${url}/api/v2/send/bulk`, {
      method: 'POST',
      headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
      body: JSON.stringify({ messages: Array.from({ length: 1_000 }, (_, index) => toMessage(at + index)) }),
    });
    const { errors, message_ids } = (await answer.json()) as { errors: unknown[]; message_ids: string[] };
    expect([answer.status, errors]).toEqual([201, []]);
    ids.push(...message_ids);
  }
  return ids;
}

/** How many messages of ours are in which state, by the last digits of their numbers; answers to replies are not counted. */
async function countEnds(pool: Pool): Promise<Map<string, Record<string, number>>> {
  const { rows } = await pool.query<{ digits: string; state: number; count: number }>(
    `select right(phone::text, 4) as digits, state, count(*) from message where source <> $1 group by 1, 2`,
    [SOURCES.system],
  );
  const ends = new Map<string, Record<string, number>>();
  for (const { digits, state, count } of rows) {
    ends.set(digits, { ...ends.get(digits), [toMessageState(state)]: count });
  }
  return ends;
}

function expectedEnds(): Map<string, Record<string, number>> {
  const ends = new Map<string, Record<string, number>>();
  for (let index = 0; index < MESSAGES; index++) {
    const digits = TESTED[index % TESTED.length] ?? '';
    const state = ENDS[digits] ?? '';
    ends.set(digits, { [state]: (ends.get(digits)?.[state] ?? 0) + 1 });
  }
  return ends;
}

/** The promise: whatever the carrier does, each message ends in the state that its behaviour calls for. */
test('every simulated behaviour ends where it should', async () => {
  await using database = await createTestDatabase();
  await using folder = await makeDataFolder();
  await using server = await startServer({
    ...useDatabase(database),
    TRACKLY_DATA_DIR: folder.path,
    TRACKLY_API_KEY: KEY,
  });
  const { pool } = database;
  if (isLong) {
    await addList(pool, REFUSING_LIST_NUMBER);
    await until('the server knows the list', () => knowsList(server.url, REFUSING_LIST_NUMBER));
  }
  const ids = await sendAll(server.url);
  expect(new Set(ids).size).toBe(MESSAGES);
  const expected = expectedEnds();
  let ends = await countEnds(pool);
  const isThere = async (): Promise<boolean> => {
    ends = await countEnds(pool);
    return [...expected].every(([digits, states]) => {
      return Object.entries(states).every(([state, count]) => ends.get(digits)?.[state] === count);
    });
  };
  await until('all have ended', isThere, isLong ? 200_000 : 40_000).catch(() => {});
  expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(expected));

  const ledger = (await (await fetch(`${server.url}/simulator/ledger?limit=100000`)).json()) as {
    submits: { message_id: string; count: number }[];
    totals: { doubles: number };
  };
  expect(ledger.totals.doubles).toBe(0);
  const submits = new Map(ledger.submits.map((row) => [row.message_id, row.count]));
  // A submit that was throttled or never connected is none.
  expect(ids.filter((id) => submits.get(id) !== 1)).toEqual([]);
  for (const books of await checkBooks(pool, { recount: true })) {
    expect(books).toMatchObject({ difference: 0, miscounted: [] });
  }
  recordSafety({
    promise: 'every simulated behaviour ends where it should',
    faults: `${TESTED.length} behaviours of the carrier at once, ${MESSAGES} messages`,
    rounds: 1,
    seen: 'each message in the state that its behaviour calls for; no double; books balance',
  });
}, 300_000);
