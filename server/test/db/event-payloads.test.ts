import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CarrierReport, InboundText } from '../../src/carriers/carrier.ts';
import { bindContactVerbs } from '../../src/contacts/index.ts';
import { simulatedLookup } from '../../src/phone/index.ts';
import { createOutbox } from '../../src/webhooks/index.ts';
import { closeHealthy, createPipelineRig, DEMO_NUMBER, type PipelineRig } from '../helpers/pipeline-rig.ts';
import { addEndpointRow, readBodies } from '../helpers/webhook-endpoints.ts';

let rig: PipelineRig;
beforeEach(async () => {
  rig = await createPipelineRig();
  await addEndpointRow(rig, { account_id: rig.caller.account.id, events: ['*'] });
});
afterEach(() => closeHealthy(rig));

type Body = Readonly<Record<string, unknown>>;

/** Taken by the carrier, and nothing is heard of it that a test does not say. */
const SILENT = '+13125550159';
const PERSON = { phone_number: SILENT, list_number: DEMO_NUMBER };
const iso = (ms: number): string => new Date(ms).toISOString();
/** When something of ours happened, which no test can know. */
const NOW = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

async function send(to = SILENT): Promise<string> {
  const [id = ''] = await rig.send({ to, body: 'Hello' });
  await rig.drain();
  return id;
}

async function report(messageId: string, change: Partial<CarrierReport>): Promise<number> {
  const atMs = rig.clock() - 5_000;
  const unsaid = { carrierId: null, part: null, permanent: null, code: null };
  await rig.onEvents({
    listId: 1,
    reports: [{ messageId, ...unsaid, state: 'sent', detail: null, atMs, ...change }],
    inbound: [],
  });
  await rig.drain();
  return atMs;
}

async function write(text: string, change: Partial<InboundText> = {}): Promise<number> {
  const atMs = rig.clock() - 7_000;
  await rig.onEvents({
    listId: 1,
    reports: [],
    inbound: [{ id: `in ${text}`, from: SILENT, to: DEMO_NUMBER, text, atMs, ...change }],
  });
  await rig.drain();
  return atMs;
}

const contacts = () =>
  bindContactVerbs({ ...rig, outbox: createOutbox(rig), withdraw: rig.withdraw, lookup: simulatedLookup });
const onList = { body: PERSON, transaction: null };

const replyId = async (body: string): Promise<string | undefined> => {
  const { rows } = await rig.pool.query<{ id: string }>('select id from inbound_text where body = $1', [body]);
  return rows[0]?.id;
};

const sent = async (id: string, change: Body = {}): Promise<Body> => ({
  event: 'sent',
  message_id: id,
  to: SILENT,
  list_number: DEMO_NUMBER,
  segments: 1,
  provider: 'simulator',
  timestamp: (await rig.get(id)).times.sent_at,
  ...change,
});
const delivery = (id: string, status: string, detail: string | null, timestamp: unknown, change: Body = {}): Body => ({
  event: 'delivery',
  message_id: id,
  to: SILENT,
  list_number: DEMO_NUMBER,
  status,
  status_detail: detail,
  provider: 'simulator',
  timestamp,
  ...change,
});
const unsubscribe = (keyword: string | null, reason: string, timestamp: unknown): Body => ({
  event: 'unsubscribe',
  ...PERSON,
  keyword,
  timestamp,
  reason,
});
const resubscribe = (keyword: string | null, source: string, timestamp: unknown): Body => ({
  event: 'resubscribe',
  ...PERSON,
  keyword,
  source,
  timestamp,
});
const reply = async (body: string, kind: string, timestamp: string, change: Body = {}): Promise<Body> => ({
  event: 'reply',
  reply_id: await replyId(body),
  ...PERSON,
  body,
  in_reply_to: null,
  kind,
  label: null,
  timestamp,
  ...change,
});

