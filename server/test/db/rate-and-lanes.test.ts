import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig({ started: false });
  rig.startLanding();
  rig.startApplying();
});
afterEach(() => closeHealthy(rig));

const many = (count: number, change: Readonly<Record<string, unknown>> = {}): Record<string, unknown>[] =>
  Array.from({ length: count }, (_, n) => ({ to: '+13125550142', body: `${n}`, ...change }));
const submits = (): number => rig.simulator.store.totals().submits;
const waiting = (): Promise<number> => rig.count('select coalesce(sum(count), 0) as count from outbound_batch');

/** Bodies in the order in which the handset got them. */
const arrived = (): string[] =>
  rig.simulator.store
    .conversation('+13125550142', 1_000, null)
    .map((message) => message.body)
    .toReversed();

test('a list sends one second of its rate at once, then no faster than its rate', async () => {
  await rig.setListSettings(1, { send_rate_per_minute: 600 });
  await rig.send(...many(40));
  const startMs = performance.now();
  await rig.startSending();
  await until('the first second is sent', () => submits() >= 10);
  await until('half a second more is sent', () => submits() >= 15);
  const elapsedMs = performance.now() - startMs;
  expect(submits()).toBeLessThanOrEqual(10 + Math.ceil(elapsedMs / 100) + 1);
  expect(elapsedMs).toBeGreaterThan(400);
  rig.advance(1_000);
  await until('another second is sent', () => submits() >= 24);
  rig.advance(60_000);
  await until('ten at the most at a time', () => submits() >= 34);
  await rig.setListSettings(1, { send_rate_per_minute: 60_000 });
  await rig.drain();
  expect(submits()).toBe(40);
});

test('skip_rate_limit neither waits for nor uses the rate', async () => {
  await rig.setListSettings(1, { send_rate_per_minute: 1 });
  await rig.startSending();
  await rig.send(...many(50, { skip_rate_limit: true }));
  await until('all of them are sent', () => submits() === 50);
  await rig.send({ to: '+13125550142', body: 'with the one token' });
  await until('the token was still there', () => submits() === 51);
  await rig.send({ to: '+13125550142', body: 'waits' });
  await until('it landed', async () => (await waiting()) === 1);
  await rig.send(...many(5, { skip_rate_limit: true, to: '+13125550143' }));
  await until('these do not wait behind it', () => submits() === 56);
  expect(await waiting()).toBe(1);
});

test('messages that are dropped use no rate', async () => {
  await rig.setListSettings(1, { send_rate_per_minute: 60 });
  await rig.send(...many(3, { body: 'bitcoin' }), { to: '+13125550142', body: 'good' });
  await rig.startSending();
  await until('the good one is sent', () => submits() === 1, 3_000);
  await rig.drain();
  expect(await rig.count('select count from message_count where state = 10')).toBe(3);
});

test('transactional messages leave before marketing that was accepted earlier', async () => {
  await rig.send(...many(20, { category: 'marketing', skip_affixes: true }));
  await rig.send({ to: '+13125550142', body: 'Your code' });
  await until('all landed', async () => (await waiting()) === 21);
  await rig.startSending();
  await rig.drain();
  expect(arrived()[0]).toBe('Your code');
  expect(arrived()).toHaveLength(21);
});

test('inside a lane messages leave by the time they are due, then in the order of their acceptance', async () => {
  const later = new Date(rig.clock() + 60_000).toISOString();
  await rig.send(...many(2, { send_at: later }));
  await rig.send({ to: '+13125550142', body: 'a' }, { to: '+13125550142', body: 'b' });
  await rig.send({ to: '+13125550142', body: 'c' });
  await until('all landed', async () => (await waiting()) === 5);
  rig.advance(61_000);
  await rig.startSending();
  await rig.drain();
  expect(arrived()).toEqual(['a', 'b', 'c', '0', '1']);
});

test('one message of one account does not wait for ten thousand of another', async () => {
  const other = await rig.addAccount('Other');
  await rig.addList('+18005552000', other.account.id);
  await rig.setListSettings(1, { send_rate_per_minute: 1_000_000 });
  const phones = Array.from({ length: 1_000 }, (_, n) => `+1312555${1_000 + n}`);
  for (let n = 0; n < 10; n++) await rig.send(...phones.map((to) => ({ to, body: `big ${n}` })));
  await until('they landed', async () => (await waiting()) === 10_000);
  await rig.startSending();
  await until('the big ones are under way', () => submits() > 0);
  const [id = ''] = await rig.sendAs(other, [{ to: '+13125550142', body: 'small', list_number: '+18005552000' }]);
  await until('the small one is sent', () => rig.simulator.store.messageByOwnId(id) !== undefined, 5_000);
  expect(submits()).toBeLessThan(10_001);
  await rig.drain();
  expect(submits()).toBe(10_001);
}, 60_000);

test('lists of one account take turns', async () => {
  await rig.addList('+18005551001');
  for (const list_number of [DEMO_NUMBER, '+18005551001']) {
    await rig.setListSettings(1, { send_rate_per_minute: 60_000 });
    await rig.send(...many(200, { list_number }));
  }
  await rig.startSending();
  await rig.drain();
  expect(await rig.count('select count(*) from message where state = 7')).toBe(400);
});
