import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CarrierReport } from '../../src/carriers/carrier.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/lib/clock.ts';
import { conclude } from '../../src/pipeline/contact-effects.ts';
import { MESSAGE_STATES as S } from '../../src/pipeline/message-state.ts';
import { lockIds, registerIds } from '../../src/pipeline/register-ids.ts';
import { withTransaction } from '../../src/store/transaction.ts';
import { closeHealthy, createPipelineRig, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { addEndpointRow, readBodies } from '../helpers/webhook-endpoints.ts';

let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

/** Is taken, and nothing is heard of it that a test does not say. */
const SILENT = '+13125550159';
const ABSENT = 'REJECTED_ABSENT_SUBSCRIBER';
let texts = 0;

async function send(to = SILENT, change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const [id = ''] = await rig.send({ to, body: `No. ${++texts}`, ...change });
  await rig.drain();
  return id;
}

const report = (messageId: string, change: Partial<CarrierReport> = {}): CarrierReport => ({
  messageId,
  carrierId: null,
  part: null,
  permanent: null,
  code: null,
  atMs: rig.clock(),
  state: 'undelivered',
  detail: ABSENT,
  ...change,
});

async function receive(...reports: CarrierReport[]): Promise<void> {
  await rig.onEvents({ listId: 1, reports, inbound: [] });
  await rig.drain();
}

/** A message that is sent and fails. */
async function fail(detail = ABSENT, to = SILENT): Promise<string> {
  const id = await send(to);
  await receive(report(id, { detail }));
  return id;
}

async function deliver(to = SILENT): Promise<void> {
  await receive(report(await send(to), { state: 'delivered', detail: 'DELIVERED_TO_HANDSET' }));
}

/** `active`, the reason why not, or undefined when the number is not on the list. */
async function subscription(phone = SILENT): Promise<string | undefined> {
  const { rows } = await rig.pool.query<{ active: boolean; reason: string | null }>(
    'select active, reason from list_contact where list_id = 1 and phone = $1',
    [Number(phone.slice(1))],
  );
  const [row] = rows;
  return row?.active === true ? 'active' : (row?.reason ?? undefined);
}

async function addContact(phone = SILENT, columns: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await rig.addContact(phone, columns);
  await rig.pool.query(
    `insert into contact (phone, is_valid, line_type, created_ms) values ($1, true, 'CELL PHONE', 0)`,
    [Number(phone.slice(1))],
  );
}

const isValid = async (phone = SILENT): Promise<boolean | undefined> => {
  const { rows } = await rig.pool.query<{ is_valid: boolean }>('select is_valid from contact where phone = $1', [
    Number(phone.slice(1)),
  ]);
  return rows[0]?.is_valid;
};
const countConsents = (): Promise<number> => rig.count('select count(*) from consent');

test.each([
  ['REJECTED_SPAM', 'complaint', true],
  ['REJECTED_OPTED_OUT', 'message', true],
  ['REJECTED_DESTINATION', 'invalid_contact', false],
  ['REJECTED_ABSENT_SUBSCRIBER', 'active', true],
  ['REJECTED_OPERATOR', 'active', true],
  ['REJECTED_CONTENT', 'active', true],
  ['EXPIRED', 'active', true],
  ['UNDELIVERABLE_NOT_DELIVERED', 'active', true],
  ['REJECTED_UNKNOWN', 'active', true],
])('a receipt %s leaves the subscription %s', async (detail, expected, valid) => {
  await addContact();
  await addContact('+13125550142');
  await fail(detail);
  expect(await subscription()).toBe(expected);
  expect(await isValid()).toBe(valid);
  expect(await subscription('+13125550142')).toBe('active');
  expect(await countConsents()).toBe(expected === 'active' ? 0 : 1);
});

test.each([
  ['0150', 'invalid_contact', false],
  ['0151', 'message', true],
  ['0155', 'active', true],
  ['0157', 'complaint', true],
])(
  'a message to …%s leaves the subscription %s, and the next one stops at the gate',
  async (digits, expected, valid) => {
    const phone = `+1312555${digits}`;
    await addContact(phone);
    await send(phone);
    expect(await subscription(phone)).toBe(expected);
    expect(await isValid(phone)).toBe(valid);
    if (expected === 'active') return;
    expect(await rig.get(await send(phone))).toMatchObject({ state: 'dropped', status_detail: 'contact_blocked' });
  },
);

test('an opt-out that a carrier knows of is told to webhooks and kept as evidence, once', async () => {
  await addEndpointRow(rig, { account_id: rig.caller.account.id, events: ['unsubscribe'] });
  await addContact();
  const id = await fail('REJECTED_SPAM');
  await receive(report(id, { detail: 'REJECTED_SPAM' }), report(id, { detail: 'REJECTED_SPAM' }));
  expect(await readBodies(rig.pool)).toMatchObject([{ event: 'unsubscribe', reason: 'complaint' }]);
  const { rows } = await rig.pool.query('select kind, source, actor from consent');
  expect(rows).toEqual([{ kind: 'opt_out', source: 'complaint', actor: 'carrier' }]);
  expect(await rig.count('select cardinality(places) as count from complaint_watch')).toBe(1);
});

test.each([
  ['REJECTED_SPAM', 'complaint'],
  ['REJECTED_OPTED_OUT', 'message'],
  ['REJECTED_DESTINATION', undefined],
  ['REJECTED_OPERATOR', undefined],
])('a number that is not on the list and ends with %s: %s', async (detail, expected) => {
  await fail(detail);
  expect(await subscription()).toBe(expected);
});

test('messages of the sandbox touch nobody', async () => {
  await addContact();
  const sandbox = { ...rig.caller, key: { ...rig.caller.key, sandbox: true } };
  const [id = ''] = await rig.sendAs(sandbox, [{ to: SILENT, body: 'Hello' }]);
  await rig.drain();
  const atMs = rig.clock() + HOUR_MS;
  await receive(report(id.replace('sandbox_', ''), { detail: 'REJECTED_SPAM', atMs }));
  expect(await rig.stateOf(id.replace('sandbox_', ''))).toBe('undelivered');
  expect(await subscription()).toBe('active');
});

test('three soft failures in a row on two days end a subscription', async () => {
  await addContact();
  await fail(ABSENT);
  await fail('REJECTED_OPERATOR');
  rig.advance(DAY_MS);
  expect(await subscription()).toBe('active');
  await fail(ABSENT);
  expect(await subscription()).toBe('bad_response');
  expect(await isValid()).toBe(true);
});

test('failures of one day end nothing, however many; one of the next day does', async () => {
  await rig.setAccountSettings({ timezone: 'UTC' });
  await addContact(SILENT, { signup_ms: 0 });
  const noon = Math.floor(rig.clock() / DAY_MS) * DAY_MS - DAY_MS / 2;
  for (const atMs of [noon, noon + HOUR_MS, noon + 2 * HOUR_MS, noon + 11 * HOUR_MS]) {
    await receive(report(await send(), { atMs }));
  }
  expect(await subscription()).toBe('active');
  await receive(report(await send(), { atMs: noon + 13 * HOUR_MS }));
  expect(await subscription()).toBe('bad_response');
});

test.each([
  ['America/New_York', 'active'],
  ['UTC', 'bad_response'],
])('days are those of the account: an evening in %s', async (timezone, expected) => {
  await rig.setAccountSettings({ timezone, soft_failure_threshold: 2 });
  await addContact(SILENT, { signup_ms: 0 });
  const midnight = Math.floor(rig.clock() / DAY_MS) * DAY_MS;
  await receive(report(await send(), { atMs: midnight - 30 * MINUTE_MS }));
  await receive(report(await send(), { atMs: midnight + 30 * MINUTE_MS }));
  expect(await subscription()).toBe(expected);
});

test('a delivery between begins the count anew', async () => {
  await addContact();
  await fail();
  rig.advance(DAY_MS);
  await fail();
  await deliver();
  await fail();
  rig.advance(DAY_MS);
  await fail();
  expect(await subscription()).toBe('active');
  await fail();
  expect(await subscription()).toBe('bad_response');
});

test('other failures between neither count nor begin the count anew', async () => {
  await addContact();
  await fail();
  await fail('EXPIRED');
  rig.advance(DAY_MS);
  await fail();
  await fail('UNDELIVERABLE_NOT_DELIVERED');
  expect(await subscription()).toBe('active');
  await fail();
  expect(await subscription()).toBe('bad_response');
});

test('a receipt that comes again, and one that is corrected, count as what they are', async () => {
  await addContact();
  await fail();
  rig.advance(DAY_MS);
  const id = await fail();
  await receive(report(id), report(id), report(id, { atMs: rig.clock() + 1 }));
  expect(await subscription()).toBe('active');
  await receive(report(id, { state: 'delivered', detail: 'DELIVERED_TO_HANDSET', atMs: rig.clock() + 2 }));
  rig.advance(DAY_MS);
  await fail();
  await fail();
  expect(await subscription()).toBe('active');
});

test('who consents again begins with nothing', async () => {
  await addContact();
  await fail();
  rig.advance(DAY_MS);
  await fail();
  await fail();
  expect(await subscription()).toBe('bad_response');
  await rig.pool.query('update list_contact set active = true, reason = null, unsubscribed_ms = null, signup_ms = $1', [
    rig.clock(),
  ]);
  rig.advance(DAY_MS);
  await fail();
  expect(await subscription()).toBe('active');
});

test("the threshold is the account's", async () => {
  await rig.setAccountSettings({ soft_failure_threshold: 2 });
  await addContact();
  await fail();
  rig.advance(DAY_MS);
  await fail();
  expect(await subscription()).toBe('bad_response');
});

test('of a long message only the whole counts', async () => {
  await addContact();
  const id = await send(SILENT, { body: 'a'.repeat(400) });
  const detail = 'REJECTED_SPAM';
  await receive(report(id, { part: 2, state: 'delivered', detail: 'DELIVERED_TO_HANDSET' }));
  await receive(report(id, { part: 1, detail }), report(id, { part: 3, detail }));
  await receive(report(id, { part: 3, detail }));
  expect(await subscription()).toBe('complaint');
  expect(await countConsents()).toBe(1);
  expect(await rig.count('select cardinality(places) as count from complaint_watch')).toBe(1);
});

test('a receipt ends a doubt and the subscription with it', async () => {
  const phone = '+13125550154';
  await addContact(phone);
  const id = await send(phone);
  expect(await rig.stateOf(id)).toBe('in_doubt');
  await receive(report(id, { detail: 'REJECTED_SPAM' }));
  expect(await subscription(phone)).toBe('complaint');
});

test('a receipt that was faster than the ids that it names counts when they come', async () => {
  await addContact();
  const number = rig.ids.decode(await send()) as number;
  await receive(report('', { messageId: null, carrierId: 'C0FFEE', detail: 'REJECTED_SPAM' }));
  expect(await subscription()).toBe('active');
  await withTransaction(rig.pool, async (transaction) => {
    const nowMs = rig.clock();
    const taken = [{ number, carrierIds: ['C0FFEE'], echoesOwnId: false }];
    await lockIds(transaction, 1, taken);
    const moved = await registerIds(transaction, { listId: 1, messageEvents: rig.messageEvents, nowMs }, taken);
    await conclude(transaction, rig.contactEffects, [moved], nowMs);
  });
  expect(await subscription()).toBe('complaint');
});

test('texts and receipts that come together all count', async () => {
  await addContact();
  await addContact('+13125550142');
  const id = await send();
  const text = { id: 'mo1', from: '+13125550142', to: '+18005551000', text: 'STOP', atMs: rig.clock() };
  await rig.onEvents({ listId: 1, reports: [report(id, { detail: 'REJECTED_SPAM' })], inbound: [text] });
  await rig.drain();
  expect([await subscription(), await subscription('+13125550142')]).toEqual(['complaint', 'message']);
});

test('two transactions that write failures of one number at once count both', async () => {
  await addContact();
  await fail();
  rig.advance(DAY_MS);
  const numbers = [await send(), await send()].map((id) => rig.ids.decode(id) as number);
  let waiting = numbers.length;
  let release = (): void => {};
  const allWritten = new Promise<void>((resolve) => (release = resolve));
  const end = (number: number) =>
    withTransaction(rig.pool, async (transaction) => {
      await transaction.query({
        name: 'test.end',
        text: 'update message set state = $2, detail = $3, final_ms = $4 where list_id = 1 and number = $1',
        values: [number, S.undelivered, ABSENT, rig.clock()],
      });
      if (--waiting === 0) release();
      await allWritten;
      const moves = new Map<number, number>([
        [S.sent, -1],
        [S.undelivered, 1],
      ]);
      const moved = { listId: 1, moves, failures: [{ number, word: ABSENT, place: 1 } as const] };
      await conclude(transaction, rig.contactEffects, [moved], rig.clock());
    });
  await Promise.all(numbers.map(end));
  expect(await subscription()).toBe('bad_response');
});

test('so many complaints that a carrier must be filtering end no subscriptions for an hour, and one alert is given', async () => {
  const phones = Array.from({ length: 60 }, (_, index) => `+1312${320 + index}0159`);
  const ids = await rig.send(...phones.map((to) => ({ to, body: 'Hello' })));
  await rig.drain();
  for (const phone of phones) await addContact(phone);
  await receive(...ids.map((id) => report(id, { detail: 'REJECTED_SPAM' })));
  const ended = `select count(*) from list_contact where reason = 'complaint'`;
  // 5 % of few messages are fewer than 50.
  expect(await rig.count(ended)).toBe(50);
  expect(rig.guardedLists).toEqual([1]);
  await addContact();
  await fail('REJECTED_SPAM');
  await fail('REJECTED_OPTED_OUT', '+13125550259');
  expect(await subscription()).toBe('active');
  expect(await subscription('+13125550259')).toBe('message');
  expect(rig.guardedLists).toEqual([1]);
  rig.advance(HOUR_MS);
  await fail('REJECTED_SPAM');
  expect(await subscription()).toBe('active');
  expect(rig.guardedLists).toEqual([1, 1]);
});
