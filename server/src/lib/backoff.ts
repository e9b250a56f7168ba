const STEPS_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000] as const;
const LAST_STEP_MS = 60_000;
const SPREAD = 0.2;

/**
 * Wait before the next try: 1, 2, 4, 8, 15, 30, 60, 60, … s, ±20 % so that many do not come back together.
 * @param attempt tries made so far, from 1
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const stepMs = STEPS_MS[Math.max(0, attempt - 1)] ?? LAST_STEP_MS;
  return Math.round(stepMs * (1 - SPREAD + 2 * SPREAD * random()));
}
