import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CarrierReport } from '../../src/carriers/carrier.ts';
import { MESSAGE_STATES } from '../../src/pipeline/message-state.ts';
import { LEASE_MS } from '../../src/pipeline/pipeline.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const report = (messageId: string, change: Partial<CarrierReport> = {}): CarrierReport => ({
  messageId,
  carrierId: null,
  part: null,
  permanent: null,
  code: null,
  atMs: rig.clock(),
  state: 'delivered',
  detail: 'DELIVERED_TO_HANDSET',
  ...change,
});
const receive = async (...reports: CarrierReport[]): Promise<void> => {
  await rig.onEvents({ listId: 1, reports, inbound: [] });
  await rig.drain();
};

/** A message that the carrier neither answered nor took, in doubt now. */
async function doubtful(change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const [id = ''] = await rig.send({ to: '+13125550154', body: 'Hello', ...change });
  await rig.drain();
  expect(await rig.get(id)).toMatchObject({ status: 'sent', state: 'in_doubt', status_detail: 'in_doubt' });
  return id;
}

/** Moves the clock on and lets the carrier be asked; how many messages it was asked about. */
async function after(ms: number): Promise<number> {
  rig.advance(ms);
  const asked = await rig.settle();
  await rig.drain();
  return asked;
}

test('the carrier is asked after 30 seconds, 2, 10 and 60 minutes, and at 72 hours nobody knows', async () => {
  // A carrier that cannot be asked.
  const id = await doubtful();
  await rig.setList(1, { list_type: 'twilio' });
  expect(await after(29 * SECOND)).toBe(0);
  expect(await after(2 * SECOND)).toBe(1);
  expect(await after(0)).toBe(0);
  expect(await after(MINUTE)).toBe(0);
  expect(await after(MINUTE)).toBe(1);
  expect(await after(8 * MINUTE)).toBe(1);
  expect(await after(40 * MINUTE)).toBe(0);
  expect(await after(10 * MINUTE)).toBe(1);
  expect(await rig.stateOf(id)).toBe('in_doubt');
  expect(await after(70 * HOUR)).toBe(0);
  expect(await after(2 * HOUR)).toBe(1);
  expect(await rig.get(id)).toMatchObject({ status: 'sent', state: 'unknown', status_detail: 'unknown' });
  expect(await rig.count('select count(*) from in_doubt')).toBe(0);
  // A receipt still wins.
  await receive(report(id));
  expect(await rig.get(id)).toMatchObject({ status: 'delivered', state: 'delivered' });
});

test('marketing that the carrier certainly does not have has failed after 10 minutes, and is not counted as sent', async () => {
  await rig.addContact('+13125550154');
  const id = await doubtful({ category: 'marketing' });
  await rig.addUpSends();
  expect(await rig.count('select send_count as count from list_contact_activity')).toBe(1);
  for (const ms of [31 * SECOND, 90 * SECOND]) expect(await after(ms)).toBe(1);
  expect(await rig.stateOf(id)).toBe('in_doubt');
  await after(8 * MINUTE);
  expect(await rig.get(id)).toMatchObject({ status: 'failed', status_detail: 'NOT_ACCEPTED' });
  await rig.addUpSends();
  expect(await rig.count('select send_count as count from list_contact_activity')).toBe(0);
});

test('a transactional message that the carrier certainly does not have goes again while it is not stale', async () => {
  const id = await doubtful();
  await after(31 * SECOND);
  await after(90 * SECOND);
  await after(8 * MINUTE);
  await until('it was submitted again', () => rig.simulator.store.totals().submits === 2);
  await rig.drain();
  const { events } = await rig.get(id);
  expect(events.map(({ state, detail }) => `${state} ${detail}`)).toContain('queued requeued');
  expect(await rig.stateOf(id)).toBe('in_doubt');
});

test('a stale one has failed', async () => {
  await rig.setListSettings(1, { stale_minutes: 5 });
  const id = await doubtful();
  await after(31 * SECOND);
  await after(90 * SECOND);
  await after(8 * MINUTE);
  expect(await rig.get(id)).toMatchObject({ status: 'failed', status_detail: 'NOT_ACCEPTED' });
});

test('in_doubt_resubmit submits once more after 30 seconds, with the same id, and never a third time', async () => {
  await rig.setListSettings(1, { in_doubt_resubmit: true });
  const id = await doubtful();
  await after(31 * SECOND);
  await until('it was submitted again', () => rig.simulator.store.totals().submits === 2);
  await rig.drain();
  await after(31 * SECOND);
  await after(90 * SECOND);
  expect(rig.simulator.store.totals()).toMatchObject({ submits: 2, messages: 1 });
  expect(await rig.stateOf(id)).toBe('in_doubt');
});

test('in_doubt_resubmit leaves marketing alone', async () => {
  await rig.setListSettings(1, { in_doubt_resubmit: true });
  await doubtful({ category: 'marketing' });
  await after(31 * SECOND);
  expect(rig.simulator.store.totals().submits).toBe(1);
});

