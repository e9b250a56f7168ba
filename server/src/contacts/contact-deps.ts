import type { Directory } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { PhoneLookup } from '../phone/index.ts';
import type { Pool } from '../store/pool.ts';
import { type Transaction, within as withinTransaction } from '../store/transaction.ts';
import type { Outbox } from '../webhooks/index.ts';
import type { Withdraw } from './withdrawals.ts';

/** What the verbs about contacts need. */
export interface ContactDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'list' | 'listByNumber' | 'listByV1Id' | 'listsOf'>;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly lookup: PhoneLookup;
  readonly withdraw: Withdraw;
}

/** The body of a request and the transaction that its effect belongs to, if there is one. */
export interface WriteInput {
  readonly body: Readonly<Record<string, unknown>>;
  readonly transaction: Transaction | null;
}

/** Runs in the request's transaction where it has one, else in a new one. */
export function within<T>(
  { pool }: Pick<ContactDeps, 'pool'>,
  transaction: Transaction | null,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return withinTransaction(pool, transaction, work);
}
