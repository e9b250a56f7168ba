import { afterEach, beforeEach, expect, test } from 'vitest';
import { preflight } from '../../src/pipeline/index.ts';
import { LANES } from '../../src/pipeline/batch.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';

let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

const TO = '+13125550142';

/** Sends, waits until everything came to rest, and gives what became of each message. */
async function outcomes(...messages: readonly Readonly<Record<string, unknown>>[]): Promise<string[]> {
  const ids = await rig.send(...messages);
  await rig.drain();
  const views = await Promise.all(ids.map((id) => rig.get(id)));
  return views.map((view) => (view.status === 'dropped' ? `dropped ${view.status_detail}` : view.state));
}

async function decisionsOf(id: string): Promise<Record<string, string>> {
  const { decisions } = await rig.get(id);
  return Object.fromEntries(decisions.map(({ check, result }) => [check, result]));
}

const PASSED = {
  account: 'pass',
  list: 'pass',
  list_status: 'pass',
  verified: 'pass',
  stale: 'pass',
  render: 'pass',
  blocked_words: 'pass',
  contact: 'pass',
  duplicate: 'pass',
  quiet_hours: 'exempt',
};

test('a message that passes every check keeps its decisions', async () => {
  const [id = ''] = await rig.send({ to: TO, body: 'Hello' });
  await rig.drain();
  expect(await decisionsOf(id)).toEqual(PASSED);
});

test('a message of a suspended account is dropped', async () => {
  const ids = await rig.send({ to: TO, body: 'Hello', send_at: new Date(rig.clock() + 60_000).toISOString() });
  await rig.setAccount({ status: 'suspended' });
  rig.advance(60_001);
  await rig.drain();
  expect(await rig.get(ids[0] ?? '')).toMatchObject({ status: 'dropped', status_detail: 'account_suspended' });
  expect(await decisionsOf(ids[0] ?? '')).toEqual({ account: 'drop' });
});

test.each(['paused', 'suspended', 'deleted'])('a message of a %s list is dropped', async (status) => {
  const [id = ''] = await rig.send({ to: TO, body: 'Hello', send_at: new Date(rig.clock() + 60_000).toISOString() });
  await rig.setList(1, { status });
  rig.advance(60_001);
  await rig.drain();
  expect(await rig.get(id)).toMatchObject({ status: 'dropped', status_detail: 'inactive_list' });
  expect(await decisionsOf(id)).toEqual({ account: 'pass', list: 'pass', list_status: 'drop' });
});

test('a message of a list that lost its verification is dropped', async () => {
  const [id = ''] = await rig.send({ to: TO, body: 'Hello', send_at: new Date(rig.clock() + 60_000).toISOString() });
  await rig.setList(1, { verified: false });
  rig.advance(60_001);
  await rig.drain();
  expect(await rig.get(id)).toMatchObject({ status: 'dropped', status_detail: 'webhook_not_configured' });
});

test('a message without a list is orphaned', async () => {
  const json = JSON.stringify({ to: TO, body: 'Hello' });
  const [number = 0] = await rig.accept.accept(0, false, [{ listId: 99, lane: LANES.transactional, dueMs: 0, json }]);
  await rig.drain();
  const { rows } = await rig.pool.query('select state, detail from message where number = $1', [number]);
  expect(rows).toEqual([{ state: 12, detail: 'orphan' }]);
});

test('a message that waited longer than the list allows is dropped, and holds no one up', async () => {
  await rig.setListSettings(1, { stale_minutes: 1 });
  const idle = await createPipelineRig({ started: false });
  await idle.setListSettings(1, { stale_minutes: 1 });
  const [old = ''] = await idle.send({ to: TO, body: 'Old' });
  idle.startLanding();
  idle.startApplying();
  idle.advance(60_001);
  const [fresh = ''] = await idle.send({ to: TO, body: 'Fresh' });
  await idle.startSending();
  await idle.drain();
  expect(await idle.get(old)).toMatchObject({ status: 'dropped', status_detail: 'stale' });
  expect(await idle.stateOf(fresh)).toBe('delivered');
  await closeHealthy(idle);
});

