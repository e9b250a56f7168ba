import { randomBytes } from 'node:crypto';

const TIME_DIGITS = 12;
const RANDOM_BYTES = 6;

/** Ids of 24 hexadecimal digits that sort by time: 48 bits of milliseconds, then 48 random ones. */
export function createTimedIds(nowMs: number, count: number): string[] {
  const time = toTimePrefix(nowMs);
  const random = randomBytes(RANDOM_BYTES * count).toString('hex');
  return Array.from({ length: count }, (_, index) => {
    const at = index * RANDOM_BYTES * 2;
    return time + random.slice(at, at + RANDOM_BYTES * 2);
  });
}

export function createTimedId(nowMs: number): string {
  return toTimePrefix(nowMs) + randomBytes(RANDOM_BYTES).toString('hex');
}

/** When it was made, in epoch milliseconds. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, TIME_DIGITS), 16);
}

/** Sorts behind all ids that were made before `ms` and before all others. */
export function toTimePrefix(ms: number): string {
  return ms.toString(16).padStart(TIME_DIGITS, '0');
}
