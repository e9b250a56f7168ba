import fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/lib/clock.ts';
import { addRedirects } from '../../src/redirector/add-redirects.ts';
import { LANES } from '../../src/pipeline/batch.ts';
import { claimBatches } from '../../src/store/outbound-batch-store.ts';
import { goToEndOfHold, goToHour, marketing, sendMarketing, submitsOf } from '../helpers/marketing.ts';
import { closeHealthy, createPipelineRig, type PipelineRig, type SendingWorker } from '../helpers/pipeline-rig.ts';

const NEW_YORK = '+12125550142';
let rig: PipelineRig;
let worker: SendingWorker;

beforeEach(async () => {
  rig = await createPipelineRig({ quietHours: true, started: false });
  rig.startLanding();
  rig.startApplying();
  worker = await rig.startSending();
  await rig.addContact(NEW_YORK);
  // Night in all of America.
  goToHour(rig, 6);
});
afterEach(() => closeHealthy(rig));

async function hold(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const id = await sendMarketing(rig, NEW_YORK, more);
  expect(await rig.stateOf(id)).toBe('held');
  return id;
}

async function untilOf(id: string): Promise<number> {
  return Date.parse((await rig.get(id)).hold?.until ?? '');
}

/** Delivered, and handed to the carrier once. */
async function expectSentOnce(id: string): Promise<void> {
  expect([await rig.stateOf(id), submitsOf(rig, id)]).toEqual(['delivered', 1]);
}

test('what is held goes once when the hours begin, though they begin for many and several workers look', async () => {
  const ids = await rig.send(...Array.from({ length: 300 }, (_, n) => marketing(`+1212555${1_000 + n}`)));
  await rig.drain();
  expect(await rig.count('select count(*) from message where hold_until_ms is not null')).toBe(300);
  await Promise.all([rig.startSending(), rig.startSending()]);
  await goToEndOfHold(rig, ids[0] ?? '');
  for (const id of ids) expect(submitsOf(rig, id)).toBe(1);
  rig.advance(HOUR_MS);
  await rig.drain();
  for (const id of ids) expect(submitsOf(rig, id)).toBe(1);
});

test('a hold outlives the process, also one that dies when the hours begin', async () => {
  const id = await hold();
  const untilMs = await untilOf(id);
  await worker.stop();
  rig.advance(untilMs - rig.clock() + MINUTE_MS);
  // Somebody claims it and is never heard of again.
  const request = { listId: 1, lane: LANES.marketing, workerId: 77, leaseMs: 60_000, messages: 10 };
  const claimed = await claimBatches(rig.pool, { ...request, nowMs: rig.clock(), createdBeforeMs: rig.clock() });
  expect(claimed).toHaveLength(1);
  rig.advance(2 * MINUTE_MS);
  await rig.startSending();
  await rig.drain();
  await expectSentOnce(id);
});

test('a clock that goes back makes a held message wait for its time again, and sends none twice', async () => {
  const [first, second] = [await hold(), await hold({ contact_data: { timezone: 'America/Los_Angeles' } })];
  const [firstMs, secondMs] = [await untilOf(first), await untilOf(second)];
  expect(secondMs - firstMs).toBe(3 * HOUR_MS);
  rig.advance(-2 * HOUR_MS);
  await rig.drain();
  expect([await rig.stateOf(first), await rig.stateOf(second)]).toEqual(['held', 'held']);
  await goToEndOfHold(rig, first);
  await expectSentOnce(first);
  // Back into the night before.
  rig.advance(-12 * HOUR_MS);
  await rig.drain();
  expect([submitsOf(rig, first), await rig.stateOf(second)]).toEqual([1, 'held']);
  rig.advance(secondMs - rig.clock() + 20 * MINUTE_MS);
  await rig.drain();
  await expectSentOnce(first);
  await expectSentOnce(second);
});

