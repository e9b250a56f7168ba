import type { Caller, Directory, List } from '../accounts/index.ts';
import { AppError } from '../lib/errors.ts';
import type { Row } from '../lib/fields.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { storeCredentials } from '../secrets/index.ts';
import { readCarrierHealth } from '../store/carrier-health-store.ts';
import type { ListRow as StoredList } from '../store/directory-store.ts';
import { countContacts, readListRow, updateList } from '../store/list-store.ts';
import { type Transaction, withTransaction } from '../store/transaction.ts';
import { type CreateListDeps, createListWithin } from './create-list.ts';
import { findOwnList } from './find-own-list.ts';
import { parseListInput } from './list-input.ts';
import { toListHealth } from './list-health.ts';
import { toListSettings, withListDefaults } from './list-settings.ts';
import { toListView } from './list-view.ts';
import type { ListView } from './list-view-schemas.ts';

export interface ManageListDeps extends CreateListDeps {
  readonly directory: Pick<Directory, 'list' | 'listByV1Id' | 'refresh'>;
}

/** A request that changes lists, and the transaction that its effect belongs to, if there is one. */
export interface ListWrite {
  readonly body: Row;
  readonly transaction: Transaction | null;
}

/**
 * Makes a list for the caller's account. One with a carrier of the account's own is to be verified first.
 * @throws AppError the codes of `POST /api/v2/lists`
 */
export async function addList(deps: ManageListDeps, caller: Caller, write: ListWrite): Promise<ListView> {
  const nowMs = deps.clock();
  const input = parseListInput(write.body, { listTypes: deps.listTypes, nowMs, type: null });
  const { number = '', type = '', name = '', brandName, isByoc, settings, credentials = {} } = input;
  const accountId = caller.account.id;
  const fresh = { accountId, number, type, name, brandName: brandName ?? undefined, isByoc, settings };
  const secretKey = Object.keys(credentials).length === 0 ? undefined : await deps.secretKey();
  return await inTransaction(deps, write.transaction, async (transaction) => {
    const { id } = await createListWithin(transaction, fresh, nowMs).catch(toListExists);
    if (secretKey !== undefined) await storeCredentials(transaction, secretKey, { listId: id, credentials });
    if (input.status === 'paused') await updateList(transaction, id, { status: 'paused' });
    return await readView(transaction, caller, id, credentials);
  });
}

function toListExists(error: unknown): never {
  throw error instanceof OperatorError && error.reason === 'exists' ? new AppError('list_exists') : error;
}

/**
 * Changes what is named and leaves the rest. New credentials are to be verified again.
 * @throws AppError `not_found`, then the codes of `POST /api/v2/lists`
 */
export async function changeList(
  deps: ManageListDeps,
  caller: Caller,
  { id, body }: { readonly id: string; readonly body: Row },
): Promise<ListView> {
  const list = findOwnList(deps, caller, id);
  const nowMs = deps.clock();
  const input = parseListInput(body, { listTypes: deps.listTypes, nowMs, type: list.type });
  // Who was suspended does not come back by himself.
  if (input.status !== undefined && list.status === 'suspended') throw new AppError('invalid_status');
  const { name: listName, brandName, status, settings, credentials } = input;
  const secretKey = credentials === undefined ? undefined : await deps.secretKey();
  return await inTransaction(deps, null, async (transaction) => {
    const updated = await updateList(transaction, list.id, { listName, brandName, status, settings });
    if (updated === undefined) throw new AppError('not_found');
    if (credentials !== undefined && secretKey !== undefined) {
      await storeCredentials(transaction, secretKey, { listId: list.id, credentials });
    }
    return await readView(transaction, caller, list.id, credentials ?? list.credentials);
  });
}

/** Takes a list out of use; its data stays, and opt-outs of it are still recorded. @throws AppError `not_found` */
export async function deleteList(
  deps: ManageListDeps,
  caller: Caller,
  { id }: { readonly id: string },
): Promise<{ readonly success: true; readonly deleted: true }> {
  const list = findOwnList(deps, caller, id);
  await inTransaction(deps, null, (transaction) => updateList(transaction, list.id, { status: 'deleted' }));
  return { success: true, deleted: true };
}

/** Afterwards the directory of this process knows the change; those of others moments later. */
async function inTransaction<T>(
  { pool, directory }: ManageListDeps,
  transaction: Transaction | null,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  if (transaction !== null) return await work(transaction);
  const result = await withTransaction(pool, work);
  await directory.refresh();
  return result;
}

async function readView(
  transaction: Transaction,
  caller: Caller,
  listId: number,
  credentials: List['credentials'],
): Promise<ListView> {
  const row = (await readListRow(transaction, listId)) as StoredList;
  const counts = await countContacts(transaction, [listId]);
  const list = { ...row, credentials, settings: toListSettings(row.settings, row.number) };
  const health = toListHealth(await readCarrierHealth(transaction, listId));
  return {
    ...toListView(list, withListDefaults(row.settings, row.number), counts.get(listId) ?? 0, caller.key),
    carrier_health: health,
  };
}
