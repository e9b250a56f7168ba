import type { Account, Directory, List } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type { Pool } from '../store/pool.ts';

/** What reading messages needs. */
export interface MessageReaderDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'list' | 'listByNumber' | 'listsOf'>;
  readonly clock: Clock;
  readonly messageIds: IdCodec;
  readonly linkIds: IdCodec;
  /** Resolves when everything that was accepted before the call is in the database. */
  readonly landed: () => Promise<void>;
}

/** All lists of the account, deleted ones too: their messages can still be read. */
export function listIdsOf(deps: Pick<MessageReaderDeps, 'directory'>, account: Account): number[] {
  return deps.directory.listsOf(account.id).map((list) => list.id);
}

/** The list of a message that was found on one of the account's lists. */
export function listOf(deps: Pick<MessageReaderDeps, 'directory'>, listId: number): List {
  const list = deps.directory.list(listId);
  if (list === undefined) throw new Error(`list ${listId} has messages and is not in the directory`);
  return list;
}
