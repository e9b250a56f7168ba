import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { addEndpointRow, readBodies } from '../helpers/webhook-endpoints.ts';

let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

const to = (digits: string): string => `+1312555${digits}`;
const subscribe = (events: readonly string[] = ['*'], columns: Readonly<Record<string, unknown>> = {}) =>
  addEndpointRow(rig, { account_id: rig.caller.account.id, events, ...columns });
/** Event, status and detail, without regard to order. */
const told = async (endpointId?: string): Promise<string[]> =>
  (await readBodies(rig.pool, endpointId))
    .map((body) =>
      ['event', 'status', 'status_detail'].flatMap((name) => (name in body ? [String(body[name])] : [])).join(' '),
    )
    .sort();

test.each([
  ['0142', ['delivery delivered DELIVERED_TO_HANDSET', 'sent']],
  ['0150', ['delivery rejected REJECTED_DESTINATION']],
  ['0152', ['delivery delivered DELIVERED_TO_HANDSET', 'sent']],
  ['0154', ['delivery pending in_doubt']],
  ['0155', ['delivery undeliverable REJECTED_ABSENT_SUBSCRIBER', 'sent']],
  ['0158', ['delivery expired EXPIRED', 'sent']],
  ['0159', ['sent']],
  ['0160', ['delivery delivered DELIVERED_TO_HANDSET', 'sent']],
  ['0161', ['delivery delivered DELIVERED_TO_HANDSET', 'sent']],
  ['0162', ['delivery delivered DELIVERED_TO_HANDSET', 'sent']],
  ['0164', ['delivery delivered DELIVERED_TO_HANDSET', 'sent']],
])('what is told of a message to …%s', async (digits, expected) => {
  await subscribe(['sent', 'delivery']);
  const [id = ''] = await rig.send({ to: to(digits), body: 'Hello' });
  await rig.drainRetries();
  expect(await told()).toEqual(expected);
  for (const body of await readBodies(rig.pool)) {
    expect(body).toMatchObject({ message_id: id, to: to(digits), list_number: DEMO_NUMBER, provider: 'simulator' });
    expect(Math.abs(Date.parse(String(body['timestamp'])) - rig.clock())).toBeLessThan(120_000);
  }
});

test.each(['0153', '0168'])('a message to …%s that was in doubt is told of when its receipt comes', async (digits) => {
  await subscribe(['sent', 'delivery']);
  await rig.send({ to: to(digits), body: 'Hello' });
  await rig.drainRetries();
  // The receipt may be faster than the doubt.
  const known = (await told()).filter((word) => word !== 'delivery pending in_doubt');
  expect(known).toEqual(['delivery delivered DELIVERED_TO_HANDSET', 'sent']);
});

test('a long message is told of once, when all of its parts are known', async () => {
  await subscribe(['sent', 'delivery']);
  await rig.send({ to: to('0163'), body: 'a'.repeat(400) });
  await rig.drain();
  expect(await told()).toEqual(['delivery undeliverable UNDELIVERABLE_NOT_DELIVERED', 'sent']);
  expect((await readBodies(rig.pool)).find((body) => body['event'] === 'sent')).toMatchObject({ segments: 3 });
});

test('a dropped message is rejected with the reason and without a provider, where drops are wanted', async () => {
  const all = await subscribe(['delivery']);
  const without = await subscribe(['delivery'], { include_drops: false });
  await rig.send({ to: to('0142'), body: 'Twice' }, { to: to('0142'), body: 'Twice' });
  await rig.drain();
  expect(await told(all)).toEqual(['delivery delivered DELIVERED_TO_HANDSET', 'delivery rejected duplicate']);
  expect(await told(without)).toEqual(['delivery delivered DELIVERED_TO_HANDSET']);
  const drop = (await readBodies(rig.pool, all)).find((body) => body['status'] === 'rejected');
  expect(drop).toMatchObject({ provider: null });
});

test('a doubt that nobody can settle is told of', async () => {
  await subscribe(['delivery']);
  await rig.send({ to: to('0154'), body: 'Hello' });
  await rig.drain();
  await rig.setList(1, { list_type: 'twilio' });
  rig.advance(73 * 3_600_000);
  await rig.settle();
  expect(await told()).toEqual(['delivery pending in_doubt', 'delivery pending unknown']);
});

test('messages of a dead worker are told of as in doubt', async () => {
  await rig[Symbol.asyncDispose]();
  rig = await createPipelineRig({ started: false });
  await subscribe(['delivery']);
  rig.startLanding();
  const worker = await rig.startSending();
  await rig.send({ to: to('0159'), body: 'Hello' });
  await rig.drain();
  await worker.stop();
  await rig.pool.query('update message set state = 3');
  await rig.pool.query('update message_count set count = case state when 3 then 1 else 0 end where state in (3, 4)');
  const numbers = (await rig.pool.query<{ number: number }>('select number from message')).rows.map(
    (row) => row.number,
  );
  await rig.pool.query(
    `insert into submission (list_id, submission_id, worker_id, numbers, created_ms, lease_until_ms)
     values (1, 1, 999, $1, 0, 1)`,
    [numbers],
  );
  expect(await rig.recover()).toBe(1);
  expect(await told()).toEqual(['delivery pending in_doubt']);
});

test('what is sent with a sandbox key is told of as simulated', async () => {
  await subscribe(['sent', 'delivery']);
  const sandbox = { ...rig.caller, key: { ...rig.caller.key, sandbox: true } };
  const [id = ''] = await rig.sendAs(sandbox, [{ to: to('0142'), body: 'Hello' }]);
  await rig.drain();
  const bodies = await readBodies(rig.pool);
  expect(bodies.map((body) => String(body['event'])).sort()).toEqual(['delivery', 'sent']);
  for (const body of bodies) expect(body).toMatchObject({ message_id: id, simulated: true });
  expect(id).toMatch(/^sandbox_/);
});

test('another account is told nothing, and without an endpoint nothing is written', async () => {
  const other = await rig.addAccount('Other');
  await addEndpointRow(rig, { account_id: other.account.id, events: ['*'] });
  await subscribe(['reply', 'click']);
  await rig.send({ to: to('0142'), body: 'Hello' }, { to: to('0150'), body: 'Hello' });
  await rig.drain();
  expect(await readBodies(rig.pool)).toEqual([]);
});
