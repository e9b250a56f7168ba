import type { Caller, List } from '../accounts/index.ts';
import { AppError } from '../lib/errors.ts';
import { countContacts } from '../store/list-store.ts';
import type { ListReaderDeps } from './get-list.ts';
import { toListRow } from './list-view.ts';
import type { ListPage } from './list-view-schemas.ts';

const STATUSES: readonly string[] = ['active', 'paused', 'suspended', 'deleted'] satisfies List['status'][];
const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 50;
const CURSOR_PREFIX = 'l1.';

/** The query as it came: one text a parameter. */
export interface RawListQuery {
  readonly status?: string | undefined;
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
}

/**
 * Lists of the caller's account by id: all at once, or page by page when `limit` or `cursor` is given.
 * @throws AppError `invalid_limit`, `invalid_cursor`, `invalid_status`
 */
export async function listLists(deps: ListReaderDeps, caller: Caller, input: RawListQuery): Promise<ListPage> {
  const limit = parseLimit(input);
  const afterId = input.cursor === undefined ? 0 : parseCursor(input.cursor);
  const wanted = parseStatus(input.status);
  const matching = deps.directory
    .listsOf(caller.account.id)
    .filter((list) => list.id > afterId && (wanted === null ? list.status !== 'deleted' : list.status === wanted));
  const shown = limit === null ? matching : matching.slice(0, limit);
  const last = shown.length < matching.length ? shown.at(-1) : undefined;
  const counts = await countContacts(
    deps.pool,
    shown.map((list) => list.id),
  );
  return {
    lists: shown.map((list) => toListRow(list, counts.get(list.id) ?? 0, caller.key)),
    pagination: { limit, next_cursor: last === undefined ? null : toCursor(last.id) },
  };
}

function parseLimit({ limit, cursor }: RawListQuery): number | null {
  if (limit === undefined) return cursor === undefined ? null : DEFAULT_LIMIT;
  if (!/^[0-9]+$/.test(limit) || Number(limit) < 1) throw new AppError('invalid_limit');
  return Math.min(Number(limit), MAX_LIMIT);
}

function parseStatus(status: string | undefined): string | null {
  if (status === undefined) return null;
  if (!STATUSES.includes(status)) throw new AppError('invalid_status');
  return status;
}

function toCursor(id: number): string {
  return Buffer.from(CURSOR_PREFIX + id, 'latin1').toString('base64url');
}

function parseCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const id = /^l1\.([1-9][0-9]{0,9})$/.exec(text)?.[1];
  if (id === undefined || toCursor(Number(id)) !== cursor) throw new AppError('invalid_cursor');
  return Number(id);
}
