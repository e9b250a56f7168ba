import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** What a key is unique in. */
export interface IdempotencyScope {
  readonly accountId: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
}

export interface StoredAnswer {
  readonly requestHash: Buffer;
  readonly status: number;
  /** JSON text. */
  readonly body: string;
  readonly createdMs: number;
}

/** False when another transaction holds the key. Held until the transaction ends. */
export async function tryLockIdempotencyKey(transaction: Transaction, scope: IdempotencyScope): Promise<boolean> {
  const { rows } = await transaction.query<{ locked: boolean }>({
    name: 'idempotency.try_lock',
    text: 'select pg_try_advisory_xact_lock(hashtextextended($1, 7)) as locked',
    values: [JSON.stringify([scope.accountId, scope.method, scope.path, scope.key])],
  });
  return rows[0]?.locked === true;
}

/** The answer of the first request, if it is younger than `sinceMs`. */
export async function findIdempotencyKey(
  transaction: Transaction,
  scope: IdempotencyScope,
  sinceMs: number,
): Promise<StoredAnswer | undefined> {
  const { rows } = await transaction.query<{ request_hash: Buffer; status: number; body: string; created_ms: number }>({
    name: 'idempotency.find',
    text: `select request_hash, status, body, created_ms from idempotency_key
      where account_id = $1 and method = $2 and path = $3 and key = $4 and created_ms > $5`,
    values: [scope.accountId, scope.method, scope.path, scope.key, sinceMs],
  });
  const row = rows[0];
  return row && { requestHash: row.request_hash, status: row.status, body: row.body, createdMs: row.created_ms };
}

/** Takes the place of an answer that is out of date. The caller holds the lock. */
export async function insertIdempotencyKey(
  transaction: Transaction,
  scope: IdempotencyScope,
  answer: StoredAnswer,
): Promise<void> {
  await transaction.query({
    name: 'idempotency.insert',
    text: `insert into idempotency_key (account_id, method, path, key, request_hash, status, body, created_ms)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (account_id, method, path, key) do update
      set request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, created_ms = excluded.created_ms`,
    values: [
      scope.accountId,
      scope.method,
      scope.path,
      scope.key,
      answer.requestHash,
      answer.status,
      answer.body,
      answer.createdMs,
    ],
  });
}

/** Deletes answers not younger than `untilMs`; resolves with how many. */
export async function deleteIdempotencyKeys(pool: Pool, untilMs: number): Promise<number> {
  const { rowCount } = await pool.query({
    name: 'idempotency.delete',
    text: 'delete from idempotency_key where created_ms <= $1',
    values: [untilMs],
  });
  return rowCount ?? 0;
}
