import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataFolder, readJson } from '../../../cli/test/helpers/run-cli.ts';
import { startTwin, type Twin, type TwinType } from '../../src/carriers/index.ts';
import { checkBooks } from '../../src/messages/index.ts';
import { toMessageState } from '../../src/pipeline/message-state.ts';
import type { Pool } from '../../src/store/pool.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

/** A carrier a row: how its receipts are addressed, and whether it can be asked about messages in doubt. */
interface Row {
  readonly type: TwinType;
  /** Where the operator lets the carrier call, below the public address. */
  readonly callbackPath: (accountId: string) => string;
  /** In-doubt messages are found by asking, before their receipts come. */
  readonly looksUp: boolean;
  /** One message a request, so that none shares the fate of another. */
  readonly alone: boolean;
  /** On top of the twin's. */
  readonly credentials?: Readonly<Record<string, unknown>>;
  /** Other counts than those of MIX, by last digits. */
  readonly mix?: Readonly<Record<string, number>>;
}

const ROWS: readonly Row[] = [
  { type: 'twilio', callbackPath: (id) => `/api/webhook-feedbacks/twilio?account=${id}`, looksUp: true, alone: true },
  {
    type: 'infobip',
    callbackPath: (id) => `/api/webhook-feedbacks/infobip/twin-callback-secret?account=${id}`,
    looksUp: true,
    alone: false,
  },
  {
    type: 'cm',
    callbackPath: (id) => `/api/webhook-feedbacks/cm/cm-twin-secret?account=${id}`,
    looksUp: false,
    alone: false,
  },
  {
    type: 'http',
    callbackPath: (id) => `/api/webhook-feedbacks/http/http-twin-secret?account=${id}`,
    looksUp: false,
    alone: true,
  },
  { type: 'telnyx', callbackPath: (id) => `/api/webhook-feedbacks/telnyx?account=${id}`, looksUp: false, alone: true },
  {
    type: 'smpp',
    callbackPath: () => '/',
    looksUp: false,
    alone: true,
    credentials: { window: 50, response_timeout_s: 3, enquire_link_s: 2 },
    // Here a lost answer takes its session along. Instead: reordered answers, and answers in single octets.
    mix: { '0169': 2, '0175': 9, '0176': 9 },
  },
];

const KEY = 'trk_of_the_whole_path';
const LIST_NUMBER = '+18445550111';

/** Last digits of recipients with how many of 1,000 have them, in the order in which they are sent. */
const MIX: readonly (readonly [digits: string, count: number])[] = [
  ['0142', 300],
  ['0160', 120],
  ['0150', 50],
  ['0151', 50],
  ['0155', 50],
  ['0156', 50],
  ['0157', 30],
  ['0158', 50],
  ['0161', 50],
  ['0162', 50],
  ['0165', 20],
  ['0167', 30],
  ['0159', 50],
  ['0152', 30],
  ['0169', 20],
  ['0168', 30],
  ['0153', 10],
  ['0154', 10],
  ['0175', 0],
  ['0176', 0],
];

function toMessages(mix: Row['mix'] = {}): object[] {
  return MIX.flatMap(([digits, count]) =>
    Array.from({ length: mix[digits] ?? count }, (_, no) => ({
      to: `+1312${200 + no}${digits}`,
      list_number: LIST_NUMBER,
      body: `No. ${no} to ${digits}`,
      skip_rate_limit: true,
    })),
  );
}

async function readStates(pool: Pool): Promise<Map<string, { state: string; digits: string; text: string }>> {
  const { rows } = await pool.query<{ phone: string; state: number; text: string }>(
    'select phone::text, state, coalesce(body, template) as text from message',
  );
  return new Map(
    rows.map(({ phone, state, text }) => [
      `+${phone}`,
      { state: toMessageState(state), digits: phone.slice(-4), text },
    ]),
  );
}

/** What the carrier knows of each recipient's message: the judge. */
function readTruth(twin: Twin): Map<string, string> {
  return new Map([...twin.books.all()].map(({ to, status }) => [to, status.state]));
}

/** Recipients of which the carrier says nothing, or only after a minute. */
const SILENT: ReadonlySet<string> = new Set(['0154', '0159', '0168']);

/**
 * Messages that are not where the carrier says they are, or of which it has not told yet. One that it does not have was
 * refused, or nobody knows; so does nobody of one that it took with a lost answer, when it neither says more nor can be asked.
 */
async function findWrong(pool: Pool, twin: Twin, looksUp: boolean): Promise<string[]> {
  const [states, truth] = [await readStates(pool), readTruth(twin)];
  return [...states].flatMap(([phone, { state, digits }]) => {
    const expected = truth.get(phone);
    return isRight(state, expected, { isSilent: SILENT.has(digits), looksUp })
      ? []
      : [`${phone} is ${state}, the carrier says ${expected ?? 'nothing'}`];
  });
}

