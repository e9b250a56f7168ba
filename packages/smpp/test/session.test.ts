import { describe, expect, it, test } from 'vitest';
import { COMMAND_IDS, encodePdu, type PartOutcome, SmppClient, SmppServer, STATUSES } from '../src/index.ts';
import { messages, openPair, until } from './helpers/pair.ts';
import { connectRaw, listenRaw, type RawPeer } from './helpers/raw-peer.ts';

const BIND = encodePdu('bind_transceiver', { sequence: 1 }, { systemId: 'trackly', password: 'trackly' });

async function openServer(options: Partial<ConstructorParameters<typeof SmppServer>[0]> = {}): Promise<{
  server: SmppServer;
  port: number;
}> {
  const server = new SmppServer({ onBind: () => ({}), onSubmit: () => ({ messageId: 'm' }), ...options });
  return { server, port: await server.listen() };
}

async function bindRaw(port: number): Promise<RawPeer> {
  const peer = await connectRaw(port);
  peer.say(BIND);
  await until(() => peer.heard.length === 1);
  expect(peer.heard.shift()).toMatchObject({ command: 'bind_transceiver_resp', status: 0 });
  return peer;
}

function rawHeader(length: number, id: number, sequence: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(length, 0);
  header.writeUInt32BE(id, 4);
  header.writeUInt32BE(sequence, 12);
  return header;
}

describe('frames that are not right', () => {
  it.each([0, 15, 65_537, 0xffffffff])('the length %i is answered with generic_nack and the end', async (length) => {
    const { server, port } = await openServer();
    await using _ = server;
    const peer = await bindRaw(port);
    peer.say(rawHeader(length, COMMAND_IDS.submit_sm, 77));
    await until(() => peer.isClosed);
    expect(peer.heard).toMatchObject([{ command: 'generic_nack', status: STATUSES.RINVCMDLEN, sequence: 77 }]);
    expect(server.sessions.size).toBe(0);
  });

  it('an unknown command is answered with generic_nack, and the session goes on', async () => {
    const { server, port } = await openServer();
    await using _ = server;
    const peer = await bindRaw(port);
    peer.say(rawHeader(16, 0x99, 5));
    peer.say(encodePdu('enquire_link', { sequence: 6 }, {}));
    await until(() => peer.heard.length === 2);
    expect(peer.heard).toMatchObject([
      { command: 'generic_nack', status: STATUSES.RINVCMDID, sequence: 5 },
      { command: 'enquire_link_resp', status: 0, sequence: 6 },
    ]);
    peer.socket.destroy();
  });

  it('a body that does not fit has the status in the answer of its command', async () => {
    const { server, port } = await openServer();
    await using _ = server;
    const peer = await bindRaw(port);
    peer.say(rawHeader(16, COMMAND_IDS.submit_sm, 7));
    await until(() => peer.heard.length === 1);
    expect(peer.heard[0]).toMatchObject({ command: 'submit_sm_resp', sequence: 7 });
    expect(peer.heard[0]?.status).not.toBe(0);
    peer.socket.destroy();
  });

  it('answers that nobody waits for, and octets at random, do no harm', async () => {
    const { server, port } = await openServer();
    await using _ = server;
    for (let round = 0; round < 40; round++) {
      const peer = await bindRaw(port);
      peer.say(encodePdu('submit_sm_resp', { sequence: 4_711 }, { messageId: 'x' }));
      peer.say(Buffer.from(Array.from({ length: 200 }, (_, i) => (i * (round + 7) * 31) % 256)));
      peer.socket.end();
    }
    const peer = await bindRaw(port);
    peer.say(encodePdu('enquire_link', { sequence: 2 }, {}));
    await until(() => peer.heard.length === 1);
    expect(peer.heard[0]?.command).toBe('enquire_link_resp');
    peer.socket.destroy();
  });
});

describe('what a server allows', () => {
  it('nothing before the bind, and one bind a session', async () => {
    const { server, port } = await openServer();
    await using _ = server;
    const peer = await connectRaw(port);
    peer.say(encodePdu('submit_sm', { sequence: 9 }, {}));
    await until(() => peer.heard.length === 1);
    expect(peer.heard.shift()).toMatchObject({ command: 'submit_sm_resp', status: STATUSES.RINVBNDSTS });
    peer.say(Buffer.concat([BIND, BIND]));
    await until(() => peer.heard.length === 2);
    expect(peer.heard.map(({ status }) => status)).toEqual([0, STATUSES.RALYBND]);
    peer.socket.destroy();
  });

  it('so many binds of a system_id, so many connections, so much time to bind', async () => {
    const { server, port } = await openServer({ maxBindsPerSystemId: 1, bindTimeoutMs: 50 });
    await using _ = server;
    const first = await bindRaw(port);
    const second = await connectRaw(port);
    second.say(BIND);
    await until(() => second.isClosed);
    expect(second.heard).toMatchObject([{ status: STATUSES.RALYBND }]);
    const third = await connectRaw(port);
    await until(() => third.isClosed);
    expect(first.isClosed).toBe(false);
    first.socket.destroy();
  });

  it('so many submits a second', async () => {
    const { server, port } = await openServer({ submitsPerSecond: 10 });
    await using _ = server;
    const peer = await bindRaw(port);
    for (let sequence = 2; sequence < 7; sequence++) peer.say(encodePdu('submit_sm', { sequence }, {}));
    await until(() => peer.heard.length === 5);
    expect(peer.heard.map(({ status }) => status)).toEqual([
      0,
      ...Array.from({ length: 4 }, () => STATUSES.RTHROTTLED),
    ]);
    peer.socket.destroy();
  });

  it('no submit from a receiver', async () => {
    const { server, port } = await openServer();
    await using _ = server;
    const peer = await connectRaw(port);
    peer.say(encodePdu('bind_receiver', { sequence: 1 }, {}));
    await until(() => peer.heard.length === 1);
    peer.say(encodePdu('submit_sm', { sequence: 2 }, {}));
    await until(() => peer.heard.length === 2);
    expect(peer.heard[1]).toMatchObject({ status: STATUSES.RINVBNDSTS });
    peer.socket.destroy();
  });
});

