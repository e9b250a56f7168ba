import { isIPv6 } from 'node:net';
import { type Clock, MINUTE_MS } from './clock.ts';

export interface AddressLimiterOptions {
  /** What one address may do within a minute of the clock. */
  readonly perMinute: number;
  readonly clock: Clock;
}

/** Keeps one address from doing something without end. */
export interface AddressLimiter {
  /** Whole seconds until the address may again; 0: it may now, and this time counts. */
  take(address: string | null): number;
}

/** Addresses of one minute that are told apart; the others share a count. Some 10 MB. */
const MAX_ADDRESSES = 100_000;

/**
 * Counts within each minute of the clock, in memory, for this process. Of an IPv6 address the first 64 bits count, because
 * whoever has one has the whole network; those that are not known share a count.
 */
export function createAddressLimiter({ perMinute, clock }: AddressLimiterOptions): AddressLimiter {
  const counts = new Map<string, number>();
  let minute = -1;
  return {
    take(address) {
      const nowMs = clock();
      const current = Math.floor(nowMs / MINUTE_MS);
      if (current !== minute) {
        counts.clear();
        minute = current;
      }
      const network = toNetwork(address);
      const key = counts.has(network) || counts.size < MAX_ADDRESSES ? network : '';
      const count = counts.get(key) ?? 0;
      if (count >= perMinute) return Math.ceil(((minute + 1) * MINUTE_MS - nowMs) / 1_000);
      counts.set(key, count + 1);
      return 0;
    },
  };
}

/** Who is counted as one; the same for IPv4 inside of IPv6 as for IPv4. */
export function toNetwork(address: string | null): string {
  if (address === null || !isIPv6(address)) return address ?? '';
  // The URL parser writes every IPv6 address in its shortest form (WHATWG URL, host serializing).
  const [text = ''] = address.split('%');
  const short = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [, high = '', low = ''] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high !== '') return toIPv4(Number.parseInt(high, 16), Number.parseInt(low, 16));
  const [head = '', tail] = short.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':');
}

function toIPv4(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
