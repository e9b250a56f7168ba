import type { PoolClient } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { InboundText } from '../../src/carriers/carrier.ts';
import { verifyConsents } from '../../src/compliance/index.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/lib/clock.ts';
import { SOURCES } from '../../src/pipeline/index.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { until } from '../helpers/until.ts';

const PHONE = '+13125550142';
let rig: PipelineRig;
let texts = 0;

beforeEach(async () => {
  rig = await createPipelineRig();
});
afterEach(() => closeHealthy(rig));

/** People write; resolves when that has had its effect. */
async function write(...written: readonly (string | Partial<InboundText>)[]): Promise<void> {
  const inbound = written.map((one) => toInbound(typeof one === 'string' ? { text: one } : one));
  await rig.onEvents({ listId: 1, reports: [], inbound });
  await rig.drain();
}

function toInbound(text: Partial<InboundText>): InboundText {
  texts++;
  return { id: `in-${texts}`, from: PHONE, to: DEMO_NUMBER, text: '', atMs: rig.clock(), ...text };
}

async function contactOf(phone = PHONE, listId = 1) {
  const { rows } = await rig.pool.query(
    'select active, reason, signup_method as method, unsubscribed_ms as "endedMs" from list_contact where phone = $1 and list_id = $2',
    [phone.slice(1), listId],
  );
  return rows[0] as { active: boolean; reason: string | null; method: string; endedMs: number | null } | undefined;
}

/** Automatic answers that left, oldest first. */
async function answersTo(phone = PHONE): Promise<string[]> {
  const { rows } = await rig.pool.query<{ template: string }>(
    'select template from message where phone = $1 and source = $2 order by number',
    [phone.slice(1), SOURCES.system],
  );
  return rows.map((row) => row.template);
}

async function storedTexts() {
  const { rows } = await rig.pool.query(
    'select class, rule, label, body, answer, in_reply_to as "inReplyTo" from inbound_text order by received_ms, carrier_inbound_id',
  );
  return rows;
}

async function consentKinds(): Promise<string[]> {
  const { rows } = await rig.pool.query<{ kind: string }>('select kind from consent order by seq');
  return rows.map((row) => row.kind);
}

const STOP_ANSWER = 'Demo: You are unsubscribed and will get no more texts. Reply START to return.';
const START_ANSWER = 'Demo: You are subscribed again. Reply HELP for help, STOP to end.';
const HELP_ANSWER = 'Demo: For help contact owner@localhost. Msg and data rates may apply. Reply STOP to end.';

