import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataFolder, runCli } from '../../../cli/test/helpers/run-cli.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { chooseRounds, chooseSeed, recordSafety } from '../helpers/safety-record.ts';
import { createSendLoad } from '../helpers/send-load.ts';
import { type ServerProcess, startServer } from '../helpers/server-process.ts';
import { mountSmallDisk } from '../helpers/small-disk.ts';
import { until } from '../helpers/until.ts';

const KEY = 'trk_of_a_server_whose_disk_is_full';
const FILLS = chooseRounds(1, 10);
const DISK_MEGABYTES = 400;
/** Everything else ends without a receipt or is in doubt for long. */
const DIGITS = ['0142', '0143', '0150', '0155', '0161'];
const FINAL = ['delivered', 'undelivered', 'failed'];

async function sendOne({ url }: ServerProcess, body: string): Promise<{ status: number; id: string }> {
  const answer = await fetch(`${url}/api/v2/send`, {
    method: 'POST',
    headers: { 'X-Api-Key': KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify({ to: '+13125550142', list_number: '+18005551000', body }),
  });
  const { message_id: id = '' } = (await answer.json()) as { message_id?: string };
  return { status: answer.status, id };
}

/** The promise: without room, sends are refused before they are accepted, and all goes on by itself when there is some. */
test(
  'a full disk refuses and recovers',
  async (context) => {
    await using disk = await mountSmallDisk(DISK_MEGABYTES);
    if (disk === null) {
      console.log('Left out: a small disk cannot be mounted here (that needs root).');
      context.skip();
      return;
    }
    const seed = chooseSeed();
    const folder = join(disk.path, 'data');
    await mkdir(folder, { mode: 0o700 });
    // The simulated carrier is the judge, and somewhere else in the world.
    await using carrier = await makeDataFolder();
    await symlink(carrier.path, join(folder, 'simulator'));
    const env = { TRACKLY_DATA_DIR: folder, TRACKLY_API_KEY: KEY };
    await using server = await startServer(env);
    const load = createSendLoad({ key: KEY, random: createSeededRandom(seed), digits: DIGITS });
    const single: string[] = [];
    let refused = 0;
    for (let fill = 0; fill < FILLS; fill++) {
      load.start(server.url);
      const enough = load.accepted() + 500;
      await until('messages are accepted', () => load.accepted() >= enough, 20_000);
      await disk.fill();
      await until(
        'sends are refused',
        async () => {
          const { status, id } = await sendOne(server, `Full ${fill} ${refused} ${single.length}`);
          if (status === 201) single.push(id);
          else assert.equal(status, 503);
          refused += status === 503 ? 1 : 0;
          return refused >= (fill + 1) * 20;
        },
        20_000,
      );
      await load.stop();
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      await disk.free();
      await until(
        'sends are accepted again',
        async () => {
          const { status, id } = await sendOne(server, `Room ${fill} ${single.length}`);
          if (status === 201) single.push(id);
          return status === 201;
        },
        20_000,
      );
    }
    await load.finishCut(server.url);
    const states = await load.readStates(server.url, (state) => FINAL.includes(state) || state === 'in_doubt');
    const doubts = [...states.values()].filter((state) => state === 'in_doubt').length;
    for (const id of single) {
      await until('the single sends have ended', async () => {
        const answer = await fetch(`${server.url}/api/v2/messages/${id}`, { headers: { 'X-Api-Key': KEY } });
        return ['delivered', 'in_doubt', 'dropped'].includes(((await answer.json()) as { state: string }).state);
      });
    }
    const ledger = await load.readLedger(server.url);
    expect(ledger.totals.doubles).toBe(0);
    // It may find that there is little room left.
    const { stdout } = await runCli(['doctor', '--recount', '--json'], env);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean }[] };
    expect(checks.filter((check) => check.name === 'books' || check.name === 'log')).toMatchObject([
      { name: 'log', ok: true },
      { name: 'books', ok: true },
    ]);
    recordSafety({
      promise: 'a full disk refuses and recovers',
      faults: 'the disk under log and database filled to the last page while messages are sent',
      rounds: FILLS,
      seed,
      seen: `${refused} refused with 503; ${states.size + single.length} promised, all found, ${doubts} in doubt; no double; accepted again by itself; books balance`,
    });
  },
  FILLS * 60_000,
);
