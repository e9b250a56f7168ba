import { createHash } from 'node:crypto';
import { OperatorError } from '../lib/operator-error.ts';
import { hexId, newApiKey } from '../lib/public-id.ts';
import { findOwnLists, insertKey, readKeys, type StoredKey, updateKeyStatus } from '../store/account-store.ts';
import { type Transaction, withTransaction } from '../store/transaction.ts';
import { type KeyView, toKeyView } from './account-view.ts';
import { assertName, type OperatorDeps } from './manage-accounts.ts';

export interface NewKeyInput {
  readonly accountId: string;
  readonly name: string;
  readonly sandbox?: boolean | undefined;
  readonly requireConfirmation?: boolean | undefined;
  /** Absent: all lists of the account. */
  readonly allowedListIds?: readonly number[] | undefined;
}

/** A new key with its secret, which is shown this once and stored as a hash only. */
export type CreatedKey = KeyView & { readonly key: string };

/** @throws OperatorError `invalid` (name, or a list that is not the account's) */
export async function createKey({ pool, clock }: OperatorDeps, input: NewKeyInput): Promise<CreatedKey> {
  assertName(input.name);
  return await withTransaction(pool, async (transaction) => {
    await assertOwnLists(transaction, input);
    return await createKeyWithin(transaction, input, { secret: newApiKey(), nowMs: clock() });
  });
}

async function assertOwnLists(transaction: Transaction, { accountId, allowedListIds }: NewKeyInput): Promise<void> {
  if (allowedListIds === undefined) return;
  const own = await findOwnLists(transaction, accountId, allowedListIds);
  const foreign = allowedListIds.filter((id) => !own.includes(id));
  if (foreign.length > 0) throw new OperatorError('invalid', `The account has no list ${foreign.join(', ')}`);
}

/**
 * The same in the caller's transaction, without the checks of the input.
 * @throws OperatorError `exists` when a key with this secret exists
 */
export async function createKeyWithin(
  transaction: Transaction,
  input: NewKeyInput,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): Promise<CreatedKey> {
  const key = await insertKey(transaction, {
    id: hexId(nowMs),
    accountId: input.accountId,
    name: input.name,
    keyHash: createHash('sha256').update(secret, 'utf8').digest(),
    sandbox: input.sandbox ?? false,
    requireConfirmation: input.requireConfirmation ?? false,
    allowedListIds: input.allowedListIds ?? null,
    createdMs: nowMs,
  });
  if (key === undefined) throw new OperatorError('exists', 'A key with this secret exists already');
  return { ...toKeyView(key), key: secret };
}

/** Keys of one account, revoked ones too, oldest first. Never their secrets. */
export async function listKeys(
  { pool }: Pick<OperatorDeps, 'pool'>,
  input: { readonly accountId: string },
): Promise<KeyView[]> {
  return (await readKeys(pool, input.accountId)).map(toKeyView);
}

/**
 * A paused key may read and nothing else.
 * @throws OperatorError `not_found` (revoked keys too)
 */
export async function pauseKey(deps: Pick<OperatorDeps, 'pool'>, input: { readonly id: string }): Promise<KeyView> {
  return await setStatus(deps, input.id, 'paused');
}

/** @throws OperatorError `not_found` (revoked keys too) */
export async function resumeKey(deps: Pick<OperatorDeps, 'pool'>, input: { readonly id: string }): Promise<KeyView> {
  return await setStatus(deps, input.id, 'active');
}

/**
 * Ends a key for good; the next call with it is refused. A second time changes nothing.
 * @throws OperatorError `not_found`
 */
export async function revokeKey(deps: Pick<OperatorDeps, 'pool'>, input: { readonly id: string }): Promise<KeyView> {
  return await setStatus(deps, input.id, 'revoked');
}

async function setStatus(
  { pool }: Pick<OperatorDeps, 'pool'>,
  id: string,
  status: StoredKey['status'],
): Promise<KeyView> {
  const key = await updateKeyStatus(pool, id.toLowerCase(), status);
  if (key === undefined) throw new OperatorError('not_found', `There is no key ${id} that could be changed`);
  return toKeyView(key);
}
