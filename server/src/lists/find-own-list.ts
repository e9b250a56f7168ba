import type { Caller, Directory, List } from '../accounts/index.ts';
import { AppError } from '../lib/errors.ts';

/**
 * A list of the caller's account by its id, an integer or `pn_...`.
 * @throws AppError `not_found` when it is unknown, malformed, foreign or deleted
 */
export function findOwnList(
  { directory }: { readonly directory: Pick<Directory, 'list' | 'listByV1Id'> },
  { account }: Caller,
  id: string,
): List {
  const list = /^[1-9][0-9]{0,9}$/.test(id) ? directory.list(Number(id)) : directory.listByV1Id(id);
  if (list === undefined || list.accountId !== account.id || list.status === 'deleted') throw new AppError('not_found');
  return list;
}
