import { afterEach, beforeEach, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/lib/clock.ts';
import { cancelMessage } from '../../src/messages/index.ts';
import { preflight } from '../../src/pipeline/index.ts';
import { LANES } from '../../src/pipeline/batch.ts';
import { goToEndOfHold, goToHour, sendMarketing } from '../helpers/marketing.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';

const NEW_YORK = '+12125550142';
let rig: PipelineRig;

beforeEach(async () => {
  rig = await createPipelineRig({ quietHours: true });
});
afterEach(() => closeHealthy(rig));

const goTo = (hourUtc: number): void => goToHour(rig, hourUtc);
const send = (to: string, more?: Readonly<Record<string, unknown>>): Promise<string> => sendMarketing(rig, to, more);

// 06:00 UTC is night in all of America, whatever the season; 19:00 UTC is day.
test('marketing is held until the recipient may get it, then goes; reads tell the rule all the while', async () => {
  await rig.addContact(NEW_YORK);
  goTo(6);
  const id = await send(NEW_YORK);
  const held = await rig.get(id);
  expect(held).toMatchObject({
    status: 'queued',
    state: 'held',
    status_detail: 'quiet_hours',
    hold: { reason: 'quiet_hours', rule: 'US-FED-HOURS' },
    times: { final_at: null },
  });
  expect(held.decisions.at(-1)).toEqual({
    check: 'quiet_hours',
    result: 'hold',
    code: 'quiet_hours',
    rule: 'US-FED-HOURS',
    rule_version: 1,
  });
  expect(held.events.at(-1)).toMatchObject({ state: 'held', detail: 'quiet_hours' });
  const untilMs = Date.parse(held.hold?.until ?? '');
  expect(new Date(untilMs).toLocaleTimeString('en-GB', { timeZone: 'America/New_York' })).toBe('08:00:00');
  rig.advance(untilMs - rig.clock() - MINUTE_MS);
  await rig.drain();
  expect(await rig.stateOf(id)).toBe('held');
  rig.advance(2 * MINUTE_MS);
  await rig.drain();
  const sent = await rig.get(id);
  expect(sent).toMatchObject({ status: 'delivered', hold: null });
  expect(sent.decisions.at(-1)).toEqual({
    check: 'quiet_hours',
    result: 'pass',
    rule: 'US-FED-HOURS',
    rule_version: 1,
  });
  await rig.addUpSends();
  expect(
    await rig.count('select send_count as count from list_contact_activity where phone = $1', [NEW_YORK.slice(1)]),
  ).toBe(1);
});

test('an opt-out during the hold stops it', async () => {
  goTo(6);
  const id = await send(NEW_YORK);
  const text = { id: 'in', from: NEW_YORK, to: '', text: 'stop', atMs: rig.clock() };
  await rig.onEvents({ listId: 1, reports: [], inbound: [text] });
  await rig.drain();
  await goToEndOfHold(rig, id);
  expect(await rig.get(id)).toMatchObject({ state: 'dropped', status_detail: 'contact_blocked', hold: null });
});

test('a hold can be cancelled, and what waits longer after it than a list allows is stale', async () => {
  goTo(6);
  const [cancelled, stale] = [await send(NEW_YORK), await send(NEW_YORK)];
  const reading = { ...rig, messageIds: rig.ids, landed: async () => {} };
  await cancelMessage(reading, rig.caller, { id: cancelled });
  expect(await rig.get(cancelled)).toMatchObject({ state: 'cancelled', hold: null });
  goTo(19);
  await rig.drain();
  expect(await rig.get(stale)).toMatchObject({ state: 'dropped', status_detail: 'stale' });
});

test('transactional messages, and lists that switch it off, are exempt', async () => {
  goTo(6);
  const id = await send(NEW_YORK, { category: 'transactional' });
  const { state, decisions } = await rig.get(id);
  expect([state, decisions.at(-1)]).toEqual([
    'delivered',
    { check: 'quiet_hours', result: 'exempt', rule: null, rule_version: null },
  ]);
  await rig.setListSettings(1, { quiet_hours: false });
  expect(await rig.stateOf(await send(NEW_YORK))).toBe('delivered');
});

test('a list can drop instead of waiting', async () => {
  await rig.setListSettings(1, { quiet_hours_mode: 'cancel' });
  goTo(6);
  const message = await rig.get(await send(NEW_YORK));
  expect(message).toMatchObject({ state: 'dropped', status_detail: 'quiet_hours', hold: null });
  expect(message.decisions.at(-1)).toMatchObject({ result: 'drop', rule: 'US-FED-HOURS', rule_version: 1 });
});

test("the message's zone comes before the contact's, and that before the area code's", async () => {
  goTo(6);
  expect(await rig.stateOf(await send(NEW_YORK, { contact_data: { timezone: 'Asia/Tokyo' } }))).toBe('delivered');
  await rig.addContact(NEW_YORK);
  await rig.pool.query(`update account_contact set timezone = 'Asia/Tokyo' where phone = $1`, [NEW_YORK.slice(1)]);
  expect(await rig.stateOf(await send(NEW_YORK))).toBe('delivered');
  const held = await send(NEW_YORK, { contact_data: { timezone: 'America/Chicago' } });
  expect(await rig.stateOf(held)).toBe('held');
  // 13:30 UTC is 08:30 in New York at the latest and 07:30 in Chicago at the earliest: the message keeps its own zone.
  const until = Date.parse((await rig.get(held)).hold?.until ?? '');
  expect(new Date(until).toLocaleTimeString('en-GB', { timeZone: 'America/Chicago' })).toBe('08:00:00');
});

test("rules of the contact's own state hold too", async () => {
  await rig.addContact(NEW_YORK, { custom_fields: { state: 'ky' } });
  goTo(6);
  expect((await rig.get(await send(NEW_YORK))).hold).toMatchObject({ rule: 'US-KY-HOURS' });
});

test('a preflight tells what the gate would do', async () => {
  goTo(6);
  const ask = (category: string, to = NEW_YORK) =>
    preflight(rig, rig.caller, {
      listId: 1,
      lane: LANES.marketing,
      dueMs: 0,
      json: JSON.stringify({ to, body: 'Hello', category }),
    });
  const answer = await ask('marketing');
  expect(answer).toMatchObject({
    would_send: true,
    outcome: 'hold',
    reasons: [{ code: 'quiet_hours' }],
    hold: { reason: 'quiet_hours', rule: 'US-FED-HOURS', until: expect.stringMatching(/T1[23]:00:00.000Z$/) },
  });
  expect(answer.decisions.at(-1)).toEqual({
    check: 'quiet_hours',
    result: 'hold',
    code: 'quiet_hours',
    rule: 'US-FED-HOURS',
    rule_version: 1,
  });
  expect(await ask('transactional')).toMatchObject({ outcome: 'send', hold: null });
  await rig.addContact(NEW_YORK, { active: false, reason: 'message' });
  expect(await ask('marketing')).toMatchObject({
    would_send: false,
    outcome: 'dropped',
    hold: null,
    reasons: [{ code: 'contact_blocked' }, { code: 'quiet_hours' }],
  });
});

test('a preflight of a message for later looks at the hours of that time', async () => {
  goTo(6);
  const ask = (dueMs: number) => {
    const json = JSON.stringify({ to: NEW_YORK, body: 'Hello', category: 'marketing' });
    return preflight(rig, rig.caller, { listId: 1, lane: LANES.marketing, dueMs, json });
  };
  const day = await ask(rig.clock() + 13 * HOUR_MS);
  expect(day).toMatchObject({ outcome: 'send', hold: null });
  expect(day.estimated_delay_seconds).toBeGreaterThan(12 * 3_600);
  const nextNightMs = rig.clock() + DAY_MS;
  const night = await ask(nextNightMs);
  expect(night).toMatchObject({ outcome: 'hold', hold: { reason: 'quiet_hours' } });
  expect(Date.parse(night.hold?.until ?? '')).toBeGreaterThan(nextNightMs);
});
