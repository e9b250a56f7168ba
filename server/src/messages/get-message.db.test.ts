import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  createInstallation,
  insertRow,
  landBatch,
  START_MS,
  type Installation,
} from '../../test/helpers/message-fixture.ts';
import { createAccount, createKey } from '../accounts/index.ts';
import { DAY_MS } from '../lib/clock.ts';
import { setDecision } from '../pipeline/decisions.ts';
import { toEncodingCode } from '../pipeline/encoding-code.ts';
import { FLAGS } from '../pipeline/flags.ts';
import { MESSAGE_STATES } from '../pipeline/message-state.ts';
import { getMessage } from './get-message.ts';

let installation: Installation;
const idOf = (number: number): string => installation.deps.messageIds.encode(number);
const get = (id: string, caller = installation.caller) => getMessage(installation.deps, caller, { id });

beforeAll(async () => {
  installation = await createInstallation();
});
afterAll(() => installation[Symbol.asyncDispose]());
beforeEach(() => {
  installation.nowMs = START_MS;
  installation.deps.landed = async () => {};
});

test('a delivered message shows its whole life', async () => {
  await insertRow(installation.pool, {
    number: 10,
    state: 'delivered',
    columns: {
      flags: FLAGS.wrap_links | FLAGS.skip_duplicate_check,
      encoding: toEncodingCode('GSM-7'),
      segments: 2,
      characters: 170,
      decisions: setDecision(setDecision(0, 'contact', 'pass'), 'quiet_hours', 'exempt'),
      template: 'Your order {{custom_fields.order}}',
      body: 'Your order 4471',
      metadata: JSON.stringify({ order: '4471' }),
      detail: 'DELIVERED_TO_HANDSET',
      carrier_ids: ['SM5f'],
      submitted_ms: START_MS + 100,
      sent_ms: START_MS + 200,
      final_ms: START_MS + 300,
      updated_ms: START_MS + 400,
      first_link: 5,
      link_count: 2,
    },
  });
  await installation.pool.query(
    `insert into link_range values (1, 4, 3, '{https://a.example,https://b.example,https://c.example}', '{9,10,10}', 0)`,
  );
  await installation.pool.query('insert into message_event values (1, 10, $1, $2, null)', [
    START_MS + 150,
    MESSAGE_STATES.queued,
  ]);
  const message = await get(idOf(10));
  expect(message).toMatchObject({
    id: idOf(10),
    v1_id: `msg_${idOf(10)}`,
    to: '+13125550142',
    list_id: 1,
    list_number: '+18005551000',
    status: 'delivered',
    state: 'delivered',
    status_detail: 'DELIVERED_TO_HANDSET',
    permanent: null,
    body: 'Your order 4471',
    template: 'Your order {{custom_fields.order}}',
    category: 'transactional',
    source: 'api',
    skips: ['skip_duplicate_check'],
    metadata: { order: '4471' },
    encoding: 'GSM-7',
    characters: 170,
    segments: 2,
    provider: 'simulator',
    carrier_message_ids: ['SM5f'],
    cost: { amount: 0.009, currency: 'USD' },
    hold: null,
    simulated: false,
    times: {
      created_at: '2026-11-02T17:04:09.250Z',
      send_at: null,
      submitted_at: '2026-11-02T17:04:09.350Z',
      sent_at: '2026-11-02T17:04:09.450Z',
      final_at: '2026-11-02T17:04:09.550Z',
      updated_at: '2026-11-02T17:04:09.650Z',
    },
    parts: [{ part: 1, carrier_message_id: 'SM5f', state: 'delivered', detail: 'DELIVERED_TO_HANDSET' }],
    decisions: [
      { check: 'contact', result: 'pass' },
      { check: 'quiet_hours', result: 'exempt', rule: null },
    ],
    events: [
      { at: '2026-11-02T17:04:09.250Z', state: 'queued', detail: null },
      { at: '2026-11-02T17:04:09.400Z', state: 'queued', detail: null },
      { at: '2026-11-02T17:04:09.450Z', state: 'sent', detail: null },
      { at: '2026-11-02T17:04:09.550Z', state: 'delivered', detail: 'DELIVERED_TO_HANDSET' },
    ],
  });
  expect(message.links.map((link) => [link.link_id, link.destination_url])).toEqual([
    [installation.deps.linkIds.encode(5), 'https://b.example'],
    [installation.deps.linkIds.encode(6), 'https://c.example'],
  ]);
  expect(await get(`msg_${idOf(10)}`)).toEqual(message);
});

test('parts of a long message are shown one by one', async () => {
  await insertRow(installation.pool, { number: 11, state: 'sent', columns: { carrier_ids: ['A', 'B'], segments: 2 } });
  await installation.pool.query(
    `insert into message_part (list_id, number, part, carrier_id, state, detail) values
     (1, 11, 1, 'A', ${MESSAGE_STATES.delivered}, 'DELIVERED_TO_HANDSET'), (1, 11, 2, 'B', null, null)`,
  );
  expect((await get(idOf(11))).parts).toEqual([
    { part: 1, carrier_message_id: 'A', state: 'delivered', detail: 'DELIVERED_TO_HANDSET' },
    { part: 2, carrier_message_id: 'B', state: 'sent', detail: null },
  ]);
});

