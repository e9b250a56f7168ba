import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startNameServer } from '../../test/helpers/name-server.ts';
import { startReceiver, type WebhookReceiver } from '../../test/helpers/webhook-receiver.ts';
import { createHostResolver, type ResolvedAddress } from '../lib/resolve-host.ts';
import { createWebhookSender, type TryResult, type WebhookSenderOptions } from './webhook-sender.ts';

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

const LOOPBACK = { address: '127.0.0.1', family: 4 } as const;
const LOCAL = { allowedCidrs: ['127.0.0.0/8'] };

async function post(url: string, options: WebhookSenderOptions): Promise<TryResult> {
  const sender = createWebhookSender(options);
  try {
    return await sender.post(url, { 'content-type': 'application/json', 'webhook-id': 'evt_1' }, '{"a":1}');
  } finally {
    await sender[Symbol.asyncDispose]();
  }
}

test('posts the bytes and headers as they are', async () => {
  const result = await post(`http://127.0.0.1:${receiver.port}/sms?x=1`, LOCAL);
  expect(result).toMatchObject({ statusCode: 204, error: null, excerpt: null });
  expect(receiver.received).toMatchObject([{ path: '/sms?x=1', headers: { 'webhook-id': 'evt_1' }, body: '{"a":1}' }]);
});

test.each([
  ['loopback', '127.0.0.1'],
  ['loopback without a dot', '2130706433'],
  ['hexadecimal', '0x7f000001'],
  ['hexadecimal in two parts', '0x7f.1'],
  ['octal', '0177.0.0.1'],
  ['octal without a dot', '017700000001'],
  ['two parts', '127.1'],
  ['a dot at the end', '127.0.0.1.'],
  ['per cent signs', '%31%32%37.0.0.1'],
  ['mapped', '[::ffff:127.0.0.1]'],
  ['mapped in groups', '[::ffff:7f00:1]'],
  ['IPv6 loopback', '[::1]'],
  ['any', '0.0.0.0'],
  ['nought', '0'],
  ['this network', '0.1.2.3'],
  ['private', '10.0.0.1'],
  ['private, the second', '172.16.0.1'],
  ['private, the third', '192.168.1.1'],
  ['shared by carriers', '100.64.0.1'],
  ['metadata of clouds', '169.254.169.254'],
  ['metadata in hexadecimal', '0xa9fea9fe'],
  ['metadata, mapped', '[::ffff:169.254.169.254]'],
  ['metadata of a cloud by IPv6', '[fd00:ec2::254]'],
  ['NAT64', '[64:ff9b::7f00:1]'],
  ['6to4', '[2002:7f00:1::1]'],
  ['link-local', '[fe80::1]'],
  ['unique local', '[fc00::1]'],
  ['multicast', '224.0.0.1'],
  ['multicast by IPv6', '[ff02::1]'],
  ['broadcast', '255.255.255.255'],
  ['full-width digits', '１２７.０.０.１'],
])('an address in the place of a name is refused: %s', async (_name, host) => {
  const result = await post(`http://${host}:${receiver.port}/`, { allowedCidrs: [] });
  expect(result).toMatchObject({ statusCode: null, error: 'address_refused' });
  expect(receiver.received).toEqual([]);
});

