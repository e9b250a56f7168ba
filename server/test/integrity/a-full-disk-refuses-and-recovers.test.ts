import assert from 'node:assert/strict';
import { chmod, chown, lstat, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataFolder, runCli } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { chooseDatabaseUser } from '../../src/store/os-user.ts';
import { callApi, idsOf } from '../helpers/api-call.ts';
import { embeddedPostgresOf } from '../helpers/faulty-postgres.ts';
import { readStates } from '../helpers/message-judge.ts';
import { chooseRounds, chooseSeed, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { liftRate, type ServerProcess, startServer } from '../helpers/server-process.ts';
import { mountSmallDisk } from '../helpers/small-disk.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_server_whose_disk_is_full';
const FILLS = chooseRounds(1, 5);
const DISK_MEGABYTES = 400;
const REFUSALS = 20;
/** The database refuses only when it has nothing left; then it is started again after pauses of up to 5 s. */
const RECOVERED_WITHIN_MS = 20_000;
/** Everything else ends without a receipt or is in doubt for long. */
const DIGITS = ['0142', '0143', '0150', '0155', '0161'];
const FINAL = ['delivered', 'undelivered', 'failed', 'in_doubt'];

/** What is on the disk that fills up. The rest of the data folder is elsewhere. */
const PLACES = ['log and database', 'log', 'database'] as const;
type Place = (typeof PLACES)[number];

/** The data folder with that on the small disk. */
async function prepareFolder(place: Place, small: string, elsewhere: string): Promise<string> {
  const [folder, other] = place === 'database' ? [elsewhere, small] : [small, elsewhere];
  const dataDir = join(folder, 'data');
  await mkdir(dataDir, { mode: 0o700 });
  if (place === 'log and database') return dataDir;
  const home = join(other, 'database');
  const user = await chooseDatabaseUser();
  await mkdir(home, { mode: 0o700 });
  await chmod(other, 0o755);
  if (user !== null) await chown(home, user.uid, user.gid);
  await symlink(home, join(dataDir, 'postgresql'));
  return dataDir;
}

/** One message to an ordinary handset; those with an Idempotency-Key go past the log. */
async function sendOne({ url }: ServerProcess, body: string, idempotencyKey?: string) {
  const message = { to: '+13125550142', list_number: '+18005551000', body };
  const key = idempotencyKey === undefined ? { key: KEY } : { key: KEY, idempotencyKey };
  return await callApi(`${url}/api/v2/send`, { ...key, body: message });
}

/**
 * The promise: without room, what cannot be kept is refused with 503 before it is accepted, and all goes on by itself when
 * there is some. With room for the log alone, sends are accepted and land later.
 */
test.for(PLACES)(
  'a full disk under the %s refuses and recovers',
  { timeout: 60_000 + FILLS * 60_000 },
  async (place, { skip }) => {
    await using disk = await mountSmallDisk(DISK_MEGABYTES);
    if (disk === null) {
      skip('a small disk cannot be mounted here (that needs root)');
      return;
    }
    const seed = chooseSeed();
    await using elsewhere = await makeDataFolder();
    const folder = await prepareFolder(place, disk.path, elsewhere.path);
    // The simulated carrier is the judge, and somewhere else in the world.
    await using carrier = await makeDataFolder();
    await symlink(carrier.path, join(folder, 'simulator'));
    const env = { TRACKLY_DATA_DIR: folder, TRACKLY_API_KEY: KEY };
    await using server = await startServer(env);
    await liftRate(env);
    const isElsewhere = (await lstat(join(folder, 'postgresql'))).isSymbolicLink();
    expect(isElsewhere).toBe(place !== 'log and database');
    const postgres = embeddedPostgresOf(folder);
    const load = createSendLoad({ key: KEY, random: createSeededRandom(seed), digits: DIGITS });
    const single: string[] = [];
    const tries = { refused: 0, made: 0 };

    /** Past the log where only the database is without room. */
    async function trySend(): Promise<boolean> {
      const no = tries.made++;
      const answer = await sendOne(server, `Single ${no}`, place === 'database' ? `full-${no}` : undefined);
      const isAccepted = answer.status === 201;
      expect(answer).toMatchObject(isAccepted ? { retryAfter: null } : { status: 503, retryAfter: '5' });
      single.push(...idsOf(answer));
      return isAccepted;
    }

    for (let fill = 1; fill <= FILLS; fill++) {
      load.start(server.url);
      const enough = load.accepted() + 500;
      await until('messages are accepted', () => load.accepted() >= enough, 20_000);
      await disk.fill();
      // Else the log makes do with the room of what has landed.
      if (place === 'log') assert.ok((await postgres.signal('SIGSTOP')) > 5);
      await until(
        'sends are refused',
        async () => {
          if (!(await trySend())) tries.refused++;
          return tries.refused >= fill * REFUSALS;
        },
        20_000,
      );
      if (place === 'database') {
        const answer = await sendOne(server, `The log has room ${fill}`);
        assert.equal(answer.status, 201);
        single.push(...idsOf(answer));
      }
      await load.stop();
      if (place === 'log') await postgres.signal('SIGCONT');
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      await disk.free();
      await until('sends are accepted again', trySend, RECOVERED_WITHIN_MS);
    }
    await load.finishCut(server.url);
    const ids = [...load.ids(), ...single];
    expect(new Set(ids).size).toBe(ids.length);
    const states = await readStates({ url: server.url, key: KEY }, ids, (state) => FINAL.includes(state));
    const doubts = [...states.values()].filter((state) => state === 'in_doubt').length;
    const ledger = await load.readLedger(server.url);
    expect(ledger.totals.doubles).toBe(0);
    const submitted = new Set(ledger.submits.map((row) => row.message_id));
    expect([...states].filter(([id, state]) => state === 'delivered' && !submitted.has(id))).toEqual([]);
    // It may find that there is little room left.
    const { stdout } = await runCli(['doctor', '--recount', '--json'], env);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean }[] };
    expect(checks.filter((check) => check.name === 'books' || check.name === 'log')).toMatchObject([
      { name: 'log', ok: true },
      { name: 'books', ok: true },
    ]);
    recordSafety({
      promise: 'a full disk refuses and recovers',
      faults: `the disk under the ${place} filled to the last page while messages are sent`,
      rounds: FILLS,
      seed,
      seen: `${tries.refused} ${place === 'database' ? 'keyed sends ' : ''}refused with 503; ${states.size} promised, all found, ${doubts} in doubt; no double; accepted again by itself; books balance`,
    });
  },
);
