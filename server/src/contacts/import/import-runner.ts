import type { Directory } from '../../accounts/index.ts';
import { MINUTE_MS, SECOND_MS } from '../../lib/clock.ts';
import { pause } from '../../lib/pause.ts';
import {
  claimJob,
  deleteJobFile,
  deleteJobPhones,
  insertJobErrors,
  type JobProgress,
  type JobRow,
  readJob,
  readJobChunk,
  saveJobProgress,
} from '../../store/job-store.ts';
import type { Pool } from '../../store/pool.ts';
import { DatabaseUnavailableError, type Transaction, withTransaction } from '../../store/transaction.ts';
import { CsvError } from './read-csv.ts';
import { type ImportDeps, type ImportFormat, type ImportProgress, runImport } from './run-import.ts';

export interface ImportRunnerDeps extends ImportDeps {
  readonly directory: Pick<Directory, 'list'>;
  readonly onError: (error: unknown) => void;
}

/** Works imports off in the background, one after another in a process. */
export interface ImportRunner {
  start(): void;
  /** Stops after the batch that is being stored; the job goes on where it stopped, in whatever process. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Renewed with every batch. */
const LEASE_MS = MINUTE_MS;
const IDLE_MS = SECOND_MS;
/** Read from the database in pieces of a megabyte, and handed on in smaller ones, so that a batch has some thousand rows. */
const STEP_BYTES = 256 * 1024;

class LostJobError extends Error {
  override readonly name = 'LostJobError';
}

export function createImportRunner(deps: ImportRunnerDeps): ImportRunner {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function repeat(): Promise<void> {
    while (!stopping.signal.aborted) {
      const worked = await workOnce(deps, stopping.signal).catch((error: unknown) => {
        if (!(error instanceof LostJobError)) deps.onError(error);
        return false;
      });
      if (!worked) await pause(IDLE_MS, stopping.signal);
    }
  }

  return {
    start() {
      running = repeat();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

/** @returns false when no job waits */
async function workOnce(deps: ImportRunnerDeps, signal: AbortSignal): Promise<boolean> {
  const nowMs = deps.clock();
  const job = await claimJob(deps.pool, { nowMs, leaseUntilMs: nowMs + LEASE_MS });
  if (job === undefined) return false;
  const save = createSaver(deps, job);
  try {
    const progress = await work(deps, job, { signal, save });
    // Left for later: whoever is next may take it at once.
    if (signal.aborted) await save(deps.pool, progress, { leaseUntilMs: 0 });
    else await end(deps, job, (transaction) => save(transaction, progress, { state: 'finished' }));
  } catch (error) {
    if (error instanceof DatabaseUnavailableError || error instanceof LostJobError) throw error;
    if (!(error instanceof CsvError)) deps.onError(error);
    const text = error instanceof CsvError ? error.message : 'an error inside the server; its log tells more';
    // What was under way may be undone: the database knows how far it is.
    const stored = await readJob(deps.pool, job.accountId, job.id);
    await end(deps, job, (transaction) =>
      save(transaction, toProgress(stored ?? job), { state: 'failed', error: text }),
    );
  }
  return true;
}

/** Nobody needs the file of a job that ended. */
async function end(
  { pool }: ImportRunnerDeps,
  job: JobRow,
  save: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  await withTransaction(pool, async (transaction) => {
    await save(transaction);
    await deleteJobPhones(transaction, job.number);
    await deleteJobFile(transaction, job.id);
  });
}

type Save = (
  db: Parameters<typeof saveJobProgress>[0],
  progress: ImportProgress,
  change?: Partial<Pick<JobProgress, 'state' | 'error' | 'leaseUntilMs'>>,
) => Promise<void>;

/** Writes how far the job is, unless another process has taken it. */
function createSaver(deps: ImportRunnerDeps, job: JobRow): Save {
  const startedMs = deps.clock();
  return async (db, progress, change = {}) => {
    const nowMs = deps.clock();
    const state = change.state ?? 'running';
    const isSaved = await saveJobProgress(db, job, {
      ...progress.rows,
      bytesDone: progress.place.bytes,
      nextLine: progress.place.line,
      workMs: job.workMs + (nowMs - startedMs),
      state,
      finishedMs: state === 'running' ? null : nowMs,
      error: change.error ?? null,
      leaseUntilMs: change.leaseUntilMs ?? nowMs + LEASE_MS,
    });
    if (!isSaved) throw new LostJobError(`job ${job.id} is worked on elsewhere`);
  };
}

function toProgress(job: JobRow): ImportProgress {
  const { read, created, updated, failed, duplicates, bytesDone, nextLine } = job;
  return {
    rows: { read, created, updated, failed, duplicates },
    place: { bytes: bytesDone, line: nextLine },
  };
}

async function work(
  deps: ImportRunnerDeps,
  job: JobRow,
  { signal, save }: { readonly signal: AbortSignal; readonly save: Save },
): Promise<ImportProgress> {
  const list = deps.directory.list(job.listId);
  if (list === undefined || list.status === 'deleted') throw new CsvError('the list was deleted');
  return await runImport(deps, {
    target: { jobNumber: job.number, list, actor: job.actor, dryRun: job.dryRun },
    format: job.format as ImportFormat,
    from: toProgress(job),
    source: readFile(deps.pool, job),
    isOver: () => signal.aborted,
    async onBatch(transaction, progress, errors) {
      await insertJobErrors(transaction, job.id, errors);
      await save(transaction, progress);
    },
  });
}

/** The file of a job from where it is to go on. */
async function* readFile(pool: Pool, job: JobRow): AsyncGenerator<Buffer> {
  let byte = job.bytesDone;
  for (;;) {
    const chunk = await readJobChunk(pool, job.id, byte);
    if (chunk === undefined) return;
    const rest = chunk.bytes.subarray(byte - chunk.position);
    for (let at = 0; at < rest.length; at += STEP_BYTES) yield rest.subarray(at, at + STEP_BYTES);
    byte += rest.length;
  }
}