describe('memory', () => {
  it('a peer that sends and does not read is not read from', async () => {
    const { server, port } = await openServer();
    await using _ = server;
    const peer = await bindRaw(port);
    peer.socket.pause();
    const frames = Buffer.concat(
      Array.from({ length: 2_000 }, (_, i) => encodePdu('enquire_link', { sequence: i + 2 }, {})),
    );
    let written = 0;
    let isBlocked = false;
    while (!isBlocked && written < 400_000_000) {
      const taken = await Promise.race([
        new Promise<boolean>((resolve) => peer.socket.write(frames, () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
      ]);
      written += frames.length;
      isBlocked = !taken;
    }
    expect(isBlocked).toBe(true);
    const [session] = server.sessions;
    expect(session?.heldBytes).toBeLessThan(4_000_000);
    peer.socket.destroy();
  });

  it('requests that the owner is slow with are bounded, and all are answered in the end', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    let atWork = 0;
    const { server, port } = await openServer({
      maxPending: 20,
      onSubmit: async () => {
        atWork++;
        await gate;
        return { messageId: 'm' };
      },
    });
    await using _ = server;
    const peer = await bindRaw(port);
    for (let i = 0; i < 500; i++) peer.say(encodePdu('submit_sm', { sequence: i + 2 }, {}));
    await until(() => atWork === 20);
    const [session] = server.sessions;
    expect(session?.pending).toBe(20);
    open();
    await until(() => peer.heard.length === 500);
    expect(atWork).toBe(500);
    peer.socket.destroy();
  });

  it('a peer that takes nothing is given up', async () => {
    const { server, port } = await openServer({ responseTimeoutMs: 200, enquireLinkMs: 0, window: 5_000 });
    await using _ = server;
    const peer = await bindRaw(port);
    peer.socket.pause();
    const [session] = server.sessions;
    const shortMessage = new Uint8Array(0);
    const tlvs = { messagePayload: new Uint8Array(60_000) };
    for (let i = 0; i < 300; i++) session?.deliver({ shortMessage, tlvs }, () => {});
    await until(() => session?.isClosed === true);
    expect(server.sessions.size).toBe(0);
    peer.socket.destroy();
  });
});

test('the window is never exceeded, and every message is settled once', async () => {
  let open = 0;
  let most = 0;
  await using pair = await openPair(
    {
      onSubmit: async () => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 1));
        open--;
        return { messageId: 'm' };
      },
    },
    { window: 7 },
  );
  const counts = Array.from({ length: 500 }, () => 0);
  await pair.client.submitAll(messages(500), (index) => counts[index]!++);
  expect(most).toBe(7);
  expect(counts.every((count) => count === 1)).toBe(true);
});

test('a half-open peer is found out, and its submits are in doubt', async () => {
  await using server = await listenRaw((pdu, peer) => {
    if (pdu.command === 'bind_transceiver')
      peer.say(encodePdu('bind_transceiver_resp', { sequence: pdu.sequence }, {}));
  });
  const options = { host: '127.0.0.1', systemId: 'a', password: 'b', port: server.port };
  const client = new SmppClient({ ...options, responseTimeoutMs: 200, enquireLinkMs: 100 });
  const outcomes: PartOutcome[] = [];
  const [message] = messages(1);
  outcomes.push(...(await client.submit(message!)));
  expect(outcomes).toEqual([{ kind: 'in_doubt', reason: 'timed_out' }]);
  await until(() => client.binds[0]?.lastError === 'silent');
  expect(server.peers[0]?.heard.filter(({ command }) => command === 'enquire_link')).toHaveLength(2);
  await client.close();
});

test('unbind waits for what is open and leaves nothing outstanding', async () => {
  await using pair = await openPair({
    onSubmit: async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { messageId: 'm' };
    },
  });
  const outcomes: PartOutcome[] = [];
  const submitted = pair.client.submitAll(messages(5), (_, settled) => outcomes.push(...settled));
  await until(() => pair.client.binds[0]?.inFlight === 5);
  await pair.client.close();
  await submitted;
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'accepted'));
  expect(pair.client.binds[0]?.state).toBe('closed');
  await until(() => pair.server.sessions.size === 0);
});

test('a server that unbinds is answered, and the client comes back', async () => {
  await using pair = await openPair({}, { reconnectDelayMs: () => 5 });
  const [session] = pair.server.sessions;
  await session?.unbind();
  await until(() => pair.client.binds[0]?.state === 'bound' && pair.server.sessions.size === 1);
  const [message] = messages(1);
  expect(await pair.client.submit(message!)).toMatchObject([{ kind: 'accepted' }]);
});
