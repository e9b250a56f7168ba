import { int8Array, textArray } from './array-parameters.ts';
import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** uploading: its file is still coming. */
export type JobState = 'uploading' | 'running' | 'finished' | 'failed';

/** Counts of rows of a file. */
export interface JobRows {
  readonly read: number;
  readonly created: number;
  readonly updated: number;
  readonly failed: number;
  readonly duplicates: number;
}

/** Work on a file that takes longer than a request, and how far it is. */
export interface JobRow extends JobRows {
  /** 24 hexadecimal characters. */
  readonly id: string;
  /** Inside the database. */
  readonly number: number;
  readonly accountId: string;
  readonly type: 'contact_import';
  readonly state: JobState;
  readonly listId: number;
  readonly dryRun: boolean;
  readonly actor: string;
  /** How the file is read; made by whoever made the job. */
  readonly format: unknown;
  readonly bytesTotal: number;
  /** Of the file that is worked off, and the line that comes next. */
  readonly bytesDone: number;
  readonly nextLine: number;
  readonly workMs: number;
  readonly createdMs: number;
  readonly finishedMs: number | null;
  /** Why it failed, for people. */
  readonly error: string | null;
  /** Grows with every process that takes the job. */
  readonly fence: number;
}

const COLUMNS = `id, number, account_id as "accountId", type, state, list_id as "listId", dry_run as "dryRun", actor, format,
  bytes_total as "bytesTotal", bytes_done as "bytesDone", next_line as "nextLine", work_ms as "workMs",
  rows_read as read, rows_created as created, rows_updated as updated, rows_failed as failed,
  rows_duplicate as duplicates, created_ms as "createdMs", finished_ms as "finishedMs", error, fence`;

export type NewJob = Pick<JobRow, 'id' | 'accountId' | 'type' | 'listId' | 'dryRun' | 'actor' | 'format' | 'createdMs'>;

/** Makes a job whose file is still to come. */
export async function insertJob(db: Queryable, job: NewJob & Pick<JobRow, 'bytesDone' | 'nextLine'>): Promise<JobRow> {
  const { rows } = await db.query<JobRow>({
    name: 'job.insert',
    text: `insert into job (id, account_id, type, state, list_id, dry_run, actor, format, bytes_done, next_line, created_ms)
           values ($1, $2, $3, 'uploading', $4, $5, $6, $7, $8, $9, $10) returning ${COLUMNS}`,
    values: [
      job.id,
      job.accountId,
      job.type,
      job.listId,
      job.dryRun,
      job.actor,
      JSON.stringify(job.format),
      job.bytesDone,
      job.nextLine,
      job.createdMs,
    ],
  });
  return rows[0] as JobRow;
}

/** Adds a piece to the file of a job; `position`: bytes before it. */
export async function insertJobChunk(db: Queryable, jobId: string, position: number, bytes: Buffer): Promise<void> {
  await db.query({
    name: 'job_chunk.insert',
    text: 'insert into job_chunk (job_id, position, bytes) values ($1, $2, $3)',
    values: [jobId, position, bytes],
  });
}

/** The piece in which this byte is, with its place; undefined behind the end. */
export async function readJobChunk(
  db: Queryable,
  jobId: string,
  byte: number,
): Promise<{ readonly position: number; readonly bytes: Buffer } | undefined> {
  const { rows } = await db.query<{ position: number; bytes: Buffer }>({
    name: 'job_chunk.read',
    text: `select position, bytes from job_chunk
           where job_id = $1 and position <= $2 order by position desc limit 1`,
    values: [jobId, byte],
  });
  const chunk = rows[0];
  return chunk === undefined || byte >= chunk.position + chunk.bytes.length ? undefined : chunk;
}

/** The file is complete: the job may be taken. undefined: it was purged. */
export async function startJob(db: Queryable, jobId: string, bytesTotal: number): Promise<JobRow | undefined> {
  const { rows } = await db.query<JobRow>({
    name: 'job.start',
    text: `update job set state = 'running', bytes_total = $2 where id = $1 returning ${COLUMNS}`,
    values: [jobId, bytesTotal],
  });
  return rows[0];
}

/** undefined: the account has no such job, or its file is still coming. */
export async function readJob(db: Queryable, accountId: string, jobId: string): Promise<JobRow | undefined> {
  const { rows } = await db.query<JobRow>({
    name: 'job.read',
    text: `select ${COLUMNS} from job where id = $1 and account_id = $2 and state <> 'uploading'`,
    values: [jobId, accountId],
  });
  return rows[0];
}

/** Takes the oldest job that nobody works on, until `leaseUntilMs`. */
export async function claimJob(
  db: Queryable,
  { nowMs, leaseUntilMs }: { readonly nowMs: number; readonly leaseUntilMs: number },
): Promise<JobRow | undefined> {
  const { rows } = await db.query<JobRow>({
    name: 'job.claim',
    text: `update job set fence = fence + 1, lease_until_ms = $2
           where id = (
             select id from job where state = 'running' and lease_until_ms < $1
             order by lease_until_ms, created_ms limit 1 for update skip locked
           ) returning ${COLUMNS}`,
    values: [nowMs, leaseUntilMs],
  });
  return rows[0];
}

