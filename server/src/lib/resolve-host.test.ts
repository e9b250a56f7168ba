import { afterEach, beforeEach, expect, test } from 'vitest';
import { type NameServer, startNameServer } from '../../test/helpers/name-server.ts';
import { createHostResolver, parseHosts, type ResolveHost } from './resolve-host.ts';

let names: NameServer;
let resolve: ResolveHost;
beforeEach(async () => {
  names = await startNameServer();
  resolve = createHostResolver({ servers: [names.address] });
});
afterEach(() => names[Symbol.asyncDispose]());

const V4 = [192, 0, 2, 7];
const V6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

test('addresses of both families, IPv4 first', async () => {
  names.answer = (_name, family) => (family === 4 ? [V4, [192, 0, 2, 8]] : [V6]);
  expect(await resolve('hooks.example.net')).toEqual([
    { address: '192.0.2.7', family: 4 },
    { address: '192.0.2.8', family: 4 },
    { address: '2001:db8::7', family: 6 },
  ]);
});

test('a name of IPv6 alone', async () => {
  names.answer = (_name, family) => (family === 4 ? [] : [V6]);
  expect(await resolve('six.example.net')).toEqual([{ address: '2001:db8::7', family: 6 }]);
});

test.each([4, 6] as const)(
  'a name server that says nothing about one family holds nobody up: IPv%i',
  async (silent) => {
    let asked = 0;
    names.answer = (_name, family) => {
      if (family !== silent) return [family === 4 ? V4 : V6];
      asked++;
      return 'hang';
    };
    expect(await resolve('half.example.net')).toEqual([
      silent === 6 ? { address: '192.0.2.7', family: 4 } : { address: '2001:db8::7', family: 6 },
    ]);
    // It would be asked again after two seconds.
    expect(asked).toBe(1);
  },
);

test('every look-up asks anew', async () => {
  names.answer = (_name, family) => (family === 4 ? [[192, 0, 2, names.asked.length]] : []);
  expect(await resolve('hooks.example.net')).toMatchObject([{ address: '192.0.2.1' }]);
  expect(await resolve('hooks.example.net')).toMatchObject([{ address: '192.0.2.2' }]);
});

test.each([
  ['there is no such name', undefined, 'ENOTFOUND'],
  ['the name has no address', [], 'ENODATA'],
] as const)('%s', async (_name, addresses, code) => {
  names.answer = () => addresses;
  await expect(resolve('nobody.example.net')).rejects.toMatchObject({ code });
});

test('names of the hosts file are not asked for', async () => {
  for (const name of ['localhost', 'LOCALHOST', 'localhost.']) {
    expect(await resolve(name)).toContainEqual({ address: '127.0.0.1', family: 4 });
  }
  expect(names.asked).toEqual([]);
});

test('hosts(5)', () => {
  const hosts = parseHosts('127.0.0.1 localhost here # a comment\n::1\tLocalhost\n\n# all\nbad name\n10.0.0.1 a.b');
  expect(hosts.get('localhost')).toEqual([
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]);
  expect([...hosts.keys()]).toEqual(['localhost', 'here', 'a.b']);
});
