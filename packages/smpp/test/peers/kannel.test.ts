import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PduOf, readText, type ServerSession, SmppServer, TextJoiner, toReceipt } from '../../src/index.ts';
import { until } from '../helpers/pair.ts';

const FAKE_SMSC = '/usr/lib/kannel/test/fakesmsc';
const START_MS = 20_000;

/*
 * Kannel 1.4.5 as a foreign client. Its fakesmsc plays handsets: what it says, bearerbox submits to our server, and what
 * our server delivers, bearerbox gives to fakesmsc. Its smsbox takes texts by HTTP and calls back with receipts.
 */
describe('Kannel at our server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trackly-kannel-'));
  const children: ChildProcess[] = [];
  const submitted: PduOf<'submit_sm'>[] = [];
  const callbacks: URL[] = [];
  const callbackServer = createHttpServer((request, response) => {
    callbacks.push(new URL(request.url ?? '/', 'http://localhost'));
    response.end();
  });
  let heardByHandset = '';
  let sendsmsPort = 0;
  let callbackPort = 0;
  let fakePort = 0;

  const server = new SmppServer({
    onBind: ({ systemId, password }) => (systemId === 'trackly' && password === 'trackly' ? {} : { status: 0x0e }),
    onSubmit: (message, session) => {
      submitted.push(message);
      const messageId = submitted.length.toString(16).padStart(8, '0');
      if ((message.registeredDelivery & 1) === 1) setTimeout(() => sendReceipt(session, message, messageId), 50);
      return { messageId };
    },
  });

  function sendReceipt(session: ServerSession, message: PduOf<'submit_sm'>, messageId: string): void {
    const state = message.destination.endsWith('7') ? 'UNDELIVERABLE' : 'DELIVERED';
    const receipt = toReceipt({ messageId, state, submittedAtMs: Date.now(), doneAtMs: Date.now() });
    session.deliver({ source: message.destination, destination: message.source, ...receipt }, () => {});
  }

  function start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.resume();
    child.stdout.resume();
    children.push(child);
    return child;
  }

  async function sendByHttp(fields: Readonly<Record<string, string>>): Promise<number> {
    const query = new URLSearchParams({ username: 'tester', password: 'secret', from: '18005551000', ...fields });
    const response = await fetch(`http://127.0.0.1:${sendsmsPort}/cgi-bin/sendsms?${query.toString()}`);
    return response.status;
  }

  beforeAll(async () => {
    const smppPort = await server.listen();
    callbackServer.listen(0, '127.0.0.1');
    await once(callbackServer, 'listening');
    callbackPort = (callbackServer.address() as AddressInfo).port;
    const [adminPort, smsboxPort, fake, sendsms] = await freePorts(4);
    fakePort = fake!;
    sendsmsPort = sendsms!;
    const config = join(folder, 'kannel.conf');
    writeFileSync(
      config,
      toConfig({ smppPort, adminPort: adminPort!, smsboxPort: smsboxPort!, fakePort, sendsmsPort }),
    );
    start('bearerbox', [config]);
    await until(() => [...server.sessions].some(({ mode }) => mode === 'transceiver'), START_MS);
    start('smsbox', [config]);
    await until2(async () => (await sendByHttp({}).catch(() => 0)) !== 0, START_MS);
  }, 3 * START_MS);

  afterAll(async () => {
    for (const child of children) {
      if (child.exitCode === null) child.kill('SIGKILL');
    }
    callbackServer.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('submits what a handset says and brings it what we deliver', async () => {
    const words = ['13125550142', '18005551000', 'text', 'Hello', 'from', 'fakesmsc'];
    const fake = start(FAKE_SMSC, ['-H', '127.0.0.1', '-r', String(fakePort), '-i', '0.1', '-m', '3', words.join(' ')]);
    for (const stream of [fake.stdout, fake.stderr]) stream?.on('data', (chunk) => (heardByHandset += String(chunk)));
    await until(() => submitted.length >= 3);
    expect(submitted.slice(0, 3).map((message) => readText(message).text)).toEqual(
      Array.from({ length: 3 }, () => 'Hello from fakesmsc'),
    );
    expect(submitted[0]).toMatchObject({ source: '13125550142', destination: '18005551000' });
    const [session] = server.sessions;
    const answers: string[] = [];
    session!.deliver(
      { source: '18005551000', destination: '13125550142', shortMessage: Buffer.from('Answer of ours') },
      ({ command }) => answers.push(command),
    );
    await until(() => answers.length === 1);
    expect(answers).toEqual(['deliver_sm_resp']);
    await until(() => /Answer(\+|%20| )of(\+|%20| )ours/.test(heardByHandset));
  });

  it.each([
    ['13125550140', '1'],
    ['13125550147', '2'],
  ])('understands our receipts: %s', async (to, status) => {
    const before = callbacks.length;
    const url = `http://127.0.0.1:${callbackPort}/?status=%d&to=%p`;
    expect(await sendByHttp({ to, text: 'With receipt', 'dlr-mask': '3', 'dlr-url': url })).toBe(202);
    await until(() => callbacks.length > before);
    expect(callbacks.at(-1)?.searchParams.get('status')).toBe(status);
  });

  it.each([
    ['GSM-7', 'Long text with €, [brackets] and äöü. '.repeat(12).trim(), undefined],
    ['UCS-2', 'Привет из Канзаса. '.repeat(12).trim(), '2'],
  ])('sends a long text in %s that we can join', async (_, text, coding) => {
    const before = submitted.length;
    const more = coding === undefined ? {} : { coding };
    expect(await sendByHttp({ to: '13125550143', text, charset: 'UTF-8', ...more })).toBe(202);
    const joiner = new TextJoiner({ onIncomplete: () => expect.unreachable() });
    let joined: string | undefined;
    let seen = before;
    await until(() => {
      for (; seen < submitted.length; seen++) {
        const { text: piece, place } = readText(submitted[seen]!);
        expect(place).toBeDefined();
        joined ??= joiner.add('kannel', place!, piece, 0)?.text;
      }
      return joined !== undefined;
    });
    expect(joined).toBe(text);
  });
});

async function until2(condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error('Waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function toConfig(ports: Record<'smppPort' | 'adminPort' | 'smsboxPort' | 'fakePort' | 'sendsmsPort', number>): string {
  return `
group = core
admin-port = ${ports.adminPort}
admin-password = secret
smsbox-port = ${ports.smsboxPort}
dlr-storage = internal
box-allow-ip = 127.0.0.1

group = smsc
smsc = smpp
smsc-id = ours
host = 127.0.0.1
port = ${ports.smppPort}
transceiver-mode = true
smsc-username = trackly
smsc-password = trackly
system-type = ""
reroute-smsc-id = fake
allowed-smsc-id = ours

group = smsc
smsc = fake
smsc-id = fake
port = ${ports.fakePort}
connect-allow-ip = 127.0.0.1
reroute-smsc-id = ours
allowed-smsc-id = fake

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${ports.sendsmsPort}
sendsms-chars = "0123456789 +-"

group = sendsms-user
username = tester
password = secret
default-smsc = ours
max-messages = 10
concatenation = true

group = sms-service
keyword = default
max-messages = 0
text = "none"
`;
}