/** How far a job has come. */
export interface JobProgress extends JobRows {
  readonly bytesDone: number;
  readonly nextLine: number;
  readonly workMs: number;
  readonly state: JobState;
  readonly finishedMs: number | null;
  readonly error: string | null;
  readonly leaseUntilMs: number;
}

/** @returns false when somebody else has taken the job: nothing that was done may be committed */
export async function saveJobProgress(
  db: Queryable,
  { id, fence }: Pick<JobRow, 'id' | 'fence'>,
  progress: JobProgress,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'job.save_progress',
    text: `update job set bytes_done = $3, next_line = $4, work_ms = $5, rows_read = $6, rows_created = $7,
             rows_updated = $8, rows_failed = $9, rows_duplicate = $10, state = $11, finished_ms = $12, error = $13,
             lease_until_ms = $14
           where id = $1 and fence = $2`,
    values: [
      id,
      fence,
      progress.bytesDone,
      progress.nextLine,
      progress.workMs,
      progress.read,
      progress.created,
      progress.updated,
      progress.failed,
      progress.duplicates,
      progress.state,
      progress.finishedMs,
      progress.error,
      progress.leaseUntilMs,
    ],
  });
  return rowCount === 1;
}

/** @returns those of the phones that the job meets for the first time */
export async function claimJobPhones(
  transaction: Transaction,
  jobNumber: number,
  phones: readonly number[],
): Promise<Set<number>> {
  if (phones.length === 0) return new Set();
  const { rows } = await transaction.query<{ phone: number }>({
    name: 'job_phone.claim',
    text: `insert into job_phone (job_number, phone) select $1, unnest($2::bigint[])
           on conflict (job_number, phone) do nothing returning phone`,
    values: [jobNumber, int8Array(phones)],
  });
  return new Set(rows.map((row) => row.phone));
}

/** A row of a file that was not taken. */
export interface JobError {
  readonly line: number;
  readonly phone: string;
  readonly code: string;
}

export async function insertJobErrors(db: Queryable, jobId: string, errors: readonly JobError[]): Promise<void> {
  if (errors.length === 0) return;
  await db.query({
    name: 'job_error.insert',
    text: `insert into job_error (job_id, line, phone, code)
           select $1, * from unnest($2::bigint[], $3::text[], $4::text[])`,
    values: [
      jobId,
      int8Array(errors.map((error) => error.line)),
      textArray(errors.map((error) => error.phone)),
      textArray(errors.map((error) => error.code)),
    ],
  });
}

/** By line. */
export async function readJobErrors(
  db: Queryable,
  jobId: string,
  { afterLine, limit }: { readonly afterLine: number; readonly limit: number },
): Promise<JobError[]> {
  const { rows } = await db.query<JobError>({
    name: 'job_error.read',
    text: 'select line, phone, code from job_error where job_id = $1 and line > $2 order by line limit $3',
    values: [jobId, afterLine, limit],
  });
  return rows;
}

/** Forgets the phones that a job met: nothing comes after. */
export async function deleteJobPhones(db: Queryable, jobNumber: number): Promise<void> {
  await db.query({
    name: 'job_phone.delete',
    text: 'delete from job_phone where job_number = $1',
    values: [jobNumber],
  });
}

/** Forgets the file of a job. */
export async function deleteJobFile(db: Queryable, jobId: string): Promise<void> {
  await db.query({ name: 'job_chunk.delete', text: 'delete from job_chunk where job_id = $1', values: [jobId] });
}

/** Forgets jobs that ended before `endedBeforeMs`, and files whose upload was given up. */
export async function purgeJobs(
  db: Queryable,
  { endedBeforeMs, uploadedBeforeMs }: { readonly endedBeforeMs: number; readonly uploadedBeforeMs: number },
): Promise<void> {
  await db.query({
    name: 'job.purge',
    text: `
      with gone as (
        delete from job where finished_ms < $1 or (state = 'uploading' and created_ms < $2)
        returning id, number
      ), phones as (
        delete from job_phone p using gone g where p.job_number = g.number
      ), chunks as (
        delete from job_chunk c using gone g where c.job_id = g.id
      )
      delete from job_error e using gone g where e.job_id = g.id`,
    values: [endedBeforeMs, uploadedBeforeMs],
  });
}

/** Forgets a job that nobody needs to know of. */
export async function deleteJob(db: Queryable, jobId: string): Promise<void> {
  await db.query({ name: 'job.delete', text: 'delete from job where id = $1', values: [jobId] });
}

/** Forgets a job with what has come of its file; one whose file is whole stays. */
export async function deleteUpload(db: Queryable, jobId: string): Promise<void> {
  await db.query({
    name: 'job.delete_upload',
    text: `with gone as (delete from job where id = $1 and state = 'uploading' returning id)
           delete from job_chunk c using gone g where c.job_id = g.id`,
    values: [jobId],
  });
}
