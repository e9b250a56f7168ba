const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const JITTER = 0.2;

/**
 * How long to wait before the next try: 1, 2, 4, … 60 s, each ±20 %.
 * @param failures tries that failed in a row, at least 1
 * @param random from 0 to 1
 */
export function reconnectDelayMs(failures: number, random = Math.random()): number {
  const delayMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return delayMs * (1 - JITTER + 2 * JITTER * random);
}