describe('an opt-out', () => {
  test('ends the subscription, is answered once, has its record and stops later messages', async () => {
    await rig.addContact(PHONE);
    await write('STOP');
    expect(await contactOf()).toMatchObject({ active: false, reason: 'message', endedMs: expect.any(Number) });
    expect(await answersTo()).toEqual([STOP_ANSWER]);
    await write('please stop texting me');
    expect(await answersTo()).toEqual([STOP_ANSWER]);
    expect(await consentKinds()).toEqual(['opt_out', 'opt_out']);
    expect(await verifyConsents(rig)).toMatchObject({ ok: true, ledgers: [{ ok: true, records: 2 }] });
    const [id = ''] = await rig.send({ to: PHONE, body: 'Hello' });
    await rig.drain();
    expect(await rig.get(id)).toMatchObject({ status_detail: 'contact_blocked' });
    expect(await storedTexts()).toMatchObject([
      { class: 'opt_out', rule: 'keyword stop', answer: 'stop' },
      { class: 'opt_out', rule: expect.stringMatching(/^phrase /), answer: null },
    ]);
  });

  test('holds for a number that the list does not know, and against an older consent', async () => {
    await write('stop');
    const first = await contactOf();
    expect(first).toMatchObject({ active: false, reason: 'message', method: 'inbound' });
    expect(await answersTo()).toEqual([STOP_ANSWER]);
    rig.advance(HOUR_MS);
    await write('stop');
    expect((await contactOf())?.endedMs).toBeGreaterThan((first?.endedMs ?? 0) + HOUR_MS - MINUTE_MS);
  });

  test('reaches one list, or all of the account where that is set', async () => {
    const other = await rig.addList('+18445550199');
    await rig.addContact(PHONE);
    await rig.addContact(PHONE, { list_id: other });
    await write('stop');
    expect(await contactOf(PHONE, other)).toMatchObject({ active: true });
    await rig.setAccountSettings({ optout_scope: 'account' });
    await write('stop');
    expect(await contactOf(PHONE, other)).toMatchObject({ active: false, reason: 'message' });
    await rig.setListSettings(1, { optout_scope: 'list' });
    await write({ from: '+13125550143', text: 'stop' });
    expect(await contactOf('+13125550143', other)).toBeUndefined();
    await rig.setListSettings(1, { optout_scope: 'account' });
    await write({ from: '+13125550144', text: 'stop' });
    expect(await contactOf('+13125550144', other)).toMatchObject({ active: false, reason: 'message' });
  });

  const REMEMBERED = { active: false, reason: 'no_consent', method: 'inbound', endedMs: null };
  test.each([
    ['paused', REMEMBERED],
    ['suspended', REMEMBERED],
    ['deleted', undefined],
  ])('works on a list that is %s', async (status, sender) => {
    await rig.addContact(PHONE);
    await rig.setList(1, { status });
    await write('stop', { from: '+13125550143', text: 'Hello' });
    expect(await contactOf()).toMatchObject({ active: false, reason: 'message' });
    expect(await contactOf('+13125550143')).toEqual(sender);
  });

  test('an abuse word is one, or gets a label only', async () => {
    await write('This is spam');
    expect(await contactOf()).toMatchObject({ active: false, reason: 'message' });
    expect(await answersTo()).toEqual([STOP_ANSWER]);
    await rig.setAccountSettings({ abuse_words_mode: 'label' });
    await write({ from: '+13125550143', text: 'This is spam' });
    expect(await contactOf('+13125550143')).toMatchObject({ active: false, reason: 'no_consent' });
    expect(await storedTexts()).toMatchObject([
      { class: 'abuse', label: 'spam', answer: 'stop' },
      { class: 'abuse', label: 'spam', answer: null },
    ]);
  });
});

test('START brings a number back, or in; it is answered when that changed something', async () => {
  await write('stop');
  rig.advance(1_000);
  await write('START');
  expect(await contactOf()).toMatchObject({ active: true, reason: null, endedMs: null });
  await write('START');
  expect(await answersTo()).toEqual([STOP_ANSWER, START_ANSWER]);
  expect(await consentKinds()).toEqual(['opt_out', 'resubscribe', 'opt_in']);
  await write({ from: '+13125550143', text: 'subscribe' });
  expect(await contactOf('+13125550143')).toMatchObject({ active: true, method: 'keyword' });
  expect(await answersTo('+13125550143')).toEqual([START_ANSWER]);
});

test('a yes brings back a number that opted out and is an answer otherwise', async () => {
  await rig.addContact(PHONE);
  await write('yes');
  expect(await storedTexts()).toMatchObject([{ class: 'reply', rule: null }]);
  await write('stop');
  rig.advance(1_000);
  await write('Y');
  expect(await contactOf()).toMatchObject({ active: true });
  expect((await storedTexts()).at(-1)).toMatchObject({ class: 'start', rule: 'start yes', answer: 'start' });
});

test('several texts of one number act in the order in which they were written', async () => {
  const nowMs = rig.clock();
  await write(
    { text: 'START', atMs: nowMs - 1_000 },
    { text: 'stop', atMs: nowMs - 2_000 },
    { text: 'thanks', atMs: nowMs },
  );
  expect(await contactOf()).toMatchObject({ active: true });
  expect(await answersTo()).toEqual([STOP_ANSWER, START_ANSWER]);
  await write({ text: 'stop', atMs: nowMs }, { text: 'start', atMs: nowMs - 3_000 });
  expect(await contactOf()).toMatchObject({ active: false });
});

