import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { RateLimit } from '../src/client/rate-limit.ts';
import { reconnectDelayMs } from '../src/client/reconnect-delay.ts';
import {
  encodePdu,
  type LateAnswer,
  type Pdu,
  type PartOutcome,
  readText,
  SmppClient,
  SmppServer,
  splitText,
  STATUSES,
} from '../src/index.ts';
import { RequestWindow } from '../src/session/request-window.ts';
import { LOGIN, messages, openPair, until, untilBound } from './helpers/pair.ts';
import { listenRaw, type RawPeer } from './helpers/raw-peer.ts';

const ONE = messages(1)[0]!;

function answerBind(pdu: Pdu, peer: RawPeer): void {
  if (pdu.command === 'bind_transceiver') peer.say(encodePdu('bind_transceiver_resp', { sequence: pdu.sequence }, {}));
  if (pdu.command === 'unbind') peer.say(encodePdu('unbind_resp', { sequence: pdu.sequence }, {}));
}

describe('what becomes of a part', () => {
  it('accepted with its id, in order, over one session', async () => {
    const seen: string[] = [];
    const sessions = new Set<unknown>();
    await using pair = await openPair(
      {
        onSubmit: (message, session) => {
          sessions.add(session);
          seen.push(readText(message).text);
          return { messageId: `id-${seen.length}` };
        },
      },
      { binds: 3 },
    );
    const parts = splitText('a'.repeat(400), { reference: 1 })!;
    expect(await pair.client.submit({ parts })).toEqual(
      [1, 2, 3].map((n) => ({ kind: 'accepted', messageId: `id-${n}` })),
    );
    expect(sessions.size).toBe(1);
    expect(seen.join('')).toBe('a'.repeat(400));
  });

  it.each(Object.entries(STATUSES).filter(([name]) => name !== 'ROK' && name !== 'RINVBNDSTS'))(
    'refused with %s',
    async (_, status) => {
      await using pair = await openPair({ onSubmit: () => ({ status }) });
      expect(await pair.client.submit(ONE)).toEqual([{ kind: 'refused', status }]);
    },
  );

  it('refused by a generic_nack', async () => {
    await using server = await listenRaw((pdu, peer) => {
      answerBind(pdu, peer);
      if (pdu.command === 'submit_sm') peer.say(encodePdu('generic_nack', { sequence: pdu.sequence, status: 3 }, {}));
    });
    const client = new SmppClient({ ...LOGIN, port: server.port, responseTimeoutMs: 500 });
    expect(await client.submit(ONE)).toEqual([{ kind: 'refused', status: 3 }]);
    await client.close();
  });

  it('in doubt when its time is up, and a late answer tells', async () => {
    let held: (() => void) | undefined;
    await using server = await listenRaw((pdu, peer) => {
      answerBind(pdu, peer);
      if (pdu.command === 'enquire_link') peer.say(encodePdu('enquire_link_resp', { sequence: pdu.sequence }, {}));
      if (pdu.command !== 'submit_sm') return;
      held = () => peer.say(encodePdu('submit_sm_resp', { sequence: pdu.sequence }, { messageId: 'late' }));
    });
    const late: LateAnswer[] = [];
    const client = new SmppClient({
      ...LOGIN,
      port: server.port,
      responseTimeoutMs: 100,
      onLateAnswer: (answer) => late.push(answer),
    });
    expect(await client.submit({ ...ONE, tag: 'mine' })).toEqual([{ kind: 'in_doubt', reason: 'timed_out' }]);
    expect(client.binds[0]).toMatchObject({ state: 'bound', inFlight: 0 });
    held?.();
    await until(() => late.length === 1);
    expect(late).toEqual([{ tag: 'mine', part: 0, outcome: { kind: 'accepted', messageId: 'late' } }]);
    await client.close();
  });

  it('in doubt when the connection breaks, and what was not sent waits for the next one', async () => {
    let isFirst = true;
    await using server = await listenRaw((pdu, peer) => {
      answerBind(pdu, peer);
      if (pdu.command !== 'submit_sm') return;
      if (isFirst) {
        if (server.peers[0]?.heard.length === 11) {
          isFirst = false;
          peer.socket.destroy();
        }
      } else peer.say(encodePdu('submit_sm_resp', { sequence: pdu.sequence }, { messageId: 'x' }));
    });
    const client = new SmppClient({ ...LOGIN, port: server.port, window: 10, reconnectDelayMs: () => 5 });
    const outcomes: PartOutcome[][] = [];
    await client.submitAll(messages(25), (index, settled) => (outcomes[index] = [...settled]));
    const kinds = outcomes.flat().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'in_doubt')).toHaveLength(10);
    expect(kinds.filter((kind) => kind === 'accepted')).toHaveLength(15);
    const submits = server.peers.flatMap(({ heard }) => heard.filter(({ command }) => command === 'submit_sm'));
    const numbers = submits.map((pdu) => (pdu.command === 'submit_sm' ? pdu.destination : ''));
    expect(new Set(numbers).size).toBe(25);
    expect(numbers).toHaveLength(25);
    await client.close();
  });

  it('not sent when it does not fit its PDU, or when told to stop', async () => {
    await using pair = await openPair();
    expect(await pair.client.submit({ parts: [{ destination: '1'.repeat(30) }] })).toEqual([
      { kind: 'not_sent', reason: 'invalid' },
    ]);
    const outcomes: PartOutcome[] = [];
    await pair.client.submitAll(messages(3), (_, settled) => outcomes.push(...settled), AbortSignal.abort());
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ kind: 'not_sent', reason: 'stopped' })));
  });

  it('every message of a batch that is stopped in the middle is settled once', async () => {
    await using pair = await openPair({
      onSubmit: async () => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        return { messageId: 'm' };
      },
    });
    const stop = new AbortController();
    const kinds: string[] = [];
    const submitted = pair.client.submitAll(messages(200), (_, [outcome]) => kinds.push(outcome!.kind), stop.signal);
    await until(() => kinds.length > 10);
    stop.abort();
    await submitted;
    expect(kinds).toHaveLength(200);
    expect(new Set(kinds)).toEqual(new Set(['accepted', 'not_sent']));
  });

  it('not sent when the client is closed while nothing is bound', async () => {
    const client = new SmppClient({ ...LOGIN, port: 1, reconnectDelayMs: () => 10_000 });
    const submitted = client.submit(ONE);
    await client.close();
    expect(await submitted).toEqual([{ kind: 'not_sent', reason: 'closed' }]);
  });

  it('a message without parts is settled with nothing', async () => {
    await using pair = await openPair();
    expect(await pair.client.submit({ parts: [] })).toEqual([]);
  });
});