/** What happens, and all that is told of it, whole. Answers to texts are messages, too, and left out. */
const HAPPENINGS: [string, () => Promise<Body[]>][] = [
  ['a message is taken by the carrier', async () => [await sent(await send())]],
  [
    'a carrier knows of the handset',
    async () => {
      const id = await send();
      const atMs = await report(id, { state: 'delivered', detail: 'DELIVERED_TO_HANDSET' });
      return [await sent(id), delivery(id, 'delivered', 'DELIVERED_TO_HANDSET', iso(atMs))];
    },
  ],
  [
    'a carrier says something on the way, twice, and then the end',
    async () => {
      const id = await send();
      const first = await report(id, { detail: 'PENDING_ENROUTE' });
      await report(id, { detail: 'PENDING_ENROUTE' });
      const last = await report(id, { state: 'delivered', detail: 'DELIVERED_TO_HANDSET' });
      return [
        await sent(id),
        delivery(id, 'pending', 'PENDING_ENROUTE', iso(first)),
        delivery(id, 'delivered', 'DELIVERED_TO_HANDSET', iso(last)),
      ];
    },
  ],
  [
    'a message cannot be delivered',
    async () => {
      const id = await send();
      const atMs = await report(id, { state: 'undelivered', detail: 'REJECTED_ABSENT_SUBSCRIBER' });
      return [await sent(id), delivery(id, 'undeliverable', 'REJECTED_ABSENT_SUBSCRIBER', iso(atMs))];
    },
  ],
  [
    'a message expires',
    async () => {
      const id = await send();
      const atMs = await report(id, { state: 'undelivered', detail: 'EXPIRED' });
      return [await sent(id), delivery(id, 'expired', 'EXPIRED', iso(atMs))];
    },
  ],
  [
    'a carrier refuses a message',
    async () => {
      const id = await send('+13125550150');
      const at = (await rig.get(id)).times.final_at;
      return [delivery(id, 'rejected', 'REJECTED_DESTINATION', at, { to: '+13125550150' })];
    },
  ],
  [
    'a message is dropped by us',
    async () => {
      await rig.addContact(SILENT, { active: false, reason: 'message', unsubscribed_ms: 0 });
      const id = await send();
      return [delivery(id, 'rejected', 'contact_blocked', (await rig.get(id)).times.final_at, { provider: null })];
    },
  ],
  [
    'nobody knows whether a message was taken',
    async () => {
      const id = await send('+13125550154');
      return [delivery(id, 'pending', 'in_doubt', NOW, { to: '+13125550154' })];
    },
  ],
  [
    'a message of the sandbox',
    async () => {
      const sandbox = { ...rig.caller, key: { ...rig.caller.key, sandbox: true } };
      const [id = ''] = await rig.sendAs(sandbox, [{ to: '+13125550142', body: 'Hello' }]);
      await rig.drain();
      const marked = { to: '+13125550142', simulated: true };
      return [await sent(id, marked), delivery(id, 'delivered', 'DELIVERED_TO_HANDSET', NOW, marked)];
    },
  ],
  [
    'an opt-out by text',
    async () => {
      await rig.addContact(SILENT);
      return [unsubscribe('PLEASE STOP', 'message', iso(await write('Please stop')))];
    },
  ],
  ['an opt-out of an unknown number', async () => [unsubscribe('STOP', 'message', iso(await write('STOP')))]],
  [
    'an opt-out from a whole account, of one who is on one of its other lists',
    async () => {
      await rig.addContact(SILENT, { list_id: await rig.addList('+18445550198') });
      await rig.addList('+18445550199');
      await rig.setAccountSettings({ optout_scope: 'account' });
      const at = iso(await write('STOP'));
      return [
        unsubscribe('STOP', 'message', at),
        { ...unsubscribe('STOP', 'message', at), list_number: '+18445550198' },
      ];
    },
  ],
  [
    'an opt-out over the API',
    async () => {
      await rig.addContact(SILENT);
      await contacts().remove(rig.caller, onList);
      return [unsubscribe(null, 'api', NOW)];
    },
  ],
  [
    'an opt-out over version 1',
    async () => {
      await rig.addList('+18445550199');
      await rig.addContact(SILENT);
      await contacts().optOutV1(rig.caller, { body: { to_msisdn: SILENT }, transaction: null });
      return [unsubscribe(null, 'api', NOW)];
    },
  ],
  [
    'a complaint that the carrier tells of',
    async () => {
      await rig.addContact(SILENT);
      const id = await send();
      const atMs = await report(id, { state: 'undelivered', detail: 'REJECTED_SPAM' });
      return [
        await sent(id),
        delivery(id, 'undeliverable', 'REJECTED_SPAM', iso(atMs)),
        unsubscribe(null, 'complaint', NOW),
      ];
    },
  ],
  [
    'a return by text',
    async () => {
      await rig.addContact(SILENT, { active: false, reason: 'message', unsubscribed_ms: 0 });
      return [resubscribe('START', 'keyword', iso(await write('Start')))];
    },
  ],
  [
    'a subscription over the API',
    async () => {
      await contacts().save(rig.caller, onList);
      return [resubscribe(null, 'api', NOW)];
    },
  ],
  [
    'an answer to a message',
    async () => {
      await rig.addContact(SILENT);
      const id = await send();
      rig.advance(60_000);
      const at = iso(await write('When do you open?'));
      return [await sent(id), await reply('When do you open?', 'text', at, { in_reply_to: id })];
    },
  ],
  textOf('a yes', 'Yes', 'yes_no'),
  textOf('a reaction', '👍', 'reaction'),
  [
    'an abusive text, where those are only labelled',
    async () => {
      await rig.setAccountSettings({ abuse_words_mode: 'label' });
      const at = iso(await write('this is spam'));
      return [await reply('this is spam', 'abuse', at, { label: 'spam' })];
    },
  ],
];

function textOf(name: string, text: string, kind: string): [string, () => Promise<Body[]>] {
  return [name, async () => [await reply(text, kind, iso(await write(text)))]];
}

const inOrder = (bodies: readonly Body[]): Body[] => {
  const nameOf = (body: Body) => ['event', 'status', 'list_number'].map((name) => body[name]).join(' ');
  return [...bodies].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
};

test.each(HAPPENINGS)('%s', async (_name, happen) => {
  const expected = inOrder(await happen());
  const ids = new Set(expected.map((body) => body['message_id']));
  const told = inOrder(
    (await readBodies(rig.pool)).filter((body) => !('message_id' in body) || ids.has(body['message_id'])),
  );
  expect(told).toEqual(expected);
  // Their order is part of the contract.
  expect(told.map((body) => Object.keys(body))).toEqual(expected.map((body) => Object.keys(body)));
});
