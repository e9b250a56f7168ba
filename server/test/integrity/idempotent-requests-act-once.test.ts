import { expect, test } from 'vitest';
import { type Env, makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { checkBooks } from '../../src/messages/index.ts';
import { type ApiAnswer, callApi, idsOf } from '../helpers/api-call.ts';
import { type CommitSide, startDatabaseProxy } from '../helpers/database-proxy.ts';
import { chooseRounds, recordSafety } from '../helpers/safety-record.ts';
import { type ServerProcess, startServer } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_requests_that_are_repeated';
const LIST_NUMBER = '+18005551000';
/** Of each: single and bulk, killed before the commit and after it. */
const ROUNDS = chooseRounds(1, 5);
const AT_ONCE = 20;
const BULK = 30;
/** So that the next server soon has the lists of the one that was killed. */
const LIMITS = { workLeaseMs: 1_500, shareLeaseMs: 1_500 };

interface Request {
  readonly path: string;
  readonly body: unknown;
  readonly idempotencyKey: string;
  /** The handset that gets all its messages, and no others. */
  readonly to: string;
  readonly count: number;
}

let made = 0;

function newRequest(kind: 'single' | 'bulk'): Request {
  made++;
  const to = `+1312555${String(1_000 + made)}`;
  const count = kind === 'bulk' ? BULK : 1;
  const messages = Array.from({ length: count }, (_, index) => ({
    to,
    list_number: LIST_NUMBER,
    body: `Request ${made}, message ${index}`,
    skip_rate_limit: true,
  }));
  const idempotencyKey = `request-${made}`;
  if (kind === 'single') return { path: '/api/v2/send', body: messages[0], idempotencyKey, to, count };
  return { path: '/api/v2/send/bulk', body: { messages }, idempotencyKey, to, count };
}

function post(url: string, { path, body, idempotencyKey }: Request): Promise<ApiAnswer> {
  return callApi(url + path, { key: KEY, body, idempotencyKey });
}

/** Twenty at once. Each is answered, if only with the news that another one is under way; repeats get the rest. */
async function postAtOnce(url: string, request: Request): Promise<ApiAnswer[]> {
  const first = await Promise.all(Array.from({ length: AT_ONCE }, () => post(url, request)));
  const refused = first.filter(({ status }) => status !== 201);
  for (const { status, json } of refused) {
    expect({ status, code: json.code }).toEqual({ status: 409, code: 'idempotency_in_progress' });
  }
  const answered = first.filter(({ status }) => status === 201);
  for (let missing = AT_ONCE - answered.length; missing > 0; missing--) {
    await until('the repeat is answered', async () => {
      const answer = await post(url, request);
      if (answer.status === 201) answered.push(answer);
      return answer.status === 201;
    });
  }
  return answered;
}

/** The carrier's own view: what the handset got. */
async function readHandset(url: string, to: string): Promise<string[]> {
  const answer = await fetch(`${url}/simulator/handsets/${encodeURIComponent(to)}?limit=1000`);
  if (answer.status === 404) return [];
  const { messages } = (await answer.json()) as { messages: { body: string }[] };
  return messages.map(({ body }) => body);
}

/** One effect and one answer, byte for byte. Resolves with the ids. */
async function expectOnce({ url }: ServerProcess, request: Request, answers: readonly ApiAnswer[]): Promise<string[]> {
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  const [answer] = answers;
  const ids = answer === undefined ? [] : idsOf(answer);
  expect(new Set(ids).size).toBe(request.count);
  await until('the handset has them', async () => (await readHandset(url, request.to)).length >= request.count, 20_000);
  return ids;
}

/** The promise: a request with an Idempotency-Key takes effect once and has one answer, however often it is sent. */
test(
  'identical idempotent requests act once, also when the server dies around the commit',
  async () => {
    await using database = await createTestDatabase();
    await using proxy = await startDatabaseProxy(database);
    await using folder = await makeDataFolder();
    const env: Env = { ...proxy.env, TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
    const requests: { request: Request; text: string }[] = [];
    let ids = 0;

    async function atOnce(server: ServerProcess, request: Request): Promise<void> {
      const answers = await postAtOnce(server.url, request);
      ids += (await expectOnce(server, request, answers)).length;
      requests.push({ request, text: answers[0]?.text ?? '' });
    }

    async function killedAround(side: CommitSide, request: Request): Promise<void> {
      {
        await using server = await startServer(env, LIMITS);
        const caught = proxy.catchCommit('trackly api', side);
        const answers = Promise.allSettled(Array.from({ length: AT_ONCE }, () => post(server.url, request)));
        await caught;
        await server.crash();
        const answered = (await answers).filter(
          (answer) => answer.status === 'fulfilled' && answer.value.status === 201,
        );
        expect(answered).toEqual([]);
      }
      await using server = await startServer(env, LIMITS);
      // The database notices a moment later that the dead server's connection is gone, and lets go of its lock.
      await atOnce(server, request);
    }

    for (let round = 0; round < ROUNDS; round++) {
      {
        await using server = await startServer(env, LIMITS);
        for (const kind of ['single', 'bulk'] as const) await atOnce(server, newRequest(kind));
      }
      await killedAround('after', newRequest('single'));
      await killedAround('after', newRequest('bulk'));
      await killedAround('before', newRequest(round % 2 === 0 ? 'single' : 'bulk'));
    }

    await using server = await startServer(env, LIMITS);
    for (const { request, text } of requests) {
      expect((await post(server.url, request)).text).toBe(text);
      const received = await readHandset(server.url, request.to);
      expect(received).toHaveLength(request.count);
      expect(new Set(received).size).toBe(request.count);
    }
    for (const books of await checkBooks(database.pool, { recount: true })) {
      expect(books).toMatchObject({ difference: 0, miscounted: [] });
    }
    recordSafety({
      promise: 'idempotent requests act once',
      faults: `${AT_ONCE} identical requests at once; SIGKILL between the database's commit and the answer, and just before the commit, then ${AT_ONCE} again`,
      rounds: ROUNDS * 5,
      seen: `${requests.length} requests, each one answer byte for byte; ${ids} messages, each once on its handset; books balance`,
    });
  },
  30_000 + ROUNDS * 60_000,
);