test('a look-up that finds the message tells its state and keeps the carrier’s id', async () => {
  const slow = await createPipelineRig({ timeScale: 0.5 });
  const [id = ''] = await slow.send({ to: '+13125550168', body: 'Hello' });
  await until('it is in doubt', async () => (await slow.stateOf(id)) === 'in_doubt');
  slow.advance(30 * SECOND);
  expect(await slow.settle()).toBe(1);
  await until('it is settled', async () => ['sent', 'delivered'].includes((await slow.stateOf(id)) ?? ''));
  expect((await slow.get(id)).carrier_message_ids).toHaveLength(1);
  expect(await slow.count('select count(*) from in_doubt')).toBe(0);
  await closeHealthy(slow);
});

test('a late receipt resolves a doubt at once', async () => {
  const id = await doubtful();
  await receive(report(id, { state: 'undelivered', detail: 'EXPIRED', permanent: false }));
  expect(await rig.get(id)).toMatchObject({ status: 'undelivered', status_detail: 'EXPIRED', permanent: false });
  expect(await rig.count('select count(*) from in_doubt')).toBe(0);
});

test('an intermediate receipt ends a doubt as sent', async () => {
  const id = await doubtful();
  await receive(report(id, { state: 'sent', detail: 'PENDING' }));
  expect(await rig.get(id)).toMatchObject({ state: 'sent', status_detail: 'PENDING' });
});

test('of two reports that contradict each other the one with the later carrier time wins, in either order', async () => {
  const [first = '', second = ''] = await rig.send(
    { to: '+13125550159', body: 'One' },
    { to: '+13125550159', body: 'Two' },
  );
  await rig.drain();
  const early = rig.clock();
  const failed = { state: 'undelivered', detail: 'EXPIRED', permanent: false } as const;
  await receive(report(first, { atMs: early }));
  await receive(report(first, { ...failed, atMs: early + 5_000 }));
  await receive(report(second, { ...failed, atMs: early + 5_000 }));
  await receive(report(second, { atMs: early }));
  for (const id of [first, second]) {
    expect(await rig.get(id)).toMatchObject({ state: 'undelivered', status_detail: 'EXPIRED' });
  }
});

test('a receipt for a message that nobody knows changes nothing', async () => {
  await receive(report(rig.ids.encode(123_456_789)), report('not an id'), report('', { messageId: null }));
  expect(await rig.count('select count(*) from message')).toBe(0);
});

test('a sandbox message that was under way when its worker died goes again to the sandbox alone', async () => {
  const idle = await createPipelineRig({ started: false });
  const sandbox = { ...idle.caller, key: { ...idle.caller.key, sandbox: true } };
  idle.startLanding();
  idle.startApplying();
  const [id = ''] = await idle.sendAs(sandbox, [{ to: '+13125550142', body: 'Hello' }]);
  const number = idle.ids.decode(id.replace('sandbox_', ''));
  const worker = await idle.startSending();
  await idle.drain();
  await worker.stop();
  // What a crash between the record and the answer leaves behind.
  await idle.pool.query('update message set state = 3, detail = null, final_ms = null where number = $1', [number]);
  await idle.pool.query('update message_count set count = 0 where state = 7');
  await idle.pool.query(
    'insert into message_count values (1, 3, 1) on conflict (list_id, state) do update set count = 1',
  );
  await idle.pool.query('insert into submission values (1, 1, 1, array[$1::bigint], 0, 0)', [number]);
  expect(await idle.recover()).toBe(1);
  await idle.startSending();
  idle.advance(31 * SECOND);
  await idle.settle();
  await until('it is delivered', async () => (await idle.get(id)).state === 'delivered');
  expect(idle.simulator.store.totals().submits).toBe(0);
  await closeHealthy(idle);
});

test('an answer that could not be recorded for longer than the lease leaves a doubt, whatever is answered after it', async () => {
  // The database refuses one of the answers, and only that.
  await rig.pool.query(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'away'; end $$;
    create trigger refuse before update on message for each row when (new.state = ${MESSAGE_STATES.sent})
      execute function refuse()`);
  const [taken = '', silent = ''] = await rig.send(
    { to: '+13125550159', body: 'Hello' },
    { to: '+13125550154', body: 'Hello' },
  );
  await until('the answer could not be recorded', () => rig.errors.length > 0);
  rig.advance(LEASE_MS + SECOND);
  await until('the later answer is recorded', async () => (await rig.stateOf(silent)) === 'in_doubt');
  await rig.pool.query('drop function refuse cascade');
  expect(await rig.stateOf(taken)).toBe('submitting');
  rig.errors.length = 0;

  rig.advance(LEASE_MS + SECOND);
  expect(await rig.recover()).toBe(1);
  expect(await rig.stateOf(taken)).toBe('in_doubt');
  await after(30 * SECOND);
  expect(await rig.get(taken)).toMatchObject({ state: 'sent' });
});
