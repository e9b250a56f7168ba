import { AppError, type ErrorCode } from './errors.ts';
import { parseTimeMs } from './parse-time.ts';

/* Reading of query parameters that many endpoints take (conventions.md 7 of the contract). */

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

export const LIMIT_TEXT = `1 to ${MAX_LIMIT}, default ${DEFAULT_LIMIT}; more counts as ${MAX_LIMIT}`;

/** A parameter as `parse` understands it, or null where it is not given. @throws AppError `code`, with `text` if given */
export function readParam<T>(
  text: string | undefined,
  code: ErrorCode,
  parse: (text: string) => T | undefined,
  errorText?: string,
): T | null {
  if (text === undefined) return null;
  const value = parse(text);
  if (value === undefined) throw new AppError(code, errorText === undefined ? {} : { text: errorText });
  return value;
}

/** @throws AppError `invalid_limit` */
export function readLimit(text: string | undefined): number {
  return readParam(text, 'invalid_limit', parseLimit) ?? DEFAULT_LIMIT;
}

function parseLimit(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const limit = Number(text);
  return limit >= 1 ? Math.min(limit, MAX_LIMIT) : undefined;
}

/** From, inclusive, and to, exclusive. */
export interface TimeRange {
  readonly createdFromMs: number | null;
  readonly createdToMs: number | null;
}

/** @throws AppError `invalid_created_from`, `invalid_created_to`, `invalid_date_range` */
export function readTimeRange(from: string | undefined, to: string | undefined): TimeRange {
  const createdFromMs = readParam(from, 'invalid_created_from', parseTimeMs);
  const createdToMs = readParam(to, 'invalid_created_to', parseTimeMs);
  if (createdFromMs !== null && createdToMs !== null && createdFromMs >= createdToMs) {
    throw new AppError('invalid_date_range');
  }
  return { createdFromMs, createdToMs };
}