describe('what comes in', () => {
  it('is answered with 0 after it was handled, with RSYSERR when it could not be', async () => {
    let fails = true;
    await using pair = await openPair(
      {},
      {
        onDeliver: async () => {
          if (fails) throw new Error('not stored');
        },
      },
    );
    const [session] = pair.server.sessions;
    const deliver = (): Promise<number> =>
      new Promise((resolve) =>
        session!.deliver({ shortMessage: Buffer.from('STOP') }, (answer) =>
          resolve(answer.command === 'none' ? -1 : answer.status),
        ),
      );
    expect(await deliver()).toBe(STATUSES.RSYSERR);
    fails = false;
    expect(await deliver()).toBe(0);
  });

  it('may be answered out of order', async () => {
    const gates: (() => void)[] = [];
    await using pair = await openPair({}, { onDeliver: () => new Promise<void>((resolve) => gates.push(resolve)) });
    const [session] = pair.server.sessions;
    const answered: number[] = [];
    for (const n of [0, 1]) session!.deliver({}, () => answered.push(n));
    await until(() => gates.length === 2);
    gates[1]?.();
    await until(() => answered.length === 1);
    gates[0]?.();
    await until(() => answered.length === 2);
    expect(answered).toEqual([1, 0]);
  });
});

test('query_sm is answered', async () => {
  await using pair = await openPair({
    onQuery: ({ messageId }) => ({ messageId, messageState: 2, finalDate: '' }),
  });
  const answer = await pair.client.request('query_sm', { messageId: 'abc' });
  expect(answer).toMatchObject({ command: 'query_sm_resp', status: 0, messageId: 'abc', messageState: 2 });
});

describe('a pool', () => {
  it('binds as many sessions as it was told and uses them all', async () => {
    const used = new Map<unknown, number>();
    await using pair = await openPair(
      {
        onSubmit: async (_, session) => {
          used.set(session, (used.get(session) ?? 0) + 1);
          await new Promise((resolve) => setTimeout(resolve, 1));
          return { messageId: 'm' };
        },
      },
      { binds: 4, window: 5 },
    );
    await pair.client.submitAll(messages(400), () => {});
    expect(used.size).toBe(4);
  });

  it('sends over the transmitter and takes in over the receiver', async () => {
    const received: string[] = [];
    await using pair = await openPair(
      {},
      { bindMode: 'transmitter+receiver', onDeliver: (message) => void received.push(message.source) },
    );
    expect([...pair.server.sessions].map(({ mode }) => String(mode)).toSorted()).toEqual(['receiver', 'transmitter']);
    expect(await pair.client.submit(ONE)).toMatchObject([{ kind: 'accepted' }]);
    const receiver = [...pair.server.sessions].find((session) => session.receives);
    receiver?.deliver({ source: '123' }, () => {});
    await until(() => received.length === 1);
  });

  it('says why it is not bound, and goes on trying', async () => {
    let tries = 0;
    const server = new SmppServer({ onBind: () => (++tries < 3 ? { status: STATUSES.RINVPASWD } : {}) });
    const port = await server.listen();
    const errors: (string | null)[] = [];
    const client = new SmppClient({
      ...LOGIN,
      port,
      reconnectDelayMs: () => 5,
      onState: ({ state, lastError }) => state === 'waiting' && errors.push(lastError),
    });
    await untilBound(client);
    expect(errors).toEqual(['RINVPASWD', 'RINVPASWD']);
    await client.close();
    await server.close();
  });

  it('gives up a server that takes the connection and says nothing', async () => {
    await using server = await listenRaw(() => {});
    const client = new SmppClient({
      ...LOGIN,
      port: server.port,
      responseTimeoutMs: 60,
      reconnectDelayMs: () => 10_000,
    });
    await until(() => client.binds[0]?.lastError === 'bind was not answered');
    expect(client.binds[0]?.state).toBe('waiting');
    await client.close();
  });

  it('binds anew when the server has forgotten the bind', async () => {
    let forgot = false;
    await using pair = await openPair(
      {
        onSubmit: () => {
          if (forgot) return { messageId: 'm' };
          forgot = true;
          return { status: STATUSES.RINVBNDSTS };
        },
      },
      { reconnectDelayMs: () => 5 },
    );
    expect(await pair.client.submit(ONE)).toEqual([{ kind: 'refused', status: STATUSES.RINVBNDSTS }]);
    expect(await pair.client.submit(ONE)).toMatchObject([{ kind: 'accepted' }]);
  });
});

