import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataFolder, readJson, runCli, type Env } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { pause } from '../../src/lib/pause.ts';
import type { Pool } from '../../src/store/pool.ts';
import { HELD_CARRIERS, type HeldCarrier } from '../helpers/held-carrier.ts';
import { readLedger } from '../helpers/message-judge.ts';
import { recordSafety } from '../helpers/safety-record.ts';
import { type ServerProcess, startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const PROMISE = 'an opt-out reaches every process';
const KEY = 'trk_of_an_opt_out';
const SECRET = Buffer.alloc(32, 9).toString('base64');
const LIST_NUMBER = '+18445550111';
const DEMO_NUMBER = '+18005551000';
const CAMPAIGN = 1_000;
/** Numbers that each road takes, from the end of the campaign. */
const A_ROAD = 12;

const phoneOf = (index: number): number => 13_122_005_000 + index;

/** One or two processes on one database; `intake` answers requests, `sending` sends. */
interface Servers extends AsyncDisposable {
  readonly intake: ServerProcess;
  readonly sending: ServerProcess;
  readonly env: Env;
}

async function startServers(database: TestDatabase, processes: 1 | 2): Promise<Servers> {
  const folders = [await makeDataFolder(), await makeDataFolder()] as const;
  const common = { ...useDatabase(database), LOG: 'postgres', TRACKLY_API_KEY: KEY, TRACKLY_SECRET_KEY: SECRET };
  const env = { ...common, TRACKLY_DATA_DIR: folders[0].path };
  const intake = await startServer(processes === 1 ? env : { ...env, TRACKLY_ROLES: 'api' });
  const own = { ...common, TRACKLY_DATA_DIR: folders[1].path, TRACKLY_ROLES: 'pipeline,scheduler' };
  const sending = processes === 1 ? intake : await startServer(own);
  return {
    intake,
    sending,
    env,
    async [Symbol.asyncDispose]() {
      await sending[Symbol.asyncDispose]();
      await intake[Symbol.asyncDispose]();
      for (const folder of folders) await folder[Symbol.asyncDispose]();
    },
  };
}

async function call(url: string, method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(url + path, {
    method,
    headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const json = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${JSON.stringify(json)}`);
  return json;
}

async function count(pool: Pool, sql: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(sql);
  return Number(rows[0]?.count);
}

interface Campaign {
  readonly servers: Servers;
  readonly carrier: HeldCarrier;
  readonly pool: Pool;
  readonly accountId: string;
}

/** Sends to everybody; all have passed the gate and the last look at the database, and wait for the carrier. */
async function fillWindow({ servers, carrier, pool }: Omit<Campaign, 'accountId'>): Promise<Campaign> {
  const { intake, env } = servers;
  const file = join(env['TRACKLY_DATA_DIR'] ?? '', 'credentials.json');
  await writeFile(file, JSON.stringify(carrier.credentials));
  const created = ['lists', 'create', '--number', LIST_NUMBER, '--type', carrier.type, '--credentials-file', file];
  const list = await readJson<{ id: number; account_id: string }>(created, env);
  await pool.query(`update list set verified = true, settings = settings || '{"quiet_hours": false}' where id = $1`, [
    list.id,
  ]);
  await until('the list is known', async () => {
    const answer = await fetch(`${intake.url}/api/v2/lists/${list.id}`, { headers: { 'X-Api-Key': KEY } });
    return answer.ok && ((await answer.json()) as { verified: boolean }).verified;
  });
  const indexes = Array.from({ length: CAMPAIGN }, (_, index) => index);
  const contacts = indexes
    .filter((index) => !isUnknown(index))
    .map((index) => ({ phone_number: `+${phoneOf(index)}`, list_number: LIST_NUMBER }));
  await call(intake.url, 'POST', '/api/v2/contacts/bulk', { contacts });
  const messages = indexes.map((index) => ({
    to: `+${phoneOf(index)}`,
    list_number: LIST_NUMBER,
    body: 'Campaign',
    skip_rate_limit: true,
  }));
  await call(intake.url, 'POST', '/api/v2/send-raw/bulk', { messages });
  await until(
    'all messages wait for the carrier',
    async () =>
      carrier.seen.size === carrier.window &&
      (await count(pool, 'select count(*) from message where submitted_ms is not null')) === CAMPAIGN,
    30_000,
  );
  return { servers, carrier, pool, accountId: list.account_id };
}

/** How somebody opts out; resolves when that was answered 2xx. */
type Road = (campaign: Campaign, phone: number) => Promise<unknown>;

const ROADS: Readonly<Record<string, Road>> = {
  'DELETE contacts': ({ servers: { intake } }, phone) =>
    call(intake.url, 'DELETE', '/api/v2/contacts', { phone_number: `+${phone}`, list_number: LIST_NUMBER }),
  'block on the list': ({ servers: { intake } }, phone) =>
    call(intake.url, 'POST', '/api/v2/blocks', { phone_number: `+${phone}`, list_number: LIST_NUMBER }),
  'block on the account': ({ servers: { intake } }, phone) =>
    call(intake.url, 'POST', '/api/v2/blocks', { phone_number: `+${phone}` }),
  'v1, a contact': ({ servers: { intake } }, phone) =>
    call(intake.url, 'POST', '/api/v1/opt-outs', { to_msisdn: `+${phone}` }),
  'v1, no contact': ({ servers: { intake } }, phone) =>
    call(intake.url, 'POST', '/api/v1/opt-outs', { to_msisdn: `+${phone}` }),
  'a text': ({ carrier, accountId, servers: { intake } }, from) =>
    carrier.receive({ from, to: LIST_NUMBER, body: 'STOP', callbacks: { url: intake.url, accountId } }),
};
const NAMES = Object.keys(ROADS);

/** Index in the campaign of the numbers of a road; the one before all of them is for the command line. */
const firstOf = (name: string): number => CAMPAIGN - A_ROAD * (NAMES.length - NAMES.indexOf(name));
const OF_COMMAND = firstOf(NAMES[0] ?? '') - 1;
const isUnknown = (index: number): boolean => index >= firstOf('v1, no contact') && index < firstOf('a text');

test.each([
  ['http', 1],
  ['http', 2],
  ['smpp', 1],
  ['smpp', 2],
] as const)(
  'with %s and %i processes, nothing that waits for the carrier leaves after an opt-out',
  async (type, processes) => {
    await using database = await createTestDatabase();
    await using servers = await startServers(database, processes);
    await using carrier = await HELD_CARRIERS[type]();
    const { pool } = database;
    const campaign = await fillWindow({ servers, carrier, pool });
    const leaving = new Set<number>();
    for (const [name, optOut] of Object.entries(ROADS)) {
      const phones = Array.from({ length: A_ROAD }, (_, index) => phoneOf(firstOf(name) + index));
      await Promise.all(phones.map((phone) => optOut(campaign, phone)));
      for (const phone of phones) leaving.add(phone);
    }
    const ofCommand = ['contacts', 'unsubscribe', `+${phoneOf(OF_COMMAND)}`];
    expect((await runCli(ofCommand, servers.env)).code).toBe(0);
    leaving.add(phoneOf(OF_COMMAND));
    carrier.release();

    const blocked = `select count(*) from message where detail = 'contact_blocked' and template = 'Campaign'`;
    await until(
      'all have left or are blocked',
      async () => {
        return carrier.seen.size === CAMPAIGN - leaving.size && (await count(pool, blocked)) === leaving.size;
      },
      60_000,
    );
    expect([...leaving].filter((phone) => carrier.seen.has(phone))).toEqual([]);
    recordSafety({
      promise: PROMISE,
      faults: `${type}, ${processes === 1 ? 'one process' : 'two processes'}: people opt out by every road while ${CAMPAIGN} messages wait for a carrier`,
      rounds: 1,
      seen: `${leaving.size} opt-outs answered 2xx, none of their messages reached the carrier; ${carrier.seen.size} others did`,
    });
  },
);

test('a process that was paused while somebody opted out sends nothing to them when it goes on', async () => {
  await using database = await createTestDatabase();
  await using servers = await startServers(database, 2);
  await using carrier = await HELD_CARRIERS.http();
  const { pool } = database;
  const campaign = await fillWindow({ servers, carrier, pool });
  servers.sending.pause();
  const leaving = Array.from({ length: A_ROAD }, (_, index) => phoneOf(firstOf('DELETE contacts') + index));
  await Promise.all(leaving.map(async (phone) => await ROADS['DELETE contacts']?.(campaign, phone)));
  // Its requests are answered, so that it could go on with others before it hears of anything else.
  carrier.release();
  servers.sending.resume();

  await until('all others have left', () => carrier.seen.size === CAMPAIGN - leaving.length, 60_000);
  expect(leaving.filter((phone) => carrier.seen.has(phone))).toEqual([]);
  recordSafety({
    promise: PROMISE,
    faults: 'SIGSTOP of the process that sends, while people opt out at another one',
    rounds: 1,
    seen: `${leaving.length} opt-outs answered 2xx, none of their messages left when it went on; all others did`,
  });
});

test('of a campaign of 10,000 nothing is submitted after an opt-out was answered by another process', async () => {
  const total = 10_000;
  const leavers = 300;
  await using database = await createTestDatabase();
  await using servers = await startServers(database, 2);
  const { intake, sending, env } = servers;
  const { pool } = database;
  await pool.query(`update list set settings = settings || '{"quiet_hours": false}'`);
  await readJson(['lists', 'set', DEMO_NUMBER, '--setting', 'send_rate_per_minute=1000000'], env);
  const phones = Array.from(
    { length: total },
    (_, index) => `+1312${200 + Math.floor(index / 1_000)}${5_000 + (index % 1_000)}`,
  );
  const idOf = new Map<string, string>();
  const answeredMs = new Map<string, number>();
  const random = createSeededRandom('opt-outs by another process');
  const leaving = new Set<string>();
  while (leaving.size < leavers) leaving.add(phones[Math.floor(random() * total)] ?? '');

  async function optOut(): Promise<void> {
    for (const phone of leaving) {
      await call(intake.url, 'POST', '/api/v2/blocks', { phone_number: phone, list_number: DEMO_NUMBER });
      answeredMs.set(phone, Date.now());
      await pause(Math.floor(random() * 12));
    }
  }
  async function send(): Promise<void> {
    for (let from = 0; from < total; from += 500) {
      const rows = phones.slice(from, from + 500);
      const messages = rows.map((to) => ({ to, list_number: DEMO_NUMBER, body: 'Campaign' }));
      const { message_ids: ids } = await call(intake.url, 'POST', '/api/v2/send-raw/bulk', { messages });
      for (const [index, id] of (ids as string[]).entries()) idOf.set(rows[index] ?? '', id);
    }
  }
  await Promise.all([send(), optOut()]);
  await until(
    'every message has ended',
    async () => {
      return (await count(pool, 'select count(*) from message where state in (6, 7, 8, 9, 10, 11, 12)')) === total;
    },
    60_000,
  ).catch(async () => {
    throw new Error(
      JSON.stringify((await pool.query('select state, detail, count(*) from message group by 1, 2')).rows),
    );
  });

  const ledger = await readLedger(sending.url);
  const submittedMs = new Map(ledger.submits.map((submit) => [submit.message_id, Date.parse(submit.last_at)]));
  const late = [...leaving].filter(
    (phone) => (submittedMs.get(idOf.get(phone) ?? '') ?? 0) > (answeredMs.get(phone) ?? Infinity),
  );
  expect(late).toEqual([]);
  expect(submittedMs.size).toBeGreaterThan(total - leavers);
  recordSafety({
    promise: PROMISE,
    faults: `${leavers} people opt out at one process while another one sends a campaign of ${total}`,
    rounds: 1,
    seen: `${total - submittedMs.size} messages were stopped, none was submitted after its opt-out was answered`,
  });
});
