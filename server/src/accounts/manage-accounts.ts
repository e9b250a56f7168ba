import type { Clock } from '../lib/clock.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { hexId } from '../lib/public-id.ts';
import { insertAccount, readAccounts, updateAccountStatus } from '../store/account-store.ts';
import type { Pool } from '../store/pool.ts';
import { withTransaction } from '../store/transaction.ts';
import { type AccountView, toAccountView } from './account-view.ts';

const MAX_NAME = 255;

/** What the operator's commands need. */
export interface OperatorDeps {
  readonly pool: Pool;
  readonly clock: Clock;
}

/**
 * Makes an account with its owner.
 * @throws OperatorError `invalid`
 */
export async function createAccount(
  { pool, clock }: OperatorDeps,
  input: { readonly name: string; readonly email: string },
): Promise<AccountView> {
  assertName(input.name);
  if (!/^[^@\s]+@[^@\s]+$/.test(input.email))
    throw new OperatorError('invalid', 'The e-mail must look like owner@example.com');
  const nowMs = clock();
  const account = {
    id: hexId(nowMs),
    name: input.name,
    ownerEmail: input.email,
    status: 'active',
    createdMs: nowMs,
  } as const;
  await withTransaction(pool, (transaction) => insertAccount(transaction, account));
  return toAccountView(account);
}

/** Accounts that are not deleted, oldest first. */
export async function listAccounts({ pool }: Pick<OperatorDeps, 'pool'>): Promise<AccountView[]> {
  return (await readAccounts(pool)).map(toAccountView);
}

/**
 * Stops every call with a key of the account and every message at the gate; holds on every process at once.
 * @throws OperatorError `not_found`
 */
export async function suspendAccount(
  deps: Pick<OperatorDeps, 'pool'>,
  input: { readonly id: string },
): Promise<AccountView> {
  return await setStatus(deps, input.id, 'suspended');
}

/** @throws OperatorError `not_found` */
export async function resumeAccount(
  deps: Pick<OperatorDeps, 'pool'>,
  input: { readonly id: string },
): Promise<AccountView> {
  return await setStatus(deps, input.id, 'active');
}

async function setStatus(
  { pool }: Pick<OperatorDeps, 'pool'>,
  id: string,
  status: 'active' | 'suspended',
): Promise<AccountView> {
  const account = await updateAccountStatus(pool, id.toLowerCase(), status);
  if (account === undefined) throw new OperatorError('not_found', `There is no account ${id}`);
  return toAccountView(account);
}

/**
 * The account that a command is about: the named one, else the only one.
 * @throws OperatorError `not_found`, `ambiguous` (none was named and there are several)
 */
export async function findAccount(
  { pool }: Pick<OperatorDeps, 'pool'>,
  input: { readonly id?: string | undefined },
): Promise<AccountView> {
  const accounts = await readAccounts(pool);
  if (input.id === undefined && accounts.length > 1) {
    throw new OperatorError('ambiguous', `There are ${accounts.length} accounts: say which one with --account ID`);
  }
  const wanted = input.id?.toLowerCase() ?? accounts[0]?.id;
  const account = accounts.find(({ id }) => id === wanted);
  if (account === undefined) {
    throw new OperatorError(
      'not_found',
      input.id === undefined ? 'There is no account yet' : `There is no account ${input.id}`,
    );
  }
  return toAccountView(account);
}

export function assertName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME) {
    throw new OperatorError('invalid', `The name must have 1 to ${MAX_NAME} characters`);
  }
}