test('a clock that jumps past the beginning of the hours by more than the list lets messages wait drops them', async () => {
  const id = await hold();
  rig.advance((await untilOf(id)) - rig.clock() + 45 * MINUTE_MS);
  await rig.drain();
  expect(await rig.get(id)).toMatchObject({ state: 'dropped', status_detail: 'stale', hold: null });
  expect(submitsOf(rig, id)).toBe(0);
});

test('a list that drops from now on sends what it holds, unless that may still not go when its time comes', async () => {
  const [goes, moves] = [await hold(), await hold({ to: '+12125550143' })];
  await rig.addContact('+12125550143');
  await rig.setListSettings(1, { quiet_hours_mode: 'cancel' });
  await rig.pool.query(`update account_contact set timezone = 'Pacific/Honolulu' where phone = 12125550143`);
  await goToEndOfHold(rig, goes);
  await expectSentOnce(goes);
  const dropped = await rig.get(moves);
  expect(dropped).toMatchObject({ state: 'dropped', status_detail: 'quiet_hours', hold: null });
  expect(dropped.decisions.at(-1)).toMatchObject({ result: 'drop', code: 'quiet_hours', rule: 'US-FED-HOURS' });
});

test('a list that has no quiet hours any more sends what it holds at the time that was told', async () => {
  const id = await hold();
  await rig.setListSettings(1, { quiet_hours: false });
  rig.advance(HOUR_MS);
  await rig.drain();
  expect(await rig.stateOf(id)).toBe('held');
  await goToEndOfHold(rig, id);
  await expectSentOnce(id);
});

test('who moves west during the hold is not woken: the place is looked at again', async () => {
  const id = await hold();
  await rig.pool.query(`update account_contact set timezone = 'America/Los_Angeles' where phone = $1`, [
    NEW_YORK.slice(1),
  ]);
  const firstMs = await untilOf(id);
  await goToEndOfHold(rig, id);
  expect((await untilOf(id)) - firstMs).toBe(3 * HOUR_MS);
  await goToEndOfHold(rig, id);
  await expectSentOnce(id);
  const { events } = await rig.get(id);
  expect(events.map(({ state }) => state)).toEqual(['queued', 'held', 'held', 'sent', 'delivered']);
});

test.each([
  ['opted out', `update list_contact set active = false, reason = 'message', unsubscribed_ms = 1 where phone = $1`],
  ['was blocked', `insert into list_block (list_id, phone, created_ms) values (1, $1, 1)`],
])('who %s during the hold gets nothing', async (_what, sql) => {
  const id = await hold();
  await rig.pool.query(sql, [NEW_YORK.slice(1)]);
  await goToEndOfHold(rig, id);
  const dropped = await rig.get(id);
  expect(dropped).toMatchObject({ state: 'dropped', status_detail: 'contact_blocked', hold: null });
  expect(dropped.decisions.find(({ check }) => check === 'contact')).toMatchObject({ result: 'drop' });
  expect(submitsOf(rig, id)).toBe(0);
});

test('a message for later that is due at night waits for the hours, with its text and its links as they were', async () => {
  await rig.setListSettings(1, { shortener_domain: 'go.example' });
  const send_at = new Date(rig.clock() + HOUR_MS).toISOString();
  const id = await sendMarketing(rig, NEW_YORK, { send_at, wrap_links: true, body: 'Sale https://shop.example/x' });
  rig.advance(HOUR_MS + MINUTE_MS);
  await rig.drain();
  const held = await rig.get(id);
  expect(held).toMatchObject({ state: 'held', links: [{ destination_url: 'https://shop.example/x' }] });
  await goToEndOfHold(rig, id);
  await expectSentOnce(id);
  const { body, links } = await rig.get(id);
  expect([body, links]).toEqual([held.body, held.links]);
  await using app = fastify();
  addRedirects(app, rig);
  const url = new URL(links[0]?.short_url ?? '').pathname;
  const answer = await app.inject({ method: 'GET', url, headers: { host: 'go.example' } });
  expect([answer.statusCode, answer.headers.location]).toEqual([302, 'https://shop.example/x']);
});
