import { ZONE_PREFIXES } from './area-data.ts';

const LONGEST_PREFIX = 9;
const NONE: readonly string[] = Object.freeze([]);
const ZONES = readZones();

function readZones(): ReadonlyMap<number, readonly string[]> {
  const zones = new Map<number, readonly string[]>();
  for (const [names, prefixes] of Object.entries(ZONE_PREFIXES)) {
    const set = Object.freeze(names.split('&'));
    for (const prefix of prefixes.split(' ')) zones.set(Number(prefix), set);
  }
  return zones;
}

/**
 * Every zone that the number's owner may live in, in alphabetical order: for +1 all zones of its area code, for others
 * those of the longest prefix that is known, at the least of the country. Empty for numbers without an area, such as
 * toll-free ones. `phone`: the digits of E.164. The array is shared; costs about 0.1 µs.
 */
export function timeZonesOf(phone: number): readonly string[] {
  const digits = String(phone);
  if (digits.startsWith('1')) return ZONES.get(Number(digits.slice(0, 4))) ?? NONE;
  for (let length = LONGEST_PREFIX; length > 0; length--) {
    const zones = ZONES.get(Number(digits.slice(0, length)));
    if (zones !== undefined) return zones;
  }
  return NONE;
}
