import type { Clock } from '../lib/clock.ts';
import { type CredentialField, type Credentials, findCredentialError } from '../lib/credentials.ts';
import { isListNumber } from '../lib/e164.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { v1ListId } from '../lib/public-id.ts';
import { storeCredentials } from '../secrets/index.ts';
import { extendBlocks, lockBlocks } from '../store/block-store.ts';
import { insertList } from '../store/list-store.ts';
import type { Pool } from '../store/pool.ts';
import { type Transaction, withTransaction } from '../store/transaction.ts';
import { findSettingError } from './list-settings.ts';
import { type OperatorList, toOperatorList } from './operator-list.ts';

const MAX_NAME = 255;

export interface NewListInput {
  readonly accountId: string;
  /** E.164 or short code. */
  readonly number: string;
  readonly type: string;
  readonly name: string;
  readonly brandName?: string | undefined;
  /** The account brings its own carrier, so the list is to be verified first; default true unless it is simulated. */
  readonly isByoc?: boolean | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** What the carrier of the type needs; never shown again. */
  readonly credentials?: Readonly<Record<string, unknown>> | undefined;
}

export interface CreateListDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  /** List types that a carrier of this installation serves, with what it needs to know. */
  readonly listTypes: ReadonlyMap<string, readonly CredentialField[]>;
  /** Seals credentials; asked for only when there are some. */
  readonly secretKey: () => Promise<Buffer>;
}

/**
 * Makes an active list.
 * @throws OperatorError `invalid`, `exists` (the number is taken by a list that is not deleted)
 */
export async function createList(deps: CreateListDeps, input: NewListInput): Promise<OperatorList> {
  assertNewList(deps, input);
  const { credentials = {} } = input;
  const secretKey = Object.keys(credentials).length === 0 ? undefined : await deps.secretKey();
  return await withTransaction(deps.pool, async (transaction) => {
    const list = await createListWithin(transaction, input, deps.clock());
    if (secretKey !== undefined) await storeCredentials(transaction, secretKey, { listId: list.id, credentials });
    return list;
  });
}

/** The same in the caller's transaction, without the checks of the input and without credentials. */
export async function createListWithin(
  transaction: Transaction,
  input: Omit<NewListInput, 'credentials'>,
  nowMs: number,
): Promise<OperatorList> {
  const isByoc = input.type !== 'simulator' && (input.isByoc ?? true);
  await lockBlocks(transaction, input.accountId);
  const list = await insertList(transaction, {
    v1Id: v1ListId(),
    accountId: input.accountId,
    number: input.number,
    brandName: input.brandName ?? null,
    listName: input.name,
    type: input.type,
    isByoc,
    verified: !isByoc,
    settings: input.settings ?? {},
    createdMs: nowMs,
  });
  if (list === undefined) throw new OperatorError('exists', `A list with the number ${input.number} exists already`);
  await extendBlocks(transaction, list.accountId, list.id);
  return toOperatorList(list);
}

function assertNewList({ listTypes, clock }: CreateListDeps, input: NewListInput): void {
  if (!isListNumber(input.number)) {
    throw new OperatorError('invalid', 'The number must be in E.164 form, such as +18445550111, or a short code');
  }
  const fields = listTypes.get(input.type);
  if (fields === undefined) {
    throw new OperatorError('invalid', `The type must be one of ${[...listTypes.keys()].join(', ')}`);
  }
  assertName('name', input.name);
  if (input.brandName !== undefined) assertName('brand', input.brandName);
  assertSettings(input.settings ?? {}, clock());
  assertCredentials(input.type, fields, input.credentials ?? {});
}

/** @throws OperatorError `invalid`; its text names the key that is wrong and no value */
export function assertCredentials(type: string, fields: readonly CredentialField[], credentials: Credentials): void {
  const problem = findCredentialError(fields, credentials);
  if (problem !== undefined) throw new OperatorError('invalid', `invalid_credentials: for ${type}, ${problem}`);
}

export function assertName(what: string, name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME) {
    throw new OperatorError('invalid', `The ${what} must have 1 to ${MAX_NAME} characters`);
  }
}

export function assertSettings(settings: Readonly<Record<string, unknown>>, nowMs: number): void {
  const problem = findSettingError(settings, nowMs);
  if (problem !== undefined) throw new OperatorError('invalid', problem);
}
