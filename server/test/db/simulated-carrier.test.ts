import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

const to = (digits: string): string => `+1312555${digits}`;

test.each([
  ['0142', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0150', 'failed', 'REJECTED_DESTINATION', true],
  ['0151', 'failed', 'REJECTED_OPTED_OUT', true],
  ['0152', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0153', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0154', 'in_doubt', 'in_doubt', null],
  ['0155', 'undelivered', 'REJECTED_ABSENT_SUBSCRIBER', false],
  ['0156', 'undelivered', 'REJECTED_OPERATOR', false],
  ['0157', 'undelivered', 'REJECTED_SPAM', true],
  ['0158', 'undelivered', 'EXPIRED', false],
  ['0159', 'sent', 'PENDING', null],
  ['0160', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0161', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0162', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0164', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0165', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0166', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0167', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0168', 'delivered', 'DELIVERED_TO_HANDSET', null],
  ['0169', 'delivered', 'DELIVERED_TO_HANDSET', null],
])('a message to …%s ends %s with %s', async (digits, state, detail, permanent) => {
  const [id = ''] = await rig.send({ to: to(digits), body: 'Hello' });
  await rig.drainRetries();
  expect(await rig.get(id)).toMatchObject({ state, status_detail: detail, permanent });
  expect(rig.simulator.store.totals().doubles).toBe(0);
});

test('a throttled message is tried four times with growing pauses and submitted once', async () => {
  const startMs = rig.clock();
  const [id = ''] = await rig.send({ to: to('0152'), body: 'Hello' });
  await rig.drainRetries();
  const message = await rig.get(id);
  expect(message.events.filter((event) => event.detail === 'retry')).toHaveLength(3);
  // 1 + 2 + 4 seconds, each 20 % less at the least.
  expect(rig.clock() - startMs).toBeGreaterThanOrEqual(5_600);
  expect(rig.simulator.store.totals()).toEqual({ submits: 1, messages: 1, doubles: 0 });
});

test('a long message to …0163 is undelivered because its second part is', async () => {
  const [id = ''] = await rig.send({ to: to('0163'), body: 'a'.repeat(400) });
  await rig.drain();
  const message = await rig.get(id);
  expect(message).toMatchObject({ state: 'undelivered', status_detail: 'UNDELIVERABLE_NOT_DELIVERED', segments: 3 });
  expect(message.parts.map((part) => part.state)).toEqual(['delivered', 'undelivered', 'delivered']);
  expect(message.carrier_message_ids).toHaveLength(3);
});

test('a long message to others is delivered when all its parts are', async () => {
  const [id = '', short = ''] = await rig.send(
    { to: to('0142'), body: 'a'.repeat(400) },
    { to: to('0163'), body: 'short' },
  );
  await rig.drain();
  expect((await rig.get(id)).parts.map((part) => part.state)).toEqual(['delivered', 'delivered', 'delivered']);
  expect(await rig.stateOf(id)).toBe('delivered');
  expect(await rig.stateOf(short)).toBe('delivered');
});

test('a receipt with the id in hexadecimal finds a long message part by part', async () => {
  const [id = ''] = await rig.send({ to: to('0164'), body: 'a'.repeat(400) });
  await rig.drain();
  expect((await rig.get(id)).parts.map((part) => part.state)).toEqual(['delivered', 'delivered', 'delivered']);
  expect(await rig.count('select count(*) from parked_report')).toBe(0);
});

test('a repeated receipt leaves one entry in the history', async () => {
  const [id = ''] = await rig.send({ to: to('0161'), body: 'Hello' });
  await rig.drain();
  expect((await rig.get(id)).events.map((event) => event.state)).toEqual(['queued', 'sent', 'delivered']);
});

test.each([
  // The handset answers the automatic answer too, and gets no second one.
  ['0165', 'STOP', 2],
  ['0166', 'HELP', 2],
  ['0167', 'Thanks', 1],
])('each reply of …%s is kept once', async (digits, text, times) => {
  await rig.send({ to: to(digits), body: 'Hello' });
  await rig.drain();
  const { rows } = await rig.pool.query('select body, phone from inbound_text');
  expect(rows).toEqual(Array.from({ length: times }, () => ({ body: text, phone: Number(`1312555${digits}`) })));
});

test('a carrier that never answers makes the message fail when it is stale', async () => {
  await rig.setList(1, { list_type: 'twilio' });
  const [id = ''] = await rig.send({ to: to('0142'), body: 'Hello' });
  await until('it was tried', async () => (await rig.count('select count(*) from message where attempt > 0')) === 1);
  rig.advance(31 * 60_000);
  await until('it failed', async () => (await rig.stateOf(id)) === 'failed');
  expect(await rig.get(id)).toMatchObject({ status: 'failed', status_detail: 'CARRIER_UNAVAILABLE' });
});

test('a connection that is refused five times in a row is left alone for 30 seconds', async () => {
  await rig.setList(1, { list_type: 'twilio' });
  await rig.send(...[0, 1, 2, 3, 4].map((n) => ({ to: to(`020${n}`), body: 'Hello' })));
  await until('they were tried', async () => (await rig.count('select count(*) from message where attempt = 1')) === 5);
  await rig.setList(1, { list_type: 'simulator' });
  rig.advance(20_000);
  await rig.send({ to: to('0300'), body: 'Hello' });
  await until(
    'it waits',
    async () => (await rig.count('select count(*) from outbound_batch where payload is not null')) === 1,
  );
  expect(rig.simulator.store.totals().submits).toBe(0);
  rig.advance(10_001);
  await rig.drainRetries();
  expect(await rig.count('select count(*) from message where state = 7')).toBe(6);
});
