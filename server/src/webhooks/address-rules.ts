import { BlockList, isIP } from 'node:net';

/** IPv4 that no endpoint may be at: this network, private, shared, loopback, link-local, for documents, multicast, reserved. */
const REFUSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

const REFUSED_V6 = [
  '::/128',
  '::1/128',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/32',
  '2001:db8::/32',
  '3fff::/20',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

/** IPv6 that stands for an IPv4 address: mapped, translated, compatible, NAT64, 6to4, with the group that it begins at. */
const CARRIES_V4 = [
  { prefix: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { prefix: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { prefix: [0, 0, 0, 0, 0, 0], at: 6 },
  { prefix: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { prefix: [0x2002], at: 1 },
] as const;

export interface AddressRules {
  /** @param address an IPv4 or IPv6 address as sockets give it; anything else is refused */
  allows(address: string): boolean;
}

/**
 * Which addresses an endpoint may be at (RFC 6890 and its registry). `allowedCidrs` go before: networks of the operator's
 * own that may be reached although they are private.
 */
export function createAddressRules(allowedCidrs: readonly string[] = []): AddressRules {
  const refused = toBlockList([...REFUSED_V4, ...REFUSED_V6]);
  const allowed = toBlockList(allowedCidrs);

  function isRefused(address: string): boolean {
    if (isIP(address) === 4) return refused.check(address, 'ipv4');
    const groups = toGroups(address);
    const inner = groups === undefined ? undefined : innerV4(groups);
    if (inner !== undefined && !refused.check(address, 'ipv6')) return isRefused(inner);
    return groups === undefined || refused.check(address, 'ipv6');
  }

  function isAllowed(address: string): boolean {
    const version = isIP(address);
    if (version === 4) return allowed.check(address, 'ipv4');
    const groups = toGroups(address);
    const inner = groups === undefined ? undefined : innerV4(groups);
    if (inner !== undefined && allowed.check(inner, 'ipv4')) return true;
    return groups !== undefined && allowed.check(address, 'ipv6');
  }

  return {
    allows(address) {
      const plain = withoutZone(address);
      return isIP(plain) !== 0 && (isAllowed(plain) || !isRefused(plain));
    },
  };
}

function toBlockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/');
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}

/** The eight groups of an IPv6 address in any of its spellings. */
function toGroups(address: string): number[] | undefined {
  if (isIP(address) !== 6) return undefined;
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a: string, b: string, c: string, d: string) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  );
  const [head = '', tail] = plain.split('::');
  const before = toNumbers(head);
  const after = tail === undefined ? [] : toNumbers(tail);
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function toNumbers(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function innerV4(groups: readonly number[]): string | undefined {
  const form = CARRIES_V4.find(({ prefix }) => prefix.every((group, index) => groups[index] === group));
  if (form === undefined) return undefined;
  const [high = 0, low = 0] = groups.slice(form.at);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