const ACTIVE = { active: true, reason: null, method: 'keyword', endedMs: null };
const STRANGER = { active: false, reason: 'no_consent', method: 'inbound', endedMs: null };
const OUT = { active: false, reason: 'message', method: 'inbound', endedMs: expect.any(Number) };

/** The table of the contract (inbound-and-compliance.md 1), a row each, of senders that the list does not know. */
test.each([
  ['Liked “Hello”', 'reaction', STRANGER, [], 'reply reaction'],
  ['stop', 'opt_out', OUT, [STOP_ANSWER], 'unsubscribe'],
  ['this is spam', 'abuse', OUT, [STOP_ANSWER], 'unsubscribe'],
  ['help', 'help', STRANGER, [HELP_ANSWER], null],
  ['start', 'start', ACTIVE, [START_ANSWER], 'resubscribe'],
  ['pets', 'join', ACTIVE, [START_ANSWER], 'resubscribe'],
  ['When do you open?', 'reply', STRANGER, [], 'reply text'],
  ['yes', 'reply', STRANGER, [], 'reply yes_no'],
] as const)('%j of a stranger is a %s', async (text, kind, contact, answers, told) => {
  await rig.setListSettings(1, { join_keywords: ['pets'] });
  await rig.pool.query(
    `insert into webhook_endpoint (id, account_id, url, events, secret, created_ms)
     values ($1, $2, 'https://hook.example', '{unsubscribe,reply,resubscribe}', 'x', 0)`,
    ['e'.repeat(24), rig.caller.account.id],
  );
  await rig.directory.refresh();
  await write(text);
  expect(await storedTexts()).toMatchObject([{ class: kind, body: text }]);
  expect(await contactOf()).toEqual(contact);
  expect(await answersTo()).toEqual(answers);
  const { rows } = await rig.pool.query<{ body: string }>('select body from webhook_delivery');
  const events = rows.map(({ body }) => JSON.parse(body) as { event: string; kind?: string });
  expect(events.map(({ event, kind: of }) => [event, of].join(' ').trim())).toEqual(told === null ? [] : [told]);
});

test('an opt-out of all lists is told once a list that changed', async () => {
  const other = await rig.addList('+18445550199');
  const third = await rig.addList('+18445550198');
  await rig.setAccountSettings({ optout_scope: 'account' });
  for (const list_id of [1, other]) await rig.addContact(PHONE, { list_id });
  await rig.addContact(PHONE, { list_id: third, active: false, reason: 'api', unsubscribed_ms: 1 });
  await rig.pool.query(
    `insert into webhook_endpoint (id, account_id, url, events, secret, created_ms)
     values ($1, $2, 'https://hook.example', '{unsubscribe}', 'x', 0)`,
    ['e'.repeat(24), rig.caller.account.id],
  );
  await rig.directory.refresh();
  await write('stop', 'stop');
  const { rows } = await rig.pool.query<{ body: string }>('select body from webhook_delivery');
  const numbers = rows.map(({ body }) => (JSON.parse(body) as { list_number: string }).list_number);
  expect(numbers.sort()).toEqual([DEMO_NUMBER, '+18445550199'].sort());
  expect(await answersTo()).toEqual([STOP_ANSWER]);
});

test('HELP is answered to everybody, once in ten minutes', async () => {
  await write('stop');
  rig.advance(1_000);
  await write('HELP', 'help me', 'info');
  expect(await answersTo()).toEqual([STOP_ANSWER, HELP_ANSWER]);
  rig.advance(10 * MINUTE_MS);
  await write('HELP');
  expect(await answersTo()).toEqual([STOP_ANSWER, HELP_ANSWER, HELP_ANSWER]);
  expect(await contactOf()).toMatchObject({ active: false, reason: 'message' });
});

test('nobody gets more than four automatic answers in an hour', async () => {
  for (let n = 0; n < 6; n++) {
    rig.advance(1_000);
    await write(n % 2 === 0 ? 'stop' : 'start');
  }
  expect(await answersTo()).toHaveLength(4);
  expect(await contactOf()).toMatchObject({ active: true });
  rig.advance(HOUR_MS);
  await write('stop');
  expect(await answersTo()).toHaveLength(5);
});

