import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

const FROM = '+13125550142';

let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig();
  rig.startLanding();
  rig.startApplying();
  await rig.startSending();
});
afterEach(() => rig[Symbol.asyncDispose]());

const text = (id: string, body: string, keyword?: 'stop' | 'start' | 'help') => ({
  listId: 1,
  reports: [],
  inbound: [
    { id, from: FROM, to: DEMO_NUMBER, text: body, atMs: rig.clock(), ...(keyword === undefined ? {} : { keyword }) },
  ],
});
/** Those who only wrote are inactive too, without having opted out. */
const optOuts = (): Promise<number> =>
  rig.count(`select count(*) from list_contact where not active and reason = 'message'`);

test('what a carrier took for an opt-out is one, whatever the words were; so is a return', async () => {
  await rig.onEvents(text('in-1', 'Basta'));
  await rig.drain();
  expect(await optOuts()).toBe(0);
  await rig.onEvents(text('in-2', 'Basta', 'stop'));
  await rig.onEvents(text('in-2', 'Basta', 'stop'));
  await rig.drain();
  expect(await optOuts()).toBe(1);
  expect(await rig.count('select count(*) from inbound_text')).toBe(2);
  rig.advance(1_000);
  await rig.onEvents(text('in-3', 'Ancora', 'start'));
  await rig.drain();
  expect(await optOuts()).toBe(0);
});

test('a word of ours that the carrier only takes for a call for help still stops', async () => {
  await rig.onEvents(text('in-1', 'STOP', 'help'));
  await rig.drain();
  expect(await optOuts()).toBe(1);
});

test('messages of a list without what its carrier needs wait until somebody enters it', async () => {
  await rig.setList(1, { credentials: { profile: 'of another version' } });
  const [id = ''] = await rig.send({ to: FROM, body: 'Hello' });
  await until('it was tried', async () => (await rig.count('select count(*) from message where attempt > 0')) === 1);
  expect(await rig.stateOf(id)).toBe('queued');
  expect(rig.simulator.store.totals().submits).toBe(0);
  await rig.setList(1, { credentials: {} });
  await rig.drainRetries();
  expect(await rig.stateOf(id)).toBe('delivered');
});