test('TLS: with the right authority it binds, without it does not', async () => {
  const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name));
  const tls = { cert: fixture('localhost-cert.pem'), key: fixture('localhost-key.pem') };
  const server = new SmppServer({ tls, onBind: () => ({}), onSubmit: () => ({ messageId: 'm' }) });
  const port = await server.listen();
  const good = new SmppClient({ ...LOGIN, host: 'localhost', port, tls: { ca: tls.cert } });
  const bad = new SmppClient({ ...LOGIN, host: 'localhost', port, tls: {} });
  expect(await good.submit(ONE)).toMatchObject([{ kind: 'accepted' }]);
  await until(() => bad.binds[0]?.state === 'waiting');
  expect(bad.binds[0]?.lastError).toContain('SELF_SIGNED');
  await Promise.all([good.close(), bad.close()]);
  await server.close();
});

describe('throttling', () => {
  it('cuts the rate to 0.7, once for what was on its way, and lets it grow by 5 % every 10 s', () => {
    const rate = new RateLimit(100, 0);
    rate.available(0);
    rate.backOff(1_000);
    rate.backOff(1_500);
    expect(rate.perSecond).toBeCloseTo(70);
    rate.backOff(2_000);
    expect(rate.perSecond).toBeCloseTo(49);
    rate.available(11_999);
    expect(rate.perSecond).toBeCloseTo(49);
    rate.available(12_000);
    expect(rate.perSecond).toBeCloseTo(51.45);
    rate.available(1_000_000);
    expect(rate.perSecond).toBe(100);
  });

  it('finds a rate where none was set', () => {
    const rate = new RateLimit(Infinity, 0);
    expect(rate.available(0)).toBe(Infinity);
    rate.take(1_000);
    rate.backOff(2_000);
    expect(rate.perSecond).toBeCloseTo(350);
    expect(rate.available(2_000)).toBe(0);
    expect(rate.available(2_010)).toBe(3);
  });

  it('keeps to a rate', async () => {
    await using pair = await openPair({}, { ratePerSecond: 200 });
    const startMs = performance.now();
    await pair.client.submitAll(messages(60), () => {});
    expect(performance.now() - startMs).toBeGreaterThan(180);
  });

  it('slows down when the server throttles', async () => {
    await using pair = await openPair({ onSubmit: () => ({ status: STATUSES.RTHROTTLED }) }, { ratePerSecond: 100 });
    await pair.client.submit(ONE);
    expect(pair.client.ratePerSecond).toBeCloseTo(70);
  });
});

test('tries again after 1, 2, 4, … 60 s, each ±20 %', () => {
  expect([1, 2, 3, 6, 7, 8, 1_000].map((failures) => reconnectDelayMs(failures, 0.5))).toEqual([
    1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000,
  ]);
  expect(reconnectDelayMs(1, 0)).toBeCloseTo(800);
  expect(reconnectDelayMs(1, 1)).toBeCloseTo(1_200);
});

test('sequence numbers begin again after 0x7fffffff and leave out the ones still open', () => {
  const window = new RequestWindow(10, 0x7fffffff - 1);
  const numbers: number[] = [];
  for (let i = 0; i < 200; i++) {
    const sequence = window.nextSequence();
    window.add(() => {}, 0, true);
    numbers.push(sequence);
    if (i !== 0) window.take(sequence);
  }
  expect(numbers.slice(0, 4)).toEqual([0x7ffffffe, 0x7fffffff, 1, 2]);
  expect(new Set(numbers).size).toBe(200);
  expect(window.size).toBe(1);
  expect(window.take(0x7ffffffe)).toBeDefined();
  expect(window.take(0x7ffffffe)).toBeUndefined();
});