test('the clock of staleness starts at the time to send at', async () => {
  await rig.setListSettings(1, { stale_minutes: 1 });
  const [id = ''] = await rig.send({ to: TO, body: 'Later', send_at: new Date(rig.clock() + 600_000).toISOString() });
  await rig.drain();
  expect(await rig.get(id)).toMatchObject({ status: 'queued', state: 'scheduled', status_detail: 'scheduled' });
  rig.advance(600_500);
  await rig.drain();
  expect(await rig.stateOf(id)).toBe('delivered');
});

test('blocked words of the built-in list and of the account', async () => {
  expect(await outcomes({ to: TO, body: 'Buy BITCOIN now' }, { to: TO, body: 'Free kittens' })).toEqual([
    'dropped blocked_content',
    'delivered',
  ]);
  await rig.setAccountSettings({ blocked_words: ['kittens'] });
  expect(await outcomes({ to: TO, body: 'Buy bitcoin today' }, { to: TO, body: 'Sweet Kittens!' })).toEqual([
    'delivered',
    'dropped blocked_content',
  ]);
});

test('a blocked word that a macro brings in counts', async () => {
  const contact_data = { first_name: 'Ethereum' };
  expect(await outcomes({ to: TO, body: 'Hi {{first_name}}', contact_data })).toEqual(['dropped blocked_content']);
});

test('who unsubscribed gets nothing, and who is blocked neither', async () => {
  await rig.addContact('+13125550201', { active: false, reason: 'message', unsubscribed_ms: rig.clock() });
  await rig.addContact('+13125550202');
  await rig.pool.query('insert into list_block (list_id, phone, created_ms) values (1, 13125550203, 0)');
  expect(
    await outcomes(
      { to: '+13125550201', body: 'Hello' },
      { to: '+13125550202', body: 'Hello' },
      { to: '+13125550203', body: 'Hello' },
      { to: '+13125550204', body: 'Hello' },
    ),
  ).toEqual(['dropped contact_blocked', 'delivered', 'dropped contact_blocked', 'delivered']);
});

test('who wrote first without consent may be answered and not be marketed to', async () => {
  await rig.addContact(TO, { active: false, reason: 'no_consent' });
  expect(await outcomes({ to: TO, body: 'An answer' }, { to: TO, body: 'An offer', category: 'marketing' })).toEqual([
    'delivered',
    'dropped contact_blocked',
  ]);
});

test('skip_contact_validation goes to everybody and says so', async () => {
  await rig.addContact(TO, { active: false, reason: 'message' });
  const [id = ''] = await rig.send({ to: TO, body: 'Your code', skip_contact_validation: true });
  await rig.drain();
  expect(await rig.stateOf(id)).toBe('delivered');
  expect(await decisionsOf(id)).toEqual({ ...PASSED, contact: 'exempt' });
});

test('an opt-out that comes while a message waits for another try stops it and takes its count back', async () => {
  await rig.addContact('+13125550152');
  const [id = ''] = await rig.send({ to: '+13125550152', body: 'Hello' });
  await rig.drain();
  await rig.addUpSends();
  expect(await rig.count('select send_count as count from list_contact_activity')).toBe(1);
  await rig.pool.query(`update list_contact set active = false, reason = 'message'`);
  await rig.drainRetries();
  expect(await rig.get(id)).toMatchObject({ status: 'dropped', status_detail: 'contact_blocked' });
  await rig.addUpSends();
  expect(await rig.count('select send_count as count from list_contact_activity')).toBe(0);
});

test('an opt-out or a block that comes after the gate and before the carrier stops the message', async () => {
  await rig.addContact('+13125550231');
  await rig.addContact('+13125550233');
  // Committed with the mark: later than the gate looked, earlier than anything goes out.
  await rig.pool.query(`
    create function stop_two() returns trigger language plpgsql as $$ begin
      update list_contact set active = false, reason = 'message' where phone in (13125550231, 13125550233);
      insert into list_block (list_id, phone, created_ms) values (1, 13125550232, 0) on conflict do nothing;
      return null;
    end $$;
    create trigger stop_two after insert on submission execute function stop_two()`);
  const ids = await rig.send(
    { to: '+13125550231', body: 'Hello' },
    { to: '+13125550232', body: 'Hello' },
    { to: '+13125550233', body: 'Your code', skip_contact_validation: true },
    { to: '+13125550234', body: 'Hello' },
  );
  await rig.drainRetries();
  expect(await Promise.all(ids.map((id) => rig.stateOf(id)))).toEqual(['dropped', 'dropped', 'delivered', 'delivered']);
  expect(await rig.get(ids[0] ?? '')).toMatchObject({ status_detail: 'contact_blocked' });
  expect(rig.simulator.store.totals()).toMatchObject({ submits: 2, messages: 2 });
  await rig.addUpSends();
  const { rows } = await rig.pool.query('select phone, send_count from list_contact_activity order by phone');
  expect(rows).toEqual([
    { phone: 13_125_550_231, send_count: 0 },
    { phone: 13_125_550_233, send_count: 1 },
  ]);
});

