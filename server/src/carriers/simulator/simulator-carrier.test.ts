import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { CarrierConnection, CarrierEvents, CarrierReport, InboundText, SubmitMessage } from '../carrier.ts';
import { describeCarrierContract, makeMessage, submitAll } from '../contract-suite.ts';
import { createSimulatorCarrier, type SimulatorCarrier } from './simulator-carrier.ts';
import { openSimulatorStore } from './simulator-store.ts';

const FROM = '+18005551000';
/** 60 s become 600 ms. */
const TIME_SCALE = 0.01;

interface Subject extends AsyncDisposable {
  readonly carrier: SimulatorCarrier;
  readonly connection: CarrierConnection;
  readonly reports: CarrierReport[];
  readonly inbound: InboundText[];
}

interface SubjectOptions {
  readonly profile?: string;
  readonly timeScale?: number;
  readonly onEvents?: (events: CarrierEvents) => Promise<void>;
}

function openSubject({ profile, timeScale = TIME_SCALE, onEvents }: SubjectOptions = {}): Subject {
  const folder = mkdtempSync(join(tmpdir(), 'trackly-simulator-'));
  const store = openSimulatorStore(folder);
  const reports: CarrierReport[] = [];
  const inbound: InboundText[] = [];
  const carrier = createSimulatorCarrier({
    store,
    clock: Date.now,
    timeScale,
    async onEvents(events) {
      await onEvents?.(events);
      reports.push(...events.reports);
      inbound.push(...events.inbound);
    },
  });
  const connection = carrier.connect({
    id: 1,
    accountId: 'a'.repeat(24),
    number: FROM,
    credentials: profile === undefined ? {} : { profile },
  });
  return {
    carrier,
    connection,
    reports,
    inbound,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await carrier[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

function messageTo(digits: string, changes: Partial<SubmitMessage> = {}): SubmitMessage {
  return makeMessage(FROM, `+1312555${digits}`, changes);
}

async function submitOne(subject: Subject, message: SubmitMessage) {
  const { outcomes, counts } = await submitAll(subject.connection, [message]);
  expect(counts).toEqual([1]);
  return outcomes[0];
}

describeCarrierContract('The simulator', async () => {
  const subject = openSubject();
  return {
    connection: subject.connection,
    from: FROM,
    recipient: (n) => `+1312556${String(n + 1_000)}`,
    [Symbol.asyncDispose]: () => subject[Symbol.asyncDispose](),
  };
});

describe('behaviour by the last four digits', () => {
  it.each([
    ['0150', 'REJECTED_DESTINATION'],
    ['0151', 'REJECTED_OPTED_OUT'],
  ])('%s is refused at once with %s and reaches no handset', async (digits, detail) => {
    await using subject = openSubject();
    const message = messageTo(digits);
    expect(await submitOne(subject, message)).toMatchObject({ kind: 'refused', detail, permanent: true });
    expect(subject.carrier.store.handsets(10, null)).toEqual([]);
    expect(subject.carrier.store.ledger(10, 0)).toMatchObject([{ messageId: message.id, count: 1, taken: false }]);
  });

  it('0152 is throttled three times and then accepted, counted once', async () => {
    await using subject = openSubject();
    const message = messageTo('0152');
    const kinds: unknown[] = [];
    for (let attempt = 0; attempt < 4; attempt++) kinds.push(await submitOne(subject, message));
    expect(kinds.slice(0, 3)).toEqual(
      [1, 2, 3].map(() => ({ kind: 'retry', detail: 'THROTTLED', code: '429', connectionFailed: false })),
    );
    expect(kinds[3]).toMatchObject({ kind: 'accepted' });
    expect(subject.carrier.store.totals()).toEqual({ submits: 1, messages: 1, doubles: 0 });
  });

  it('0153 gives no answer but delivers', async () => {
    await using subject = openSubject();
    const message = messageTo('0153');
    expect(await submitOne(subject, message)).toEqual({ kind: 'in_doubt', code: 'timeout' });
    await vi.waitFor(() => expect(subject.reports).toMatchObject([{ messageId: message.id, state: 'delivered' }]));
  });

  it('0154 gives no answer and took nothing', async () => {
    await using subject = openSubject();
    const message = messageTo('0154');
    expect(await submitOne(subject, message)).toEqual({ kind: 'in_doubt', code: 'timeout' });
    expect(await subject.connection.lookUp?.(message, Date.now())).toEqual({ kind: 'absent' });
    expect(subject.carrier.store.earliestDueMs()).toBeNull();
  });

  it('settles the others of a batch without waiting for 0153', async () => {
    await using subject = openSubject({ timeScale: 1 });
    const stop = new AbortController();
    const order: number[] = [];
    const batch = [messageTo('0153'), messageTo('0100'), messageTo('0154')];
    const submitted = subject.connection.submit(batch, (index) => order.push(index), stop.signal);
    await vi.waitFor(() => expect(order).toEqual([1]));
    stop.abort();
    await submitted;
    expect(new Set(order)).toEqual(new Set([0, 1, 2]));
    expect(order).toHaveLength(3);
  });

  it.each([
    ['0155', 'REJECTED_ABSENT_SUBSCRIBER', false],
    ['0156', 'REJECTED_OPERATOR', false],
    ['0157', 'REJECTED_SPAM', true],
    ['0158', 'EXPIRED', false],
  ])('%s is accepted and then fails with %s', async (digits, detail, permanent) => {
    await using subject = openSubject();
    const message = messageTo(digits);
    expect(await submitOne(subject, message)).toMatchObject({ kind: 'accepted', echoesOwnId: true });
    await vi.waitFor(() =>
      expect(subject.reports).toMatchObject([{ messageId: message.id, state: 'undelivered', detail, permanent }]),
    );
  });

  it('0159 is accepted and makes nothing due', async () => {
    await using subject = openSubject();
    expect(await submitOne(subject, messageTo('0159'))).toMatchObject({ kind: 'accepted' });
    expect(subject.carrier.store.earliestDueMs()).toBeNull();
  });

  it('0160 tells the receipt before the answer', async () => {
    await using subject = openSubject();
    let reportsAtAnswer = -1;
    await subject.connection.submit(
      [messageTo('0160')],
      () => (reportsAtAnswer = subject.reports.length),
      new AbortController().signal,
    );
    expect(reportsAtAnswer).toBe(1);
  });

  it('0161 tells the receipt twice', async () => {
    await using subject = openSubject();
    await submitOne(subject, messageTo('0161'));
    await vi.waitFor(() => expect(subject.reports.map(({ state }) => state)).toEqual(['delivered', 'delivered']));
  });

  it('0162 tells PENDING after the delivery', async () => {
    await using subject = openSubject();
    await submitOne(subject, messageTo('0162'));
    await vi.waitFor(() =>
      expect(subject.reports.map(({ detail }) => detail)).toEqual(['DELIVERED_TO_HANDSET', 'PENDING']),
    );
  });

  it('0163 fails the second part of a long message only', async () => {
    await using subject = openSubject();
    const outcome = await submitOne(subject, messageTo('0163', { segments: 3 }));
    expect(outcome).toMatchObject({ carrierIds: ['1000000001', '1000000002', '1000000003'] });
    await vi.waitFor(() =>
      expect(subject.reports.map(({ part, state }) => [part, state])).toEqual([
        [1, 'delivered'],
        [2, 'undelivered'],
        [3, 'delivered'],
      ]),
    );
  });

  it('0163 delivers a message of one part', async () => {
    await using subject = openSubject();
    await submitOne(subject, messageTo('0163'));
    await vi.waitFor(() => expect(subject.reports).toMatchObject([{ part: null, state: 'delivered' }]));
  });

  it('0164 tells only the hexadecimal form of the id it gave', async () => {
    await using subject = openSubject();
    expect(await submitOne(subject, messageTo('0164'))).toMatchObject({
      carrierIds: ['1000000001'],
      echoesOwnId: false,
    });
    await vi.waitFor(() => expect(subject.reports).toMatchObject([{ messageId: null, carrierId: '3b9aca01' }]));
  });

  it.each([
    ['0165', 'STOP'],
    ['0166', 'HELP'],
    ['0167', 'Thanks'],
  ])('%s is delivered and replies %s', async (digits, text) => {
    await using subject = openSubject();
    const message = messageTo(digits);
    await submitOne(subject, message);
    await vi.waitFor(() => expect(subject.inbound).toMatchObject([{ from: message.to, to: FROM, text }]));
    expect(subject.reports).toMatchObject([{ state: 'delivered' }]);
    const shown = subject.carrier.store
      .conversation(message.to, 10, null)
      .map(({ direction, body }) => [direction, body]);
    expect(shown).toEqual([
      ['out', text],
      ['in', 'Hello!'],
    ]);
  });

  it('0168 is in doubt at once, and the receipt comes after 60 s', async () => {
    await using subject = openSubject();
    const message = messageTo('0168');
    expect(await submitOne(subject, message)).toEqual({ kind: 'in_doubt', code: '500' });
    expect(await subject.connection.lookUp?.(message, Date.now())).toMatchObject({ report: { state: 'sent' } });
    await vi.waitFor(() => expect(subject.reports).toMatchObject([{ messageId: message.id, state: 'delivered' }]));
    expect(await subject.connection.lookUp?.(message, Date.now())).toMatchObject({ report: { state: 'delivered' } });
  });

  it('0169 refuses the connection until 10 s after the first try', async () => {
    await using subject = openSubject();
    const message = messageTo('0169');
    expect(await submitOne(subject, message)).toMatchObject({ kind: 'retry', connectionFailed: true });
    await vi.waitFor(async () => expect(await submitOne(subject, message)).toMatchObject({ kind: 'accepted' }));
    expect(subject.carrier.store.totals()).toEqual({ submits: 1, messages: 1, doubles: 0 });
  });

  it('any other number is delivered, with both ids in the receipt', async () => {
    await using subject = openSubject();
    const message = messageTo('0142');
    expect(await submitOne(subject, message)).toEqual({
      kind: 'accepted',
      carrierIds: ['1000000001'],
      detail: 'PENDING',
      echoesOwnId: true,
    });
    await vi.waitFor(() =>
      expect(subject.reports).toMatchObject([
        { messageId: message.id, carrierId: '1000000001', part: null, detail: 'DELIVERED_TO_HANDSET' },
      ]),
    );
  });
});

describe('what holds for every number', () => {
  it('a repeated own id is counted, accepted with the same ids, and reaches the handset once', async () => {
    await using subject = openSubject();
    const message = messageTo('0142');
    const first = await submitOne(subject, message);
    expect(await submitOne(subject, message)).toEqual(first);
    expect(subject.carrier.store.totals()).toEqual({ submits: 2, messages: 1, doubles: 1 });
    expect(subject.carrier.store.conversation(message.to, 10, null)).toHaveLength(1);
  });

  it('receipts that could not be told come again until they are', async () => {
    let failures = 2;
    await using subject = openSubject({
      onEvents: () => (failures-- > 0 ? Promise.reject(new Error('The log is full')) : Promise.resolve()),
    });
    const message = messageTo('0142');
    await submitOne(subject, message);
    await vi.waitFor(() => expect(subject.reports).toMatchObject([{ messageId: message.id }]));
    await vi.waitFor(() => expect(subject.carrier.store.earliestDueMs()).toBeNull());
  });

  it('a text written on a handset arrives as an inbound text', async () => {
    await using subject = openSubject();
    await subject.carrier.receiveFromHandset({ listId: 1, from: '+13125550142', to: FROM, body: 'STOP' });
    await vi.waitFor(() =>
      expect(subject.inbound).toMatchObject([{ id: 'sim-000001', from: '+13125550142', to: FROM, text: 'STOP' }]),
    );
  });

  it('slow lists answer later, each message at its own time', async () => {
    await using subject = openSubject({ profile: 'slow' });
    const messages = Array.from({ length: 50 }, (_, n) => messageTo(String(2_000 + n)));
    const { outcomes } = await submitAll(subject.connection, messages);
    expect(outcomes.every((outcome) => outcome?.kind === 'accepted')).toBe(true);
  });

  it('lossy lists lose about as many as they say, and the same ones every time', async () => {
    const kinds: string[][] = [];
    const messages = Array.from({ length: 1_000 }, (_, n) => messageTo(String(2_000 + n)));
    for (let run = 0; run < 2; run++) {
      await using subject = openSubject({ profile: 'lossy' });
      const { outcomes } = await submitAll(subject.connection, messages);
      kinds.push(outcomes.map((outcome) => outcome?.kind ?? 'none'));
    }
    expect(kinds[1]).toEqual(kinds[0]);
    const inDoubt = kinds[0]!.filter((kind) => kind === 'in_doubt').length;
    expect(inDoubt).toBeGreaterThan(5);
    expect(inDoubt).toBeLessThan(45);
  });
});
