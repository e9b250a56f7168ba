import { afterEach, beforeEach, expect, test } from 'vitest';
import type { List } from '../../src/accounts/index.ts';
import { type CarrierConnection, WITHDRAWN } from '../../src/carriers/carrier.ts';
import { verifyConsents } from '../../src/compliance/index.ts';
import { pause } from '../../src/lib/pause.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { chooseRounds, chooseSeed, recordSafety } from '../helpers/safety-record.ts';
import { until } from '../helpers/until.ts';

const CAMPAIGN = 10_000;
const OPT_OUTS = 300;
/** The carrier takes so many at once, and so many milliseconds for them at least, as one over HTTP does. */
const AT_ONCE = 50;
const TURN_MS = 15;
const TURNS = CAMPAIGN / AT_ONCE;
const ROUNDS = chooseRounds(1, 5);

let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig({ started: false });
});
afterEach(() => closeHealthy(rig));

/** Numbers to which the simulated carrier delivers. */
const phoneOf = (index: number): string => `+1312${200 + Math.floor(index / 1_000)}${5_000 + (index % 1_000)}`;

/** How far the campaign is, and how far the opt-outs are. */
interface Race {
  turns: number;
  told: number;
}

/**
 * The simulated carrier behind a queue; notes when each message starts to leave. It keeps step with the people who write, so
 * that both are under way together on a machine of any speed: what races is what happens within a step.
 */
function watchStarts(started: Map<string, number>, race: Race): void {
  const { connections } = rig;
  const inner = connections.of.bind(connections);
  connections.of = (list: List): CarrierConnection | undefined => {
    const connection = inner(list);
    if (connection === undefined) return undefined;
    return {
      ...connection,
      async submit(messages, settle, signal) {
        for (let at = 0; at < messages.length; at += AT_ONCE) {
          const turn: number[] = [];
          for (let index = at; index < Math.min(at + AT_ONCE, messages.length); index++) {
            const message = messages[index];
            if (message === undefined) continue;
            if (message.isWithdrawn?.() === true) {
              settle(index, WITHDRAWN);
              continue;
            }
            if (message.body === 'Campaign') started.set(message.to, performance.now());
            turn.push(index);
          }
          const going = turn.flatMap((index) => messages[index] ?? []);
          await connection.submit(going, (place, outcome) => settle(turn[place] ?? -1, outcome), signal);
          race.turns++;
          await pause(TURN_MS);
          while (race.told < OPT_OUTS && race.told / OPT_OUTS < race.turns / TURNS) await pause(1);
        }
      },
    };
  };
}

/** When everybody could first read that a number is opted out; the commit was before that. */
async function watchOptOuts(seen: Map<string, number>, wanted: number): Promise<void> {
  while (seen.size < wanted) {
    const { rows } = await rig.pool.query<{ phone: number }>('select phone from list_contact where not active');
    const nowMs = performance.now();
    for (const { phone } of rows) if (!seen.has(`+${phone}`)) seen.set(`+${phone}`, nowMs);
    await pause(2);
  }
}

interface Outcome {
  /** Numbers for which something started to leave after their opt-out could be read. */
  readonly late: readonly string[];
  /** How many got nothing. */
  readonly stopped: number;
}

/** One campaign while people opt out. */
async function runRace(seed: string): Promise<Outcome> {
  await rig.setListSettings(1, { send_rate_per_minute: 1_000_000 });
  const started = new Map<string, number>();
  const seen = new Map<string, number>();
  const race: Race = { turns: 0, told: 0 };
  watchStarts(started, race);
  rig.startLanding();
  rig.startApplying();
  await rig.startSending();
  for (let from = 0; from < CAMPAIGN; from += 1_000) {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({ to: phoneOf(from + index), body: 'Campaign' }));
    await rig.send(...rows);
  }
  const random = createSeededRandom(seed);
  const leaving = new Set<string>();
  while (leaving.size < OPT_OUTS) leaving.add(phoneOf(Math.floor(random() * CAMPAIGN)));
  const watching = watchOptOuts(seen, OPT_OUTS);
  let text = 0;
  for (const from of leaving) {
    await rig.onEvents({
      listId: 1,
      reports: [],
      inbound: [{ id: `in-${text++}`, from, to: DEMO_NUMBER, text: 'STOP', atMs: rig.clock() }],
    });
    race.told++;
    await pause(Math.floor(random() * 12));
  }
  await watching;
  await rig.drainRetries();
  await until('every message has ended', async () => {
    return (
      (await rig.count(`select count(*) from message where template = 'Campaign' and state in (0, 1, 2, 3, 4, 5)`)) ===
      0
    );
  });

  const late = [...leaving].filter(
    (phone) => (started.get(phone) ?? 0) > (seen.get(phone) ?? Number.POSITIVE_INFINITY),
  );
  const { rows } = await rig.pool.query<{ phone: number; state: number; detail: string }>(
    `select phone, state, detail from message where template = 'Campaign'`,
  );
  expect(rows).toHaveLength(CAMPAIGN);
  const stopped = rows.filter((row) => row.detail === 'contact_blocked').map((row) => `+${row.phone}`);
  expect(stopped.filter((phone) => !leaving.has(phone) || started.has(phone))).toEqual([]);
  expect(started.size + stopped.length).toBe(CAMPAIGN);
  // The race is one: some were stopped, some had left.
  expect([stopped.length > 10, stopped.length < OPT_OUTS]).toEqual([true, true]);
  expect(await verifyConsents(rig)).toMatchObject({ ok: true, ledgers: [{ ok: true, records: OPT_OUTS }] });
  return { late, stopped: stopped.length };
}

const seed = chooseSeed();
const stoppedIn: number[] = [];

test.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
  'of a campaign of 10,000 nothing starts to leave for a number whose opt-out is committed (%i)',
  async (round) => {
    const { late, stopped: some } = await runRace(`${seed} ${round}`);
    expect(late).toEqual([]);
    stoppedIn.push(some);
    if (round < ROUNDS) return;
    const stopped = stoppedIn.reduce((sum, count) => sum + count);
    recordSafety({
      promise: 'an opt-out stops what has not left',
      faults: `${OPT_OUTS} people opt out while a campaign of ${CAMPAIGN} is sent to them and others`,
      rounds: ROUNDS,
      seed,
      seen: `${stopped} got nothing, ${ROUNDS * OPT_OUTS - stopped} had it before; nothing started to leave after a commit`,
    });
  },
);
