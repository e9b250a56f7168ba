import { AppError } from '../../../lib/errors.ts';

export interface CursorPage {
  readonly limit: number;
  /** Position of the last row of the page before; null on the first page. */
  readonly position: number | null;
}

const DEFAULT_LIMIT = 50;

/**
 * `limit` (at least 1, clamped to `maxLimit`) and `cursor` of a query.
 * @throws AppError `invalid_limit`, `invalid_cursor`
 */
export function toCursorPage(query: unknown, maxLimit: number): CursorPage {
  const limit = lastValue(query, 'limit');
  const cursor = lastValue(query, 'cursor');
  if (limit !== undefined && !/^0*[1-9][0-9]*$/.test(limit)) throw new AppError('invalid_limit');
  return {
    limit: limit === undefined ? DEFAULT_LIMIT : Math.min(Number(limit), maxLimit),
    position: cursor === undefined ? null : toPosition(cursor),
  };
}

/** The last value of a query parameter. */
export function lastValue(query: unknown, name: string): string | undefined {
  const value = (query as Readonly<Record<string, string | readonly string[] | undefined>>)[name];
  return typeof value === 'object' ? value.at(-1) : value;
}

/** The `pagination` object of an answer. `rows` was read one longer than the page to see whether it is the last. */
export function toPagination<T>(
  { limit }: CursorPage,
  rows: readonly T[],
  positionOf: (row: T) => number,
): { limit: number; next_cursor: string | null } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { limit, next_cursor: last === undefined ? null : toCursor(positionOf(last)) };
}

function toCursor(position: number): string {
  return Buffer.from(`s${position}`).toString('base64url');
}

function toPosition(cursor: string): number {
  const match = /^s([1-9][0-9]{0,9})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null || toCursor(Number(match[1])) !== cursor) throw new AppError('invalid_cursor');
  return Number(match[1]);
}
