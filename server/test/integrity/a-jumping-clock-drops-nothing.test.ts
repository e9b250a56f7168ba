import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeDataFolder } from '../../../cli/test/helpers/run-cli.ts';
import { checkBooks } from '../../src/messages/index.ts';
import { recordSafety } from '../helpers/safety-record.ts';
import { startServer, useDatabase } from '../helpers/server-process.ts';
import { createTestDatabase } from '../helpers/test-database.ts';
import { until } from '../helpers/until.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const KEY = 'trk_of_a_server_whose_clock_jumps';
const JUMPS = ['+3600', '+0', '-3600', '+0'];
/** How long a jump lasts at least: longer than the pauses between the looks at what is due. */
const JUMP_MS = 1_500;
/** A message with a send time is sent so much later, when all jumps are over. */
const AHEAD_MS = 15_000;
/** The server's time comes nearer to the system's by 5 % of what passes, and the test looks every 20 ms. */
const MAX_EARLY_MS = 0.05 * AHEAD_MS + 100;
const MAX_LATE_MS = MAX_EARLY_MS + 3_000;

interface Sent {
  readonly id: string;
  readonly dueMs: number;
}

async function send(url: string, no: string, dueMs: number): Promise<Sent> {
  const answer = await fetch(`${url}/api/v2/send`, {
    method: 'POST',
    headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      to: `+1312${String(200 + Number(no.slice(3)))}0142`,
      list_number: '+18005551000',
      body: no,
      ...(dueMs === 0 ? {} : { send_at: new Date(dueMs).toISOString() }),
    }),
  });
  const { message_id: id, code } = (await answer.json()) as { message_id: string; code?: string };
  expect({ status: answer.status, code }).toEqual({ status: 201, code: undefined });
  return { id, dueMs };
}

async function readState(url: string, id: string): Promise<string> {
  const answer = await fetch(`${url}/api/v2/messages/${id}`, { headers: { 'X-Api-Key': KEY } });
  return ((await answer.json()) as { state: string }).state;
}

/** How late a message left, in milliseconds; less than nothing when it left early. */
async function watch(url: string, { id, dueMs }: Sent): Promise<number> {
  while ((await readState(url, id)) === 'scheduled') await sleep(20);
  return Date.now() - dueMs;
}

/**
 * The promise: when the system's time jumps by an hour while the server runs, no fresh message is dropped as stale, none
 * with a send time leaves early, and nothing waits for an hour. The server's time is libfaketime's, the test's is right.
 */
test.skipIf(!existsSync(LIBRARY))(
  'a clock that jumps drops nothing',
  async () => {
    await using database = await createTestDatabase();
    await using folder = await makeDataFolder();
    const offset = join(folder.path, 'offset');
    await writeFile(offset, '+0');
    await using server = await startServer({
      ...useDatabase(database),
      TRACKLY_DATA_DIR: folder.path,
      TRACKLY_API_KEY: KEY,
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    });
    const { url } = server;
    const now: Sent[] = [];
    const later: Sent[] = [];
    const left: Promise<number>[] = [];
    let no = 0;

    async function sendLater(): Promise<void> {
      const sent = await send(url, `No ${no++}`, Date.now() + AHEAD_MS);
      later.push(sent);
      left.push(watch(url, sent));
    }

    for (const jump of JUMPS) {
      const before = await Promise.all(Array.from({ length: 20 }, () => send(url, `No ${no++}`, 0)));
      await sendLater();
      await writeFile(offset, jump);
      const overMs = performance.now() + JUMP_MS;
      const after = await Promise.all(Array.from({ length: 20 }, () => send(url, `No ${no++}`, 0)));
      await sendLater();
      now.push(...before, ...after);
      await until('what was sent before and after the jump is delivered', async () => {
        const states = await Promise.all([...before, ...after].map(({ id }) => readState(url, id)));
        return states.every((state) => state === 'delivered');
      });
      await until('the jump is over', () => performance.now() >= overMs);
    }
    const lateMs = await Promise.all(left);
    const [earliestMs, latestMs] = [Math.min(...lateMs), Math.max(...lateMs)];
    expect(earliestMs).toBeGreaterThan(-MAX_EARLY_MS);
    expect(latestMs).toBeLessThan(MAX_LATE_MS);
    for (const { id } of later) {
      await until('it is delivered', async () => (await readState(url, id)) === 'delivered');
    }
    const { rows } = await database.pool.query<{ state: number; count: number }>(
      'select state, count(*) from message group by state',
    );
    expect(rows).toHaveLength(1);
    for (const books of await checkBooks(database.pool, { recount: true })) {
      expect(books).toMatchObject({ difference: 0, miscounted: [] });
    }
    recordSafety({
      promise: 'a clock that jumps drops nothing',
      faults: 'the system time of the server jumps an hour forth and back, and back and forth',
      rounds: JUMPS.length,
      seen: `${now.length} messages sent around the jumps and ${later.length} with a send time, all delivered; none left more than ${Math.max(0, Math.ceil(-earliestMs))} ms early or ${Math.ceil(latestMs)} ms late; books balance`,
    });
  },
  90_000,
);

if (!existsSync(LIBRARY)) console.log(`Left out: ${LIBRARY} is missing (Debian's package libfaketime).`);