test('a send counts once for the contact, a refused one not at all', async () => {
  await rig.addContact(TO);
  await rig.addContact('+13125550150');
  await outcomes({ to: TO, body: 'One' }, { to: TO, body: 'Two' }, { to: '+13125550150', body: 'One' });
  await rig.addUpSends();
  const { rows } = await rig.pool.query('select phone, send_count from list_contact_activity order by phone');
  expect(rows).toEqual([
    { phone: 13_125_550_142, send_count: 2 },
    { phone: 13_125_550_150, send_count: 0 },
  ]);
});

test('the same text to the same number is a duplicate within a batch and across batches', async () => {
  expect(await outcomes({ to: TO, body: 'Hello' }, { to: TO, body: 'Hello' }, { to: TO, body: 'Hello!' })).toEqual([
    'delivered',
    'dropped duplicate',
    'delivered',
  ]);
  expect(await outcomes({ to: TO, body: 'Hello' }, { to: '+13125550143', body: 'Hello' })).toEqual([
    'dropped duplicate',
    'delivered',
  ]);
});

test('a text may be sent again after the window, which a dropped repeat does not make longer', async () => {
  await outcomes({ to: TO, body: 'Hello' });
  rig.advance(299_000);
  expect(await outcomes({ to: TO, body: 'Hello' })).toEqual(['dropped duplicate']);
  rig.advance(2_000);
  expect(await outcomes({ to: TO, body: 'Hello' })).toEqual(['delivered']);
});

test('the window of the list goes before that of the account, and 0 switches the check off', async () => {
  await rig.setListSettings(1, { dedupe_window_seconds: 0 });
  expect(await outcomes({ to: TO, body: 'Hello' }, { to: TO, body: 'Hello' })).toEqual(['delivered', 'delivered']);
  await rig.setListSettings(1, { dedupe_window_seconds: 600 });
  rig.advance(400_000);
  expect(await outcomes({ to: TO, body: 'Hello' })).toEqual(['dropped duplicate']);
});

test('a text that reached nobody makes no duplicate', async () => {
  expect(await outcomes({ to: '+13125550150', body: 'Hello' })).toEqual(['failed']);
  expect(await outcomes({ to: '+13125550150', body: 'Hello' })).toEqual(['failed']);
  await rig.addContact(TO, { active: false, reason: 'message' });
  expect(await outcomes({ to: TO, body: 'Hello' }, { to: TO, body: 'Hello', skip_contact_validation: true })).toEqual([
    'dropped contact_blocked',
    'delivered',
  ]);
});

test('skip_duplicate_check sends again', async () => {
  const [, second = ''] = await rig.send(
    { to: TO, body: 'Hello' },
    { to: TO, body: 'Hello', skip_duplicate_check: true },
  );
  await rig.drain();
  expect(await rig.stateOf(second)).toBe('delivered');
  expect(await decisionsOf(second)).toEqual({ ...PASSED, duplicate: 'exempt' });
});

test('texts are compared with their macros filled and their message id as written', async () => {
  expect(
    await outcomes(
      { to: TO, body: 'Hi {{first_name}}', contact_data: { first_name: 'Ann' } },
      { to: TO, body: 'Hi Ann' },
      { to: TO, body: 'Hi {{first_name}}', contact_data: { first_name: 'Bob' } },
      { to: TO, body: 'Code {{messageId}}' },
      { to: TO, body: 'Code {{messageId}}' },
    ),
  ).toEqual(['delivered', 'dropped duplicate', 'delivered', 'delivered', 'dropped duplicate']);
});