test('a text that is older than five minutes acts and is not answered', async () => {
  await write({ text: 'stop', atMs: rig.clock() - 5 * MINUTE_MS - 1_000 });
  expect(await contactOf()).toMatchObject({ active: false });
  expect(await answersTo()).toEqual([]);
});

test.each([
  ['ahead of ours', 24 * HOUR_MS],
  ['of another century', -1e12],
  ['late by more than a week', -(7 * 24 * HOUR_MS + 60_000)],
])('a text with a time that is %s counts as written when it came', async (_what, off) => {
  await rig.addContact(PHONE);
  const fromMs = rig.clock();
  await write({ text: 'stop', atMs: rig.clock() + off });
  const endedMs = (await contactOf())?.endedMs ?? 0;
  expect([endedMs >= fromMs, endedMs <= rig.clock()]).toEqual([true, true]);
});

test('numbers of our own are never answered', async () => {
  await rig.addList(PHONE);
  await write('stop');
  expect(await contactOf()).toMatchObject({ active: false });
  expect(await answersTo()).toEqual([]);
});

test.each([
  ['never', []],
  ['always', [STOP_ANSWER]],
])('auto_reply %s', async (setting, answers) => {
  await rig.setListSettings(1, { auto_reply: setting });
  await write('stop');
  expect(await answersTo()).toEqual(answers);
});

test('a list has its own texts, with macros', async () => {
  await rig.setListSettings(1, { reply_stop: 'Bye from {{brand_name}}, {{support_contact}}{{nothing}}.' });
  await rig.setAccountSettings({ brand_name: 'NWP', support_contact: 'nwp.example/help' });
  await write('stop');
  expect(await answersTo()).toEqual(['Bye from Demo, nwp.example/help.']);
});

describe('a join keyword', () => {
  beforeEach(() => rig.setListSettings(1, { join_keywords: ['PETS', 'join us'] }));

  test('subscribes', async () => {
    await write('Join us!');
    expect(await contactOf()).toMatchObject({ active: true, method: 'keyword' });
    expect(await storedTexts()).toMatchObject([{ class: 'join', rule: 'join join us', answer: 'start' }]);
  });

  test('asks for a YES first where the list wants that', async () => {
    await rig.setListSettings(1, { double_opt_in: true });
    await write('pets');
    expect(await contactOf()).toMatchObject({ active: false, reason: 'no_consent' });
    expect(await answersTo()).toEqual(['Reply YES to get texts from Demo.']);
    await write('YES');
    expect(await contactOf()).toMatchObject({ active: true, method: 'keyword' });
    expect(await consentKinds()).toEqual(['opt_in_pending', 'opt_in']);
    await write('pets');
    expect(await answersTo()).toEqual(['Reply YES to get texts from Demo.', START_ANSWER]);
  });

  test('a YES after 72 hours, or after an opt-out, confirms nothing', async () => {
    await rig.setListSettings(1, { double_opt_in: true });
    await write('pets');
    rig.advance(72 * HOUR_MS + 1_000);
    await write('yes');
    expect(await contactOf()).toMatchObject({ active: false, reason: 'no_consent' });
    await write({ from: '+13125550143', text: 'pets' });
    await write({ from: '+13125550143', text: 'stop' });
    expect(await rig.count('select count(*) from opt_in_request where phone = 13125550143')).toBe(0);
  });
});

