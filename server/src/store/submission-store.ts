import { int8Array } from './array-parameters.ts';
import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** The durable submitting mark: from this commit on the messages may be on the wire. */
export interface Submission {
  readonly listId: number;
  readonly submissionId: number;
  readonly workerId: number;
  readonly numbers: readonly number[];
  readonly createdMs: number;
  readonly leaseUntilMs: number;
}

export async function insertSubmission(transaction: Transaction, submission: Submission): Promise<void> {
  await transaction.query({
    name: 'submission.insert',
    text: `
      insert into submission (list_id, submission_id, worker_id, numbers, created_ms, lease_until_ms)
      values ($1, $2, $3, $4::bigint[], $5, $6)`,
    values: [
      submission.listId,
      submission.submissionId,
      submission.workerId,
      int8Array(submission.numbers),
      submission.createdMs,
      submission.leaseUntilMs,
    ],
  });
}

/** The mark, if this worker has it. */
export async function findSubmission(
  pool: Pool,
  { listId, submissionId, workerId }: Pick<Submission, 'listId' | 'submissionId' | 'workerId'>,
): Promise<Submission | undefined> {
  const { rows } = await pool.query<Submission>({
    name: 'submission.find',
    text: `
      select list_id as "listId", submission_id as "submissionId", worker_id as "workerId", numbers,
        created_ms as "createdMs", lease_until_ms as "leaseUntilMs"
      from submission where list_id = $1 and submission_id = $2 and worker_id = $3`,
    values: [listId, submissionId, workerId],
  });
  return rows[0];
}

/**
 * Locks the mark for the rest of the transaction, and removes it when `done`.
 * @returns false when it is gone: somebody else has made doubts of its messages, or this was done before
 */
export async function holdSubmission(
  transaction: Transaction,
  submission: Pick<Submission, 'listId' | 'submissionId' | 'workerId'>,
  done: boolean,
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: done ? 'submission.delete' : 'submission.lock',
    text: done
      ? 'delete from submission where list_id = $1 and submission_id = $2 and worker_id = $3'
      : 'select 1 from submission where list_id = $1 and submission_id = $2 and worker_id = $3 for update',
    values: [submission.listId, submission.submissionId, submission.workerId],
  });
  return rowCount === 1;
}

/** Keeps the marks that a worker still works on; one that it has given up runs out. */
export async function renewSubmissions(
  pool: Pool,
  workerId: number,
  submissionIds: readonly number[],
  leaseUntilMs: number,
): Promise<void> {
  if (submissionIds.length === 0) return;
  await pool.query({
    name: 'submission.renew',
    text: `
      update submission set lease_until_ms = $2
      where worker_id = $1 and lease_until_ms > 0 and submission_id = any ($3::bigint[])`,
    values: [workerId, leaseUntilMs, int8Array(submissionIds)],
  });
}

/** Removes up to `limit` marks whose lease ran out, and returns them locked in the caller's transaction. */
export async function takeExpiredSubmissions(
  transaction: Transaction,
  nowMs: number,
  limit: number,
): Promise<Pick<Submission, 'listId' | 'submissionId' | 'numbers'>[]> {
  const { rows } = await transaction.query<Pick<Submission, 'listId' | 'submissionId' | 'numbers'>>({
    name: 'submission.take_expired',
    text: `
      delete from submission s using (
        select list_id, submission_id from submission where lease_until_ms < $1 limit $2 for update skip locked
      ) expired
      where s.list_id = expired.list_id and s.submission_id = expired.submission_id
      returning s.list_id as "listId", s.submission_id as "submissionId", s.numbers`,
    values: [nowMs, limit],
  });
  return rows;
}
