import type { Logger } from './logger.ts';

const QUIET_MS = 10_000;
const MAX_REMEMBERED = 200;

/**
 * Logs failures that will be tried again. The same failure comes many times a second while, say, the database is away:
 * it is logged once in 10 seconds, with how often it came.
 */
export function createErrorReporter(logger: Logger): (error: unknown) => void {
  const quiet = new Map<string, { untilMs: number; times: number }>();
  return (error) => {
    const key = error instanceof Error ? `${error.name} ${error.message}` : String(error);
    const nowMs = performance.now();
    const known = quiet.get(key);
    if (known !== undefined && nowMs < known.untilMs) {
      known.times++;
      return;
    }
    if (quiet.size >= MAX_REMEMBERED) quiet.clear();
    quiet.set(key, { untilMs: nowMs + QUIET_MS, times: 0 });
    logger.error({ err: error, timesBefore: known?.times ?? 0 }, 'failed, will be tried again');
  };
}