describe('a reply', () => {
  test('names the newest message that it can be an answer to, and makes a contact that may be answered', async () => {
    const [first = '', second = ''] = await rig.send({ to: PHONE, body: 'One' }, { to: PHONE, body: 'Two' });
    await rig.drain();
    const [newest] = [first, second].map((id) => rig.ids.decode(id)).sort((a, b) => Number(b) - Number(a));
    await write('When do you open?');
    expect(await storedTexts()).toMatchObject([{ class: 'reply', rule: null, inReplyTo: newest }]);
    expect(await contactOf()).toMatchObject({ active: false, reason: 'no_consent', method: 'inbound' });
    const [id = ''] = await rig.send({ to: PHONE, body: 'At nine' });
    await rig.drain();
    expect(await rig.get(id)).toMatchObject({ status: 'delivered' });
    expect(await answersTo()).toEqual([]);
    rig.advance(8 * 24 * HOUR_MS);
    await write('And on Sundays?');
    expect((await storedTexts()).at(-1)).toMatchObject({ inReplyTo: null });
  });

  test.each(['👍', 'Liked “STOP to end”', 'help\u0000 wanted \ud800 here'])('%j is stored', async (text) => {
    await write(text);
    expect(await rig.count('select count(*) from inbound_text')).toBe(1);
  });
});

test('a text that comes again changes nothing', async () => {
  const text = toInbound({ text: 'stop' });
  for (let n = 0; n < 3; n++) await rig.onEvents({ listId: 1, reports: [], inbound: [text, text] });
  await rig.drain();
  expect(await answersTo()).toEqual([STOP_ANSWER]);
  expect(await consentKinds()).toEqual(['opt_out']);
  expect(await rig.count('select count(*) from inbound_text')).toBe(1);
});

test('what the carrier took a text for counts, and it has answered', async () => {
  await rig.addContact(PHONE);
  await write({ text: 'Basta', keyword: 'stop' });
  expect(await contactOf()).toMatchObject({ active: false, reason: 'message' });
  expect(await storedTexts()).toMatchObject([{ class: 'opt_out', rule: 'carrier stop' }]);
});

test('endpoints are told, in the transaction of the effect', async () => {
  await rig.pool.query(
    `insert into webhook_endpoint (id, account_id, url, events, secret, created_ms)
     values ($1, $2, 'https://hook.example', '{*}', 'x', 0)`,
    ['e'.repeat(24), rig.caller.account.id],
  );
  await rig.directory.refresh();
  await write(
    'Stop it now!',
    { from: '+13125550143', text: 'START' },
    { from: '+13125550144', text: 'yes' },
    { from: '+13125550145', text: '👍' },
    {
      from: '+13125550146',
      text: 'help',
    },
  );
  const { rows } = await rig.pool.query<{ body: string }>(
    `select body from webhook_delivery where event in ('unsubscribe', 'reply', 'resubscribe') order by body::jsonb ->> 'phone_number'`,
  );
  expect(rows.map((row) => JSON.parse(row.body))).toMatchObject([
    { event: 'unsubscribe', phone_number: PHONE, list_number: DEMO_NUMBER, keyword: 'STOP IT', reason: 'message' },
    { event: 'resubscribe', phone_number: '+13125550143', keyword: 'START', source: 'keyword' },
    { event: 'reply', phone_number: '+13125550144', body: 'yes', kind: 'yes_no', in_reply_to: null, label: null },
    { event: 'reply', phone_number: '+13125550145', kind: 'reaction' },
  ]);
});

test('an opt-out from all lists takes them in order, as everybody does: it holds none while it waits for one before it', async () => {
  const other = await rig.addList('+18445550199');
  await rig.addContact(PHONE);
  await rig.addContact(PHONE, { list_id: other });
  await rig.setAccountSettings({ optout_scope: 'account' });
  const [first, last] = [Math.min(1, other), Math.max(1, other)];
  const lockOn = (db: PoolClient, listId: number) =>
    db.query('select from list_contact where list_id = $1 for update nowait', [listId]);
  const holder = await rig.pool.connect();
  try {
    await holder.query('begin');
    await lockOn(holder, first);
    await rig.onEvents({ listId: last, reports: [], inbound: [toInbound({ text: 'STOP', to: '+18445550199' })] });
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await until('the opt-out waits', async () => (await rig.pool.query(waiting)).rowCount === 1);
    await lockOn(holder, last);
    await holder.query('commit');
  } finally {
    holder.release();
  }
  await rig.drain();
  expect([await contactOf(PHONE, first), await contactOf(PHONE, last)]).toMatchObject([
    { active: false, reason: 'message' },
    { active: false, reason: 'message' },
  ]);
});
