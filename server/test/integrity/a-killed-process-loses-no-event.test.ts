import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { expectSettled } from '../helpers/doubts-settle.ts';
import { embeddedPostgresOf } from '../helpers/faulty-postgres.ts';
import { readMetric } from '../helpers/message-judge.ts';
import { chooseRounds, chooseSeed, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { liftRate, startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import { startReceiver } from '../helpers/webhook-receiver.ts';

const KILLS = chooseRounds(5, 25);
const KEY = 'trk_of_a_server_that_tells_and_is_killed';
/** What is told of messages that end in these states. */
const FINAL_WORDS: Readonly<Record<string, string>> = {
  delivered: 'delivered',
  undelivered: 'undeliverable',
  failed: 'rejected',
  dropped: 'rejected',
};

/** Events of one message and kind, by `webhook-id`. */
type Told = Map<string, Set<string>>;

/**
 * The promise: an event is written with what it reports, so however the process ends, each message that came to an end is
 * told of exactly once; only the same event, under the same `webhook-id`, may arrive more than once.
 */
test(
  'a server that is killed again and again loses no event and makes none up',
  async () => {
    const seed = chooseSeed();
    const random = createSeededRandom(seed);
    await using folder = await makeDataFolder();
    await using receiver = await startReceiver();
    receiver.answer = (_request, response) => {
      setTimeout(() => response.writeHead(204).end(), random() * 20);
    };
    const env = {
      TRACKLY_DATA_DIR: folder.path,
      TRACKLY_API_KEY: KEY,
      TRACKLY_WEBHOOK_ALLOW_HTTP: 'true',
      TRACKLY_WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    };
    const load = createSendLoad({ key: KEY, random });
    for (let kill = 0; kill < KILLS; kill++) {
      const server = await startServer(env);
      if (kill === 0) {
        await liftRate(env);
        await subscribe(server.url, receiver.port);
      }
      const enough = load.accepted() + 20 + Math.floor(random() * 300);
      const heard = receiver.received.length;
      load.start(server.url);
      await until('some more messages are accepted', () => load.accepted() >= enough, 30_000);
      await until('some more is told', () => receiver.received.length > heard, 30_000);
      const endMs = performance.now() + random() * 100;
      await until('the moment has come', () => performance.now() >= endMs);
      await server.crash();
      await load.stop();
    }

    await using server = await startServer(env);
    await load.finishCut(server.url);
    const database = await embeddedPostgresOf(folder.path).connection();
    const { states } = await expectSettled({ url: server.url, key: KEY }, load.ids(), database);
    await until(
      'everything is told',
      async () => (await readMetric(server.url, 'trackly_webhook_deliveries')).get('pending') === 0,
      60_000,
    );
    const told: Told = new Map();
    for (const { body, headers } of receiver.received) {
      const { event, message_id: id, status } = JSON.parse(body) as Record<string, string>;
      const name = `${id} ${event} ${status ?? ''}`.trim();
      told.set(name, (told.get(name) ?? new Set()).add(headers['webhook-id'] ?? ''));
    }
    const missing: string[] = [];
    for (const [id, state] of states) {
      const word = FINAL_WORDS[state];
      const expected = word === undefined ? [] : [`${id} delivery ${word}`];
      if (['sent', 'delivered', 'undelivered'].includes(state)) expected.push(`${id} sent`);
      missing.push(...expected.filter((name) => !told.has(name)));
    }
    expect(missing).toEqual([]);
    const twice = [...told].filter(([name, events]) => events.size > 1 && !name.endsWith('pending'));
    expect(twice).toEqual([]);
    const distinct = new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size;
    recordSafety({
      promise: 'a killed process loses no event and makes none up',
      faults: 'SIGKILL while messages are sent and webhooks delivered',
      rounds: KILLS,
      seed,
      seen: `${states.size} messages promised, each told of to its end; ${distinct} events, ${
        receiver.received.length - distinct
      } deliveries were repeated under their webhook-id`,
    });
  },
  30_000 + KILLS * 24_000,
);

async function subscribe(url: string, port: number): Promise<void> {
  const answer = await fetch(`${url}/api/v2/webhooks`, {
    method: 'POST',
    headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify({ url: `http://127.0.0.1:${port}/`, events: ['sent', 'delivery'] }),
  });
  expect(answer.status).toBe(201);
}