test('sandbox messages and real ones are no duplicates of each other, and no carrier sees the first', async () => {
  const sandbox = { ...rig.caller, key: { ...rig.caller.key, sandbox: true } };
  const [simulated = ''] = await rig.sendAs(sandbox, [{ to: TO, body: 'Hello' }]);
  await rig.drain();
  expect(await rig.get(simulated)).toMatchObject({ state: 'delivered', simulated: true });
  expect(rig.simulator.store.totals().submits).toBe(0);
  expect(await outcomes({ to: TO, body: 'Hello' })).toEqual(['delivered']);
  expect(rig.simulator.store.totals().submits).toBe(1);
});

test('a text that macros make too long or empty is dropped', async () => {
  const long = { custom_fields: { text: 'x'.repeat(255) } };
  expect(
    await outcomes(
      { to: TO, body: '{{text}}'.repeat(7), contact_data: long },
      { to: TO, body: '{{text}}'.repeat(6), contact_data: long },
      { to: TO, body: '{{nothing}}' },
    ),
  ).toEqual(['dropped body_too_long', 'delivered', 'dropped empty_body']);
});

test('links of a list that lost its domain are not sent', async () => {
  await rig.setListSettings(1, { shortener_domain: 'go.example' });
  const send_at = new Date(rig.clock() + 60_000).toISOString();
  const [id = ''] = await rig.send({ to: TO, body: 'See https://a.example/x', wrap_links: true, send_at });
  await rig.setListSettings(1, { shortener_domain: null });
  rig.advance(60_001);
  await rig.drain();
  expect(await rig.get(id)).toMatchObject({ status: 'dropped', status_detail: 'no_domain_configured', body: null });
});

/** Runs the dry run of a message of the demo list. */
function dryRun(message: Readonly<Record<string, unknown>>): ReturnType<typeof preflight> {
  const { directory, gate, clock, caller } = rig;
  const account = directory.account(caller.account.id) ?? caller.account;
  const item = { listId: 1, lane: LANES.transactional, dueMs: 0, json: JSON.stringify(message) };
  return preflight({ directory, gate, clock }, { ...caller, account }, item);
}

test('a dry run lists every reason in the order of the gate and keeps nothing', async () => {
  await outcomes({ to: TO, body: 'Buy bitcoin', skip_contact_validation: true });
  await rig.addContact(TO, { active: false, reason: 'message', unsubscribed_ms: Date.UTC(2026, 9, 30, 9, 12) });
  await rig.setList(1, { status: 'paused' });
  const before = await rig.count('select count(*) from message');
  const answer = await dryRun({ to: TO, body: 'Buy bitcoin' });
  expect(answer).toMatchObject({ would_send: false, outcome: 'dropped', rendered_body: 'Buy bitcoin', segments: 1 });
  expect(answer.reasons).toEqual([
    { code: 'inactive_list', detail: 'paused' },
    { code: 'blocked_content', detail: 'bitcoin' },
    { code: 'contact_blocked', detail: 'unsubscribed from this list on 2026-10-30T09:12:00.000Z' },
  ]);
  expect(await rig.count('select count(*) from message')).toBe(before);
  expect(await rig.count('select count(*) from outbound_batch')).toBe(0);
});

test('a dry run of what may go says so, with its price and placeholders for its links', async () => {
  await rig.setListSettings(1, { shortener_domain: 'go.example' });
  const answer = await dryRun({ to: TO, body: 'See https://a.example/x', wrap_links: true });
  expect(answer).toMatchObject({
    success: true,
    would_send: true,
    outcome: 'send',
    reasons: [],
    hold: null,
    provider: 'simulator',
    rendered_body: 'See https://go.example/XXXXXXX',
    cost: { amount: 0.0045, currency: 'USD' },
  });
  expect(Object.fromEntries(answer.decisions.map(({ check, result }) => [check, result]))).toEqual(PASSED);
  expect(await rig.count('select count(*) from link_range')).toBe(0);
});

test('a dry run finds a duplicate of what was just sent', async () => {
  await outcomes({ to: TO, body: 'Hello' });
  expect((await dryRun({ to: TO, body: 'Hello' })).reasons).toEqual([{ code: 'duplicate', detail: null }]);
  expect((await dryRun({ to: TO, body: 'Hello', skip_duplicate_check: true })).would_send).toBe(true);
});
