import type { List } from '../accounts/index.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { storeCredentials } from '../secrets/index.ts';
import { readLists, updateList } from '../store/list-store.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';
import { assertCredentials, assertName, assertSettings, type CreateListDeps } from './create-list.ts';
import { type OperatorList, toOperatorList } from './operator-list.ts';

const STATUSES: readonly string[] = ['active', 'paused', 'suspended', 'deleted'] satisfies List['status'][];

export interface SetListInput {
  readonly id: number;
  readonly name?: string | undefined;
  readonly brandName?: string | null | undefined;
  readonly status?: string | undefined;
  /** Merged into what is set; null: back to the default. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** Replace all that are stored. */
  readonly credentials?: Readonly<Record<string, unknown>> | undefined;
}

export type SetListDeps = CreateListDeps;

/**
 * Changes what is given and leaves the rest.
 * @throws OperatorError `invalid`, `not_found` (deleted lists cannot be changed)
 */
export async function setList(deps: SetListDeps, input: SetListInput): Promise<OperatorList> {
  const { name, brandName, status, settings, credentials } = input;
  if (name !== undefined) assertName('name', name);
  if (brandName !== undefined && brandName !== null) assertName('brand', brandName);
  if (settings !== undefined) assertSettings(settings, deps.clock());
  const change = { listName: name, brandName, status: parseStatus(status), settings };
  const secretKey = credentials === undefined ? undefined : await deps.secretKey();
  const list = await withTransaction(deps.pool, async (transaction) => {
    const updated = await updateList(transaction, input.id, change);
    if (updated === undefined || credentials === undefined || secretKey === undefined) return updated;
    assertCredentials(updated.type, deps.listTypes.get(updated.type) ?? [], credentials);
    await storeCredentials(transaction, secretKey, { listId: updated.id, credentials });
    return updated;
  });
  if (list === undefined) throw new OperatorError('not_found', `There is no list ${input.id}`);
  return toOperatorList(list);
}

function parseStatus(status: string | undefined): List['status'] | undefined {
  if (status === undefined) return undefined;
  if (!STATUSES.includes(status))
    throw new OperatorError('invalid', `The status must be one of ${STATUSES.join(', ')}`);
  return status as List['status'];
}

/** All lists of an account, or of the installation (null), by id; deleted ones too. */
export async function listAllLists(deps: { readonly pool: Pool }, accountId: string | null): Promise<OperatorList[]> {
  return (await readLists(deps.pool, accountId)).map(toOperatorList);
}