test.each([
  ['private', [{ address: '10.0.0.7', family: 4 }]],
  ['metadata', [{ address: '169.254.169.254', family: 4 }]],
  ['mapped', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ['NAT64', [{ address: '64:ff9b::7f00:1', family: 6 }]],
  ['6to4', [{ address: '2002:7f00:1::1', family: 6 }]],
  ['link-local with a zone', [{ address: 'fe80::1%lo', family: 6 }]],
  ['all of several', [LOOPBACK, { address: '::1', family: 6 }]],
] as [string, ResolvedAddress[]][])(
  'a name that leads to refused addresses is refused: %s',
  async (_name, addresses) => {
    const resolve = async (): Promise<ResolvedAddress[]> => addresses;
    const result = await post(`http://hooks.example.net:${receiver.port}/`, { allowedCidrs: [], resolve });
    expect(result).toMatchObject({ statusCode: null, error: 'address_refused' });
    expect(receiver.received).toEqual([]);
  },
);

test.each(['localhost', 'localhost.', 'LOCALHOST'])(
  'a name of the hosts file is judged like any other: %s',
  async (name) => {
    const result = await post(`http://${name}:${receiver.port}/`, { allowedCidrs: [] });
    expect(result).toMatchObject({ statusCode: null, error: 'address_refused' });
    expect(receiver.received).toEqual([]);
  },
);

test('an address with a zone is no host of a URL', async () => {
  for (const host of ['[fe80::1%25lo]', '[::1%lo]']) {
    const result = await post(`http://${host}:${receiver.port}/`, LOCAL);
    expect(result).toMatchObject({ statusCode: null, error: 'invalid_url' });
  }
});

test('of a name with refused and allowed addresses only the allowed ones are used', async () => {
  const resolve = async (): Promise<ResolvedAddress[]> => [{ address: '10.0.0.7', family: 4 }, LOOPBACK];
  const result = await post(`http://hooks.example.net:${receiver.port}/`, { ...LOCAL, resolve });
  expect(result.statusCode).toBe(204);
});

test('a name server that answers otherwise the second time gains nothing', async () => {
  await using names = await startNameServer();
  const answers = [
    [127, 0, 0, 1],
    [127, 0, 0, 2],
    [127, 0, 0, 1],
  ];
  names.answer = (_name, family) => (family === 4 ? answers.splice(0, 1) : []);
  const resolve = createHostResolver({ servers: [names.address] });
  // 127.0.0.1 may be called here, its neighbour may not.
  const sender = createWebhookSender({ allowedCidrs: ['127.0.0.1/32'], resolve });
  receiver.answer = (_request, response) => response.writeHead(204, { connection: 'close' }).end();
  const url = `http://rebind.example.net:${receiver.port}/`;
  const results: (string | number | null)[] = [];
  for (let n = 0; n < 4; n++) {
    const { statusCode, error } = await sender.post(url, {}, '{}');
    results.push(statusCode ?? error);
  }
  expect(results).toEqual([204, 'address_refused', 204, 'name_not_found']);
  // One look-up a connection: what is judged is what is connected to.
  expect(names.asked).toEqual(Array.from({ length: 4 }, () => 'rebind.example.net'));
  expect(receiver.received).toHaveLength(2);
  await sender[Symbol.asyncDispose]();
});

test.each([301, 302, 303, 307, 308])('a redirect by %i is a failure and not followed', async (status) => {
  const inner = await startReceiver();
  receiver.answer = (_request, response) => {
    response.writeHead(status, { location: `http://127.0.0.1:${inner.port}/` }).end();
  };
  const result = await post(`http://127.0.0.1:${receiver.port}/`, LOCAL);
  expect(result).toMatchObject({ statusCode: status, error: 'redirect_not_followed' });
  expect(inner.received).toEqual([]);
  await inner[Symbol.asyncDispose]();
});

test('no proxy of the environment is asked', async () => {
  const proxy = await startReceiver();
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = name.startsWith('NODE') ? '1' : `http://127.0.0.1:${proxy.port}`;
  try {
    expect(await post(`http://127.0.0.1:${receiver.port}/`, LOCAL)).toMatchObject({ statusCode: 204 });
    expect(proxy.received).toEqual([]);
  } finally {
    for (const [index, name] of names.entries()) {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    }
    await proxy[Symbol.asyncDispose]();
  }
});

test('a receiver that does not answer is given up', async () => {
  receiver.answer = 'hang';
  const result = await post(`http://127.0.0.1:${receiver.port}/`, { ...LOCAL, timeoutMs: 100 });
  expect(result).toMatchObject({ statusCode: null, error: 'timeout' });
});

test('a name server that does not answer ends with the time of the try', async () => {
  const resolve = () => new Promise<ResolvedAddress[]>(() => {});
  const options = { ...LOCAL, resolve, timeoutMs: 100, connectTimeoutMs: 50 };
  const result = await post(`http://silent.example.net:${receiver.port}/`, options);
  expect(['timeout', 'connect_timeout']).toContain(result.error);
});

test('errors have names', async () => {
  const closed = await startReceiver();
  await closed[Symbol.asyncDispose]();
  expect(await post(`http://127.0.0.1:${closed.port}/`, LOCAL)).toMatchObject({ error: 'connection_refused' });
  const resolve = async (): Promise<ResolvedAddress[]> => [];
  expect(await post('http://nobody.example.net/', { ...LOCAL, resolve })).toMatchObject({ error: 'name_not_found' });
  const failing = { ...LOCAL, resolve: () => Promise.reject(Object.assign(new Error(), { code: 'ESERVFAIL' })) };
  expect(await post('http://nobody.example.net/', failing)).toMatchObject({ error: 'name_server_failed' });
  expect(await post(`https://127.0.0.1:${receiver.port}/`, LOCAL)).toMatchObject({ error: 'tls_failed' });
  receiver.answer = (_request, response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n');
  expect(await post(`http://127.0.0.1:${receiver.port}/`, LOCAL)).toMatchObject({ error: 'no_http' });
  receiver.answer = (_request, response) => void response.socket?.destroy();
  expect(await post(`http://127.0.0.1:${receiver.port}/`, LOCAL)).toMatchObject({ error: 'connection_closed' });
});

test('of a long answer the beginning is kept and the rest is not read', async () => {
  receiver.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const write = (): void => {
      if (!response.destroyed) response.write('x'.repeat(100_000), () => setImmediate(write));
    };
    write();
  };
  // It ends before the time of a try does, or the test would not.
  const result = await post(`http://127.0.0.1:${receiver.port}/`, { ...LOCAL, timeoutMs: 60_000 });
  expect(result).toMatchObject({ statusCode: 200, error: null });
  expect(result.excerpt).toHaveLength(1_024);
});

test('a success counts when its text never ends', async () => {
  receiver.answer = (_request, response) => void response.writeHead(200).write('ok');
  const result = await post(`http://127.0.0.1:${receiver.port}/`, { ...LOCAL, timeoutMs: 200 });
  expect(result).toMatchObject({ statusCode: 200, error: null, excerpt: 'ok' });
});

test('a connection that was closed while it was idle is no failed try', async () => {
  let requests = 0;
  const server = createServer((socket: Socket) => {
    let answered = 0;
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (!text.endsWith('{}')) return;
      text = '';
      requests++;
      // The second request of a connection meets a closed one.
      if (answered++ > 0) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const sender = createWebhookSender(LOCAL);
  const url = `http://127.0.0.1:${port}/`;
  expect((await sender.post(url, {}, '{}')).statusCode).toBe(200);
  // Until the connection counts as idle.
  await new Promise((resolve) => setImmediate(resolve));
  expect((await sender.post(url, {}, '{}')).statusCode).toBe(200);
  expect(requests).toBe(3);
  await sender[Symbol.asyncDispose]();
  server.close();
});
