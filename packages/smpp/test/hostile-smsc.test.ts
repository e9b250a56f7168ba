import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test, vi } from 'vitest';
import {
  BEHAVIOURS,
  type ClientOptions,
  HostileSmsc,
  type HostileSmscOptions,
  type LateAnswer,
  messageIdSpellings,
  type PartOutcome,
  readReceipt,
  readText,
  type Receipt,
  SmppClient,
  splitText,
} from '../src/index.ts';
import { LOGIN, until } from './helpers/pair.ts';

interface Subject extends AsyncDisposable {
  readonly smsc: HostileSmsc;
  readonly client: SmppClient;
  readonly receipts: Receipt[];
  readonly texts: string[];
  readonly late: LateAnswer[];
  send(digits: string, text?: string): Promise<readonly PartOutcome[]>;
}

async function open(options: HostileSmscOptions = {}, client: Partial<ClientOptions> = {}): Promise<Subject> {
  const smsc = new HostileSmsc({ timeScale: 0.01, ...options });
  const port = await smsc.listen();
  const receipts: Receipt[] = [];
  const texts: string[] = [];
  const late: LateAnswer[] = [];
  const esme = new SmppClient({
    ...LOGIN,
    port,
    responseTimeoutMs: 200,
    enquireLinkMs: 100,
    reconnectDelayMs: () => 5,
    onLateAnswer: (answer) => late.push(answer),
    onDeliver: async (message) => {
      const receipt = readReceipt(message);
      if (receipt === undefined) texts.push(readText(message).text);
      else receipts.push(receipt);
    },
    ...client,
  });
  return {
    smsc,
    client: esme,
    receipts,
    texts,
    late,
    send: (digits, text = 'Hello') =>
      esme.submit({
        parts: splitText(text, { reference: 1 })!.map((part) => ({
          destination: `1312555${digits}`,
          source: '18005551000',
          registeredDelivery: 1,
          ...part,
        })),
      }),
    async [Symbol.asyncDispose]() {
      await esme.close();
      await smsc.close();
    },
  };
}

const ID = '2882400000';

describe('the answer', () => {
  it.each([
    ['0150', { kind: 'refused', status: 0x0b }, 0],
    ['0151', { kind: 'refused', status: 0x65 }, 0],
    ['0153', { kind: 'in_doubt', reason: 'timed_out' }, 1],
    ['0154', { kind: 'in_doubt', reason: 'timed_out' }, 0],
    ['0159', { kind: 'accepted', messageId: ID }, 1],
    ['0169', { kind: 'in_doubt', reason: 'closed' }, 1],
    ['0176', { kind: 'accepted', messageId: ID }, 1],
    ['0177', { kind: 'in_doubt', reason: 'timed_out' }, 1],
    ['0178', { kind: 'in_doubt', reason: 'closed' }, 1],
  ])('to %s', async (digits, outcome, taken) => {
    await using subject = await open();
    expect(await subject.send(digits)).toEqual([outcome]);
    expect(subject.smsc.taken).toHaveLength(taken);
    // One that is half-open is found out and replaced.
    await vi.waitUntil(async () => (await subject.send('0159'))[0]?.kind === 'accepted', { timeout: 5_000 });
  });

  it.each([
    ['0152', 0x58, 3],
    ['0168', 0x08, 1],
  ])('to %s says no for a while', async (digits, status, times) => {
    await using subject = await open();
    for (let i = 0; i < times; i++) expect(await subject.send(digits)).toEqual([{ kind: 'refused', status }]);
    expect(await subject.send(digits)).toEqual([{ kind: 'accepted', messageId: ID }]);
  });

  it('to 0174 comes after the time limit', async () => {
    await using subject = await open({ lateMs: 40_000 });
    expect(await subject.send('0174')).toEqual([{ kind: 'in_doubt', reason: 'timed_out' }]);
    await until(() => subject.late.length === 1);
    expect(subject.late[0]).toMatchObject({ part: 0, outcome: { kind: 'accepted', messageId: ID } });
  });

  it('to 0175 comes after the next one', async () => {
    await using subject = await open({ timeScale: 1 });
    const order: string[] = [];
    const first = subject.send('0175').then(() => order.push('first'));
    const second = subject.send('0159').then(() => order.push('second'));
    await Promise.all([first, second]);
    expect(order).toEqual(['second', 'first']);
  });
});