function isRight(
  state: string,
  expected: string | undefined,
  { isSilent, looksUp }: { readonly isSilent: boolean; readonly looksUp: boolean },
): boolean {
  if (expected === undefined) return state === 'failed' || state === 'in_doubt';
  if (expected === 'sent') return isSilent && (state === 'sent' || (state === 'in_doubt' && !looksUp));
  return state === expected;
}

function countStates(states: ReadonlyMap<string, { state: string; digits: string }>, digits: string): object {
  const counts: Record<string, number> = {};
  for (const message of states.values()) {
    if (message.digits === digits) counts[message.state] = (counts[message.state] ?? 0) + 1;
  }
  return counts;
}

async function countOptedOut(pool: Pool, digits: string): Promise<number | null> {
  const { rowCount } = await pool.query(
    `select from list_contact where not active and reason = 'message' and right(phone::text, 4) = $1`,
    [digits],
  );
  return rowCount;
}

// At once, because most of the time is spent on waiting for look-ups and for answers that never come.
test.concurrent.each(ROWS)(
  '1,000 messages through $type end where the carrier says they are, each sent once',
  async ({ type, callbackPath, looksUp, alone, credentials, mix }) => {
    await using database = await createTestDatabase();
    await using folder = await makeDataFolder();
    await using twin = await startTwin(type);
    const port = await findFreePort();
    const env = {
      ...useDatabase(database),
      TRACKLY_DATA_DIR: folder.path,
      TRACKLY_API_KEY: KEY,
      PORT: String(port),
      TRACKLY_PUBLIC_URL: `http://127.0.0.1:${port}`,
    };
    const { pool } = database;
    await using server = await startServer(env);
    const file = join(folder.path, 'credentials.json');
    await writeFile(file, JSON.stringify({ ...twin.credentials, ...credentials }));
    const created = ['lists', 'create', '--number', LIST_NUMBER, '--type', type, '--credentials-file', file];
    const list = await readJson<{ id: number; account_id: string }>(created, env);
    await pool.query('update list set verified = true where id = $1', [list.id]);
    twin.setCallbackUrl(`${server.url}${callbackPath(list.account_id)}`);

    const body = JSON.stringify({ messages: toMessages(mix) });
    const headers = { 'X-Api-Key': KEY, 'Content-Type': 'application/json' };
    await until('the list is known and verified', async () => {
      const answer = await fetch(`${server.url}/api/v2/lists/${list.id}`, { headers });
      return answer.ok && ((await answer.json()) as { verified: boolean }).verified;
    });
    const answer = await fetch(`${server.url}/api/v2/send-raw/bulk`, { method: 'POST', headers, body });
    expect(answer.status).toBe(201);
    expect(((await answer.json()) as { queued_count: number }).queued_count).toBe(1_000);

    // The first look-up at the carrier is after 30 s, and the answers that never come are given up after 20.
    const isSettled = async (): Promise<boolean> => {
      const states = await readStates(pool);
      if (states.size < 1_000 || (await findWrong(pool, twin, looksUp)).length > 0) return false;
      return [...states.values()].every(({ state }) => state !== 'queued' && state !== 'submitting');
    };
    await until('all are where the carrier says', isSettled, 90_000).catch(() => {});
    expect(await findWrong(pool, twin, looksUp)).toEqual([]);

    const states = await readStates(pool);
    expect(states.size).toBe(1_000);
    expect(countStates(states, '0142')).toEqual({ delivered: 300 });
    expect(countStates(states, '0152')).toEqual({ delivered: 30 });
    expect(countStates(states, '0150')).toEqual({ failed: 50 });
    expect(countStates(states, '0159')).toEqual({ sent: 50 });
    // Batches share the fate of one of theirs; without a look-up only a receipt settles.
    expect(alone ? countStates(states, '0154') : { in_doubt: 10 }).toEqual({ in_doubt: 10 });
    expect(looksUp ? countStates(states, '0168') : {}).not.toHaveProperty('in_doubt');
    expect({ doubles: twin.books.doubles, repeats: twin.books.repeats }).toEqual({ doubles: 0, repeats: 0 });
    expect(twin.calls.refused).toBe(0);
    // Who answered STOP, and whom the carrier refused as opted out.
    await until('opt-outs are kept', async () => (await countOptedOut(pool, '0165')) === 20);
    const refused = await pool.query(
      `select from message where right(phone::text, 4) = '0151' and detail = 'REJECTED_OPTED_OUT'`,
    );
    await until(
      'refusals of the opted out are kept',
      async () => (await countOptedOut(pool, '0151')) === refused.rowCount,
    );
    for (const books of await checkBooks(pool, { recount: true })) {
      expect(books).toMatchObject({ difference: 0, miscounted: [] });
    }
    expect(await server.stop()).toMatchObject({ code: 0, stderr: '' });
  },
  150_000,
);
