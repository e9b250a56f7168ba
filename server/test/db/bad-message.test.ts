import { afterEach, beforeEach, expect, test } from 'vitest';
import { LANES, SOURCES } from '../../src/pipeline/batch.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig({ started: false });
  rig.startLanding();
  rig.startApplying();
});
afterEach(() => closeHealthy(rig, { errors: 'any' }));

/** PostgreSQL has no room for U+0000 in a jsonb value; the API lets no such message in. */
const accept = (bodies: readonly string[], badAt: number): Promise<number[]> =>
  rig.accept.accept(
    SOURCES.api,
    false,
    bodies.map((body, index) => {
      const metadata = index === badAt ? { text: '\u0000' } : { index };
      return {
        listId: 1,
        lane: LANES.transactional,
        dueMs: 0,
        json: JSON.stringify({ to: '+13125550142', body, metadata }),
      };
    }),
  );

test('a message that cannot be stored fails alone, and the others of its batch are delivered', async () => {
  const numbers = await accept(['a', 'b', 'c', 'd', 'e'], 2);
  await rig.startSending();
  await until(
    'all have an end',
    async () => (await rig.count('select count(*) from message where final_ms > 0')) === 5,
  );
  const { rows } = await rig.pool.query<{ number: number; state: number; detail: string }>(
    'select number, state, detail from message order by number',
  );
  expect(rows.filter((row) => row.state !== 7)).toEqual([
    { number: numbers[2], state: 9, detail: 'REJECTED_SYSTEM_ERROR' },
  ]);
  expect(rig.simulator.store.totals()).toEqual({ submits: 4, messages: 4, doubles: 0 });
});

test('on a slow list one passing failure costs nobody a message', async () => {
  await rig.setListSettings(1, { send_rate_per_minute: 60 });
  await accept(['a'], -1);
  // For a moment the table refuses.
  await rig.pool.query('alter table message add constraint passing check (state <> 3) not valid');
  await rig.startSending();
  await until('it failed once', () => rig.errors.length > 0);
  await rig.pool.query('alter table message drop constraint passing');
  await rig.drain();
  expect(await rig.count('select count(*) from message where state = 7')).toBe(1);
});
