import { expect, test } from 'vitest';
import { createAddressRules } from './address-rules.ts';

const rules = createAddressRules();

test.each([
  ['this network', '0.0.0.0', '0.255.255.255'],
  ['private', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
  ['shared by carriers', '100.64.0.1', '100.127.255.255'],
  ['loopback', '127.0.0.1', '127.255.255.255', '::1'],
  ['link-local, metadata of clouds', '169.254.0.1', '169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
  ['protocol assignments', '192.0.0.1', '192.0.0.255'],
  ['for documents', '192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  ['old relays', '192.88.99.1'],
  ['for measurements', '198.18.0.1', '198.19.255.255'],
  ['multicast', '224.0.0.1', '239.255.255.255', 'ff02::1'],
  ['reserved and broadcast', '240.0.0.1', '255.255.255.255'],
  ['unspecified', '::'],
  ['mapped', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::FFFF:169.254.169.254', '0:0:0:0:0:ffff:7f00:1'],
  ['translated', '::ffff:0:127.0.0.1', '::ffff:0:a9fe:a9fe'],
  ['compatible', '::127.0.0.1', '::7f00:1'],
  ['NAT64', '64:ff9b::127.0.0.1', '64:ff9b::a00:1', '64:ff9b:1::1'],
  ['6to4', '2002:7f00:1::', '2002:a9fe:a9fe::1', '2002:c0a8:1::1'],
  ['Teredo', '2001:0:53aa:64c:0:fbff:ffff:ffff'],
  ['discard', '100::1'],
  ['unique local', 'fc00::1', 'fdff::1'],
  ['site-local', 'fec0::1'],
  ['none at all', '', 'localhost', '2130706433', '0x7f.1', '127.1', '1.2.3', '1.2.3.4.5', '[::1]', '::g'],
])('%s is refused', (_name, ...addresses) => {
  for (const address of addresses) expect([address, rules.allows(address)]).toEqual([address, false]);
});

test.each([
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '223.255.255.255',
  '2606:4700::1111',
  '::ffff:1.1.1.1',
  '64:ff9b::101:101',
  '2002:101:101::1',
])('%s is allowed', (address) => {
  expect(rules.allows(address)).toBe(true);
});

test('networks of the operator go before, in every spelling, and only they', () => {
  const own = createAddressRules(['10.1.0.0/16', '127.0.0.0/8', '::1/128', 'fd00:1::/32']);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '64:ff9b::a01:203', '127.0.0.1', '::1', 'fd00:1::5']) {
    expect([address, own.allows(address)]).toEqual([address, true]);
  }
  for (const address of ['10.2.0.1', '192.168.0.1', 'fd00:2::1', '169.254.169.254', '::ffff:10.2.0.1']) {
    expect([address, own.allows(address)]).toEqual([address, false]);
  }
});
