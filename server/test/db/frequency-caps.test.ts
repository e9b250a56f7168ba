import { afterEach, beforeEach, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/lib/clock.ts';
import { preflight } from '../../src/pipeline/index.ts';
import { LANES } from '../../src/pipeline/batch.ts';
import { MESSAGE_STATES, type MessageState } from '../../src/pipeline/message-state.ts';
import { goToEndOfHold, goToHour, marketing, sendMarketing, submitsOf } from '../helpers/marketing.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

const FLORIDA = '+13055550142';
const OKLAHOMA = '+14055550142';
const NEW_YORK = '+12125550142';
const OTHER_LIST = '+18445550199';
let rig: PipelineRig;
let otherId: number;

beforeEach(async () => {
  rig = await createPipelineRig({ quietHours: true, started: false });
  otherId = await rig.addList(OTHER_LIST);
  rig.startLanding();
  rig.startApplying();
  // Day in all of America.
  goToHour(rig, 19);
});
afterEach(() => closeHealthy(rig));

async function sendFromOther(...messages: Readonly<Record<string, unknown>>[]): Promise<string[]> {
  return await rig.sendAs(rig.caller, messages, OTHER_LIST);
}

const STATES = [
  ['Florida, by its area code', FLORIDA, undefined, 'US-FL-CAP'],
  ['Oklahoma, by its area code', OKLAHOMA, undefined, 'US-OK-CAP'],
  ['Florida, by what the contact says', NEW_YORK, 'fl', 'US-FL-CAP'],
  ['Oklahoma, by what the contact says', NEW_YORK, 'OK', 'US-OK-CAP'],
] as const;

test.each(STATES)(
  '%s: three marketing messages in 24 hours from an account, over all of its lists',
  async (_where, to, state, rule) => {
    for (const listId of [1, otherId]) {
      if (state !== undefined) await rig.addContact(to, { list_id: listId, custom_fields: { state } });
    }
    await rig.startSending();
    const firstMs = rig.clock();
    const first = await sendMarketing(rig, to);
    const [second = ''] = await sendFromOther(marketing(to));
    await rig.drain();
    const [third = '', fourth = ''] = await rig.send(marketing(to), marketing(to));
    const [fifth = ''] = await sendFromOther(marketing(to));
    await rig.drain();
    expect([await rig.stateOf(first), await rig.stateOf(second)]).toEqual(['delivered', 'delivered']);
    const states = await Promise.all([third, fourth, fifth].map((id) => rig.stateOf(id)));
    expect(states.map(String).toSorted()).toEqual(['delivered', 'held', 'held']);
    const waiting = [third, fourth, fifth].filter((_, index) => states[index] === 'held');
    const held = await rig.get(waiting[0] ?? '');
    expect(held).toMatchObject({ state: 'held', status_detail: 'frequency_rule' });
    expect(held.hold).toMatchObject({ reason: 'frequency_rule', rule });
    expect(held.decisions.at(-1)).toEqual({
      check: 'quiet_hours',
      result: 'hold',
      code: 'frequency_rule',
      rule,
      rule_version: 1,
    });
    // Until the oldest of the three is a day old.
    const untilMs = Date.parse(held.hold?.until ?? '');
    expect(untilMs).toBe(Date.parse((await rig.get(first)).times.sent_at ?? '') + DAY_MS);
    expect(Math.abs(untilMs - firstMs - DAY_MS)).toBeLessThan(MINUTE_MS);
    expect(await rig.stateOf(await sendMarketing(rig, to, { category: 'transactional' }))).toBe('delivered');

    rig.advance(DAY_MS + MINUTE_MS);
    await rig.drain();
    for (const id of waiting) {
      const sent = await rig.get(id);
      expect(sent).toMatchObject({ state: 'delivered', hold: null });
      expect(sent.decisions.at(-1)).toEqual({ check: 'quiet_hours', result: 'pass', rule, rule_version: 1 });
      expect(submitsOf(rig, id)).toBe(1);
    }
  },
);

test('two lists and two workers that send to the same people at once stay within the caps together', async () => {
  const people = Array.from({ length: 60 }, (_, n) => `+1${n % 2 === 0 ? 305 : 405}555${1_000 + n}`);
  const texts = [...people, ...people, ...people];
  // Small batches, so that there are many of both lists; the other way round, so that locks in no order would meet.
  const ids: string[] = [];
  for (let at = 0; at < texts.length; at += 9) {
    ids.push(...(await rig.send(...texts.slice(at, at + 9).map((to) => marketing(to)))));
    const others = texts.slice(at, at + 9).toReversed();
    ids.push(...(await sendFromOther(...others.map((to) => marketing(to)))));
  }
  await until('all have landed', async () => (await countWaiting()) === ids.length);
  await Promise.all([rig.startSending(), rig.startSending()]);
  await rig.drain();
  const { rows } = await rig.pool.query<{ phone: string; left: number; held: number }>(
    `select '+' || phone as phone, (count(*) filter (where submitted_ms is not null))::integer as left,
       (count(*) filter (where state = $1))::integer as held
     from message group by phone order by phone`,
    [MESSAGE_STATES.held],
  );
  expect(rows).toEqual(people.toSorted().map((phone) => ({ phone, left: 3, held: 3 })));
  expect(ids.filter((id) => submitsOf(rig, id) > 0)).toHaveLength(3 * people.length);
  // And the others a day later, once.
  rig.advance(DAY_MS + MINUTE_MS);
  await rig.drain();
  expect(ids.map((id) => submitsOf(rig, id))).toEqual(ids.map(() => 1));
});

async function countWaiting(): Promise<number> {
  return await rig.count('select coalesce(sum(count), 0) as count from outbound_batch');
}

test('a list that cancels drops what is one too many, with the rule', async () => {
  await rig.startSending();
  await rig.setListSettings(1, { quiet_hours_mode: 'cancel' });
  const ids = await rig.send(marketing(OKLAHOMA), marketing(OKLAHOMA), marketing(OKLAHOMA), marketing(OKLAHOMA));
  await rig.drain();
  const dropped = await rig.get(ids.at(-1) ?? '');
  expect(dropped).toMatchObject({ state: 'dropped', status_detail: 'frequency_rule', hold: null });
  expect(dropped.decisions.at(-1)).toEqual({
    check: 'quiet_hours',
    result: 'drop',
    code: 'frequency_rule',
    rule: 'US-OK-CAP',
    rule_version: 1,
  });
});

test('what no carrier took does not count, what may have been taken does', async () => {
  await rig.startSending();
  const ids = await rig.send(marketing(FLORIDA), marketing(FLORIDA), marketing(FLORIDA));
  await rig.drain();
  const setState = (state: MessageState): Promise<unknown> =>
    rig.pool.query('update message set state = $1 where number = $2', [
      MESSAGE_STATES[state],
      rig.ids.decode(ids[0] ?? ''),
    ]);
  const outcomes: Record<string, string> = {};
  for (const state of Object.keys(MESSAGE_STATES) as MessageState[]) {
    await setState(state);
    outcomes[state] = (await dryRun(FLORIDA)).outcome;
  }
  await setState('delivered');
  expect(outcomes).toEqual({
    scheduled: 'send',
    queued: 'send',
    held: 'send',
    submitting: 'hold',
    sent: 'hold',
    in_doubt: 'hold',
    unknown: 'hold',
    delivered: 'hold',
    undelivered: 'hold',
    failed: 'send',
    dropped: 'send',
    cancelled: 'send',
    orphaned: 'send',
  });
});

test('a message counts from when its carrier took it, and lists that were deleted since count too', async () => {
  await rig.startSending();
  const [slow = ''] = await sendFromOther(marketing(FLORIDA));
  await rig.drain();
  await rig.send(marketing(FLORIDA), marketing(FLORIDA));
  await rig.drain();
  await rig.pool.query('update message set sent_ms = sent_ms + $1 where number = $2', [HOUR_MS, rig.ids.decode(slow)]);
  await rig.setList(otherId, { status: 'deleted' });
  const { hold } = await dryRun(FLORIDA);
  const sentMs = (await rig.pool.query<{ ms: number }>('select min(sent_ms) as ms from message where list_id = 1'))
    .rows;
  expect(Date.parse(hold?.until ?? '')).toBe((sentMs[0]?.ms ?? 0) + DAY_MS);
});

test('a preflight tells the cap, and counts nothing itself', async () => {
  await rig.startSending();
  await rig.send(marketing(OKLAHOMA), marketing(OKLAHOMA));
  await rig.drain();
  for (let n = 0; n < 3; n++) expect(await dryRun(OKLAHOMA)).toMatchObject({ outcome: 'send', hold: null });
  await sendMarketing(rig, OKLAHOMA);
  const answer = await dryRun(OKLAHOMA);
  expect(answer).toMatchObject({
    would_send: true,
    outcome: 'hold',
    reasons: [{ code: 'frequency_rule' }],
    hold: { reason: 'frequency_rule', rule: 'US-OK-CAP' },
  });
  expect(answer.decisions.at(-1)).toEqual({
    check: 'quiet_hours',
    result: 'hold',
    code: 'frequency_rule',
    rule: 'US-OK-CAP',
    rule_version: 1,
  });
  await rig.setListSettings(1, { quiet_hours_mode: 'cancel' });
  expect(await dryRun(OKLAHOMA)).toMatchObject({ would_send: false, outcome: 'dropped', hold: null });
  expect(await dryRun(NEW_YORK)).toMatchObject({ outcome: 'send' });
  await rig.setListSettings(1, { quiet_hours: false });
  expect(await dryRun(OKLAHOMA)).toMatchObject({ outcome: 'send' });
});

test('a hold of a cap that ends outside the hours goes on until the morning', async () => {
  await rig.startSending();
  await rig.send(marketing(FLORIDA), marketing(FLORIDA), marketing(FLORIDA));
  await rig.drain();
  const fourth = await sendMarketing(rig, FLORIDA);
  expect((await rig.get(fourth)).hold).toMatchObject({ reason: 'frequency_rule' });
  // A day later is in the afternoon, where the contact was; at noon they moved to where it is night then.
  await rig.addContact(FLORIDA);
  await rig.pool.query(`update account_contact set timezone = 'Asia/Tokyo' where phone = $1`, [FLORIDA.slice(1)]);
  await goToEndOfHold(rig, fourth);
  expect((await rig.get(fourth)).hold).toMatchObject({ reason: 'quiet_hours', rule: 'US-FED-HOURS' });
  await goToEndOfHold(rig, fourth);
  const { state, events } = await rig.get(fourth);
  expect([state, submitsOf(rig, fourth)]).toEqual(['delivered', 1]);
  expect(events.filter((event) => event.state === 'held').map((event) => event.detail)).toEqual([
    'frequency_rule',
    'quiet_hours',
  ]);
});

function dryRun(to: string) {
  const json = JSON.stringify({ to, body: 'Hello', category: 'marketing' });
  return preflight(rig, rig.caller, { listId: 1, lane: LANES.marketing, dueMs: 0, json });
}