test('a held message tells why and until when, a submitting one is shown as queued', async () => {
  const hold = { detail: 'quiet_hours', hold_until_ms: START_MS + 1_000, hold_rule: 'US-FED-HOURS' };
  const decisions = setDecision(0, 'quiet_hours', 'fail');
  await insertRow(installation.pool, { number: 12, state: 'held', columns: { ...hold, decisions } });
  await insertRow(installation.pool, {
    number: 13,
    state: 'submitting',
    columns: { segments: 1, detail: 'THROTTLED' },
  });
  expect(await get(idOf(12))).toMatchObject({
    status: 'queued',
    status_detail: 'quiet_hours',
    hold: { reason: 'quiet_hours', until: '2026-11-02T17:04:10.250Z', rule: 'US-FED-HOURS' },
    decisions: [{ check: 'quiet_hours', result: 'hold', code: 'quiet_hours', rule: 'US-FED-HOURS' }],
    body: null,
  });
  expect(await get(idOf(13))).toMatchObject({
    state: 'queued',
    status_detail: null,
    body: 'Message 13',
    cost: { amount: 0 },
  });
});

test('a dropped message names the check that dropped it', async () => {
  const decisions = setDecision(0, 'contact', 'fail');
  await insertRow(installation.pool, {
    number: 14,
    state: 'dropped',
    columns: { decisions, detail: 'contact_blocked', final_ms: START_MS + 5 },
  });
  expect(await get(idOf(14))).toMatchObject({
    status: 'dropped',
    status_detail: 'contact_blocked',
    decisions: [{ check: 'contact', result: 'drop', code: 'contact_blocked' }],
    events: [{ state: 'queued' }, { state: 'dropped', detail: 'contact_blocked' }],
  });
});

test('a message that waits in a batch is shown from there, scheduled until it is due', async () => {
  const dueMs = START_MS + 60_000;
  const message = { to: '+13125550143', body: 'Hi {{first_name}}', category: 'marketing', metadata: { a: 1 } } as const;
  await landBatch(installation.pool, 100, [message, { to: '+13125550144', body: 'Two', skip_rate_limit: true }], {
    dueMs,
  });
  expect(await get(idOf(100))).toMatchObject({
    to: '+13125550143',
    state: 'scheduled',
    status: 'queued',
    status_detail: 'scheduled',
    body: null,
    template: 'Hi {{first_name}}',
    category: 'marketing',
    metadata: { a: 1 },
    times: { send_at: '2026-11-02T17:05:09.250Z' },
    events: [{ state: 'scheduled' }],
  });
  installation.nowMs = dueMs;
  expect(await get(idOf(101))).toMatchObject({ state: 'queued', skips: ['skip_rate_limit'], status_detail: null });
});

test('a message that has not landed is found once it has', async () => {
  installation.deps.landed = () => landBatch(installation.pool, 200, [{ to: '+13125550143', body: 'Late' }]);
  expect(await get(idOf(200))).toMatchObject({ template: 'Late' });
});

test('a sandbox message answers to its sandbox id only, for 7 days, and costs nothing', async () => {
  await landBatch(installation.pool, 300, [{ to: '+13125550143', body: 'Try' }], { simulated: true });
  await insertRow(installation.pool, {
    number: 301,
    state: 'delivered',
    columns: { flags: FLAGS.simulated, segments: 1 },
  });
  expect(await get(`sandbox_${idOf(300)}`)).toMatchObject({ id: `sandbox_${idOf(300)}`, simulated: true });
  expect(await get(`msg_sandbox_${idOf(301)}`)).toMatchObject({ cost: { amount: 0 } });
  for (const id of [idOf(300), idOf(301), `sandbox_${idOf(10)}`]) {
    await expect(get(id)).rejects.toMatchObject({ code: 'not_found' });
  }
  installation.nowMs = START_MS + 7 * DAY_MS;
  for (const id of [idOf(300), idOf(301)])
    await expect(get(`sandbox_${id}`)).rejects.toMatchObject({ code: 'not_found' });
});

test('unknown, malformed and foreign ids are not found', async () => {
  const account = await createAccount(installation.deps, { name: 'Other', email: 'a@b.example' });
  const { key } = await createKey(installation.deps, { accountId: account.id, name: 'k' });
  await installation.directory.refresh();
  const other = { key: installation.directory.findKey(key)!, account: installation.directory.account(account.id)! };
  await expect(get(idOf(10), other)).rejects.toMatchObject({ code: 'not_found' });
  for (const id of ['', 'x', 'msg_', idOf(999_999), `${idOf(10)} `, 'zzzzzzzz', `msg_msg_${idOf(10)}`]) {
    await expect(get(id)).rejects.toMatchObject({ code: 'not_found' });
  }
});

test('a message that was sent and had no receipt for 72 hours says so, unless its operator has it', async () => {
  const hour = 3_600_000;
  await insertRow(installation.pool, { number: 31, state: 'sent', columns: { sent_ms: START_MS, detail: 'PENDING' } });
  await insertRow(installation.pool, {
    number: 32,
    state: 'sent',
    columns: { sent_ms: START_MS, detail: 'DELIVERED_TO_OPERATOR' },
  });
  installation.nowMs = START_MS + 72 * hour - 1;
  expect(await get(idOf(31))).toMatchObject({ state: 'sent', status_detail: 'PENDING' });
  installation.nowMs = START_MS + 72 * hour;
  expect(await get(idOf(31))).toMatchObject({ state: 'sent', status_detail: 'no_receipt' });
  expect(await get(idOf(32))).toMatchObject({ state: 'sent', status_detail: 'DELIVERED_TO_OPERATOR' });
});