describe('the receipts', () => {
  it.each<[string, readonly Partial<Receipt>[]]>([
    ['0100', [{ messageId: ID, state: 'DELIVERED' }]],
    ['0153', [{ messageId: ID, state: 'DELIVERED' }]],
    ['0155', [{ messageId: ID, state: 'UNDELIVERABLE', error: '001' }]],
    ['0156', [{ messageId: ID, state: 'REJECTED' }]],
    ['0157', [{ messageId: ID, state: 'DELETED' }]],
    ['0158', [{ messageId: ID, state: 'EXPIRED' }]],
    ['0161', [{ state: 'DELIVERED' }, { state: 'DELIVERED' }]],
    ['0162', [{ state: 'DELIVERED' }, { state: 'ENROUTE' }]],
    ['0170', [{ messageId: `9${ID}`, state: 'DELIVERED' }]],
    ['0172', [{ messageId: ID, state: 'DELIVERED', doneAtMs: undefined }]],
    ['0173', [{ messageId: ID, state: 'DELIVERED' }]],
  ])('of %s', async (digits, receipts) => {
    await using subject = await open();
    await subject.send(digits);
    await until(() => subject.receipts.length >= receipts.length);
    expect(subject.receipts).toMatchObject(receipts);
  });

  it.each(['0164', '0171'])('of %s spell the id in another way', async (digits) => {
    await using subject = await open();
    await subject.send(digits);
    await until(() => subject.receipts.length === 1);
    const [receipt] = subject.receipts;
    expect(receipt?.messageId).not.toBe(ID);
    expect(messageIdSpellings(receipt?.messageId ?? '')).toContain(ID);
  });

  it('of 0160 come before the answer', async () => {
    await using subject = await open({ lateMs: 5_000 });
    let answered = false;
    const sent = subject.send('0160').then(() => (answered = true));
    await until(() => subject.receipts.length === 1);
    expect(answered).toBe(false);
    await sent;
  });

  it('of 0163 differ by part', async () => {
    await using subject = await open();
    await subject.send('0163', 'a'.repeat(400));
    await until(() => subject.receipts.length === 3);
    const states = new Map(subject.receipts.map(({ messageId, state }) => [messageId, state]));
    expect(subject.smsc.taken.map(({ messageId }) => states.get(messageId))).toEqual([
      'DELIVERED',
      'UNDELIVERABLE',
      'DELIVERED',
    ]);
  });
});

it.each([
  ['0165', 'STOP'],
  ['0166', 'HELP'],
  ['0167', 'Thanks'],
])('%s replies %s', async (digits, reply) => {
  await using subject = await open();
  await subject.send(digits);
  await until(() => subject.texts.length === 1);
  expect(subject.texts).toEqual([reply]);
});

test('refused binds are tried again', async () => {
  await using subject = await open({ refusedBinds: 2 });
  expect(await subject.send('0159')).toEqual([{ kind: 'accepted', messageId: ID }]);
});

test('too much at a time is throttled', async () => {
  await using subject = await open({ throttleAbove: 2, answerDelayMs: 5_000 }, { window: 10 });
  const outcomes = await Promise.all(['0101', '0102', '0103', '0104'].map((digits) => subject.send(digits)));
  expect(
    outcomes
      .flat()
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(['accepted', 'accepted', 'refused', 'refused']);
});

test('query_sm knows what was taken', async () => {
  await using subject = await open();
  await subject.send('0155');
  await until(() => subject.receipts.length === 1);
  expect(await subject.client.request('query_sm', { messageId: ID })).toMatchObject({ status: 0, messageState: 5 });
  expect(await subject.client.request('query_sm', { messageId: '1' })).toMatchObject({ status: 0x67 });
});

test('a thousand messages with mixed ends: the books balance, and nothing is sent twice', async () => {
  await using subject = await open({}, { window: 50, binds: 2, responseTimeoutMs: 500 });
  const ends = ['0100', '0150', '0155', '0159', '0161', '0164', '0172', '0176'];
  const kinds = new Map<string, number>();
  const messages = Array.from({ length: 1_000 }, (_, index) => ({
    parts: [{ destination: `1${200_000 + index}${ends[index % ends.length]}`, registeredDelivery: 1 }],
  }));
  await subject.client.submitAll(messages, (_, [outcome]) => {
    kinds.set(outcome!.kind, (kinds.get(outcome!.kind) ?? 0) + 1);
  });
  expect(Object.fromEntries(kinds)).toEqual({ accepted: 875, refused: 125 });
  expect(new Set(subject.smsc.taken.map(({ destination }) => destination)).size).toBe(875);
  expect(subject.smsc.taken).toHaveLength(875);
  // One each, two of 0161, none of 0159.
  await until(() => subject.receipts.length === 875);
});

test('the README lists every behaviour', () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  for (const [digits, { says }] of BEHAVIOURS) {
    expect(readme.replaceAll(/ +/g, ' ')).toContain(`| \`${digits}\` | ${says} |`);
  }
});
