import { Client } from 'pg';
import { expect, test } from 'vitest';
import { makeDataFolder, readJson } from '../../../cli/test/helpers/run-cli.ts';
import { type ApiAnswer, callApi } from '../helpers/api-call.ts';
import { startOwnPostgres } from '../helpers/faulty-postgres.ts';
import { STOPPED } from '../helpers/outage.ts';
import { recordSafety } from '../helpers/safety-record.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_server_that_people_write_to';
const LIST_NUMBER = '+18005551000';
const PEOPLE = 200;
/** So many write to a list of another carrier, whose calls come with a secret. */
const OTHERS = 50;
const OTHER_NUMBER = '+18445550111';
const SECRET = 'the-secret-of-the-calls';
const OTHER_LIST = {
  phone_number: OTHER_NUMBER,
  list_type: 'http',
  list_name: 'Own carrier',
  credentials: {
    submit: { url: 'http://127.0.0.1:9/', body: { text: '{{text}}' } },
    inbound: { id: 'id', from: 'from', to: 'to', text: 'text' },
    callback_secret: SECRET,
  },
  settings: { auto_reply: 'never' },
};
const ANSWERED_WITHIN_MS = 3_000;

/**
 * The promise: an opt-out that was answered 2xx holds, whatever happens then; it acts once, and is confirmed once, however
 * often the carrier tells it.
 */
test('opt-outs that come while the database is away hold after a crash, act once and are confirmed once', async () => {
  await using postgres = await startOwnPostgres();
  await using folder = await makeDataFolder();
  const env = { ...postgres.env, TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY, TRACKLY_SIMULATOR: 'on' };
  let server = await startServer(env);
  const account = (await callApi(`${server.url}/api/v2/whoami`, { key: KEY })).json.account?.id ?? '';
  // Numbers to which the simulated carrier delivers.
  const people = Array.from({ length: PEOPLE }, (_, index) => `+1312555${5_000 + index}`);
  const tell = (from: string, turn: number): Promise<ApiAnswer> =>
    callApi(`${server.url}/api/webhook-feedbacks/simulator?account=${account}`, {
      key: KEY,
      body: { type: 'inbound', id: `text-of-${from}`, from, to: LIST_NUMBER, text: turn === 0 ? 'STOP' : 'stop' },
    });
  const added = await callApi(`${server.url}/api/v2/lists`, { key: KEY, body: OTHER_LIST });
  expect([added.status, added.text]).toEqual([201, expect.stringContaining(OTHER_NUMBER)]);
  const tellOther = (from: string, to = OTHER_NUMBER): Promise<ApiAnswer> =>
    callApi(`${server.url}/api/webhook-feedbacks/http/${SECRET}?account=${account}`, {
      key: KEY,
      body: { id: `other-text-of-${from}`, from, to, text: 'stop' },
    });
  async function tellAll(turn: number): Promise<void> {
    for (let at = 0; at < PEOPLE; at += 20) {
      const some = people.slice(at, at + 20);
      const others = at < OTHERS ? some.slice(0, OTHERS - at) : [];
      const calls = [...some.map((from) => tell(from, turn)), ...others.map((from) => tellOther(from))];
      // And one that is to be kept for people only, and cannot be.
      const strays = at === 0 ? [tellOther('+13125550199', '+18445550999')] : [];
      for (const answer of await Promise.all([...calls, ...strays])) {
        expect(answer.status).toBe(200);
        expect(answer.elapsedMs).toBeLessThan(ANSWERED_WITHIN_MS);
      }
    }
  }

  const outage = new AbortController();
  const { over } = await STOPPED.takeAway(postgres, outage.signal);
  await tellAll(0);
  await server.crash();
  outage.abort();
  await over;

  server = await startServer(env);
  try {
    await tellAll(1);
    const client = new Client(await postgres.connection());
    await client.connect();
    try {
      const count = async (sql: string): Promise<number> =>
        Number((await client.query<{ count: string }>(sql)).rows[0]?.count);
      await until(
        'all texts have acted',
        async () => (await count('select count(*) from inbound_text')) === PEOPLE + OTHERS,
        60_000,
      );
      await until(
        'all confirmations have left',
        async () => (await count('select count(*) from message where source = 4 and sent_ms is not null')) === PEOPLE,
        60_000,
      );
      expect(await count(`select count(*) from list_contact where not active and reason = 'message'`)).toBe(
        PEOPLE + OTHERS,
      );
      expect(await count('select count(distinct phone) from message where source = 4')).toBe(PEOPLE);
      expect(await count(`select count(*) from consent where kind = 'opt_out'`)).toBe(PEOPLE + OTHERS);
    } finally {
      await client.end();
    }
  } finally {
    expect((await server.stop()).code).toBe(0);
  }
  expect(await readJson(['consents', 'verify'], env)).toMatchObject({
    ok: true,
    ledgers: [{ records: PEOPLE + OTHERS }],
  });
  recordSafety({
    promise: 'an inbound text outlives an outage',
    faults: 'PostgreSQL stopped while people opt out, the server killed, every text told twice',
    rounds: 1,
    seen: `${PEOPLE + OTHERS} opt-outs of two carriers answered 200, all hold, each once in the ledger, ${PEOPLE} confirmed once`,
  });
}, 180_000);
