import { TracklyError } from './trackly-error.ts';

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;
/** A server that asks for more than this is not waited for. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Whether the same request can succeed later: no answer at all, 5xx, 429, or a first try that is still running. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof TracklyError)) return error instanceof Error && !isAbort(error);
  return (
    error.status >= 500 || error.status === 429 || (error.status === 409 && error.code === 'idempotency_in_progress')
  );
}

/** The caller's own end of the call; a time limit of one try is not one. */
function isAbort(error: Error): boolean {
  return error.name === 'AbortError';
}

/**
 * How long to wait before try number `retry` (from 1): exponential with full jitter, but not less than the server asked
 * for by `Retry-After`.
 */
export function delayBefore(retry: number, retryAfterMs: number | null, random: () => number): number {
  const ceilingMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (retry - 1));
  const jitteredMs = Math.round(ceilingMs * random());
  return retryAfterMs === null ? jitteredMs : Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) + jitteredMs;
}

/** RFC 9110 §10.2.3: seconds or a date. */
export function parseRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1_000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** @throws the signal's reason when it aborts */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
