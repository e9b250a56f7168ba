import type { Caller } from '../../accounts/index.ts';
import { AppError, type ErrorCode } from '../../lib/errors.ts';
import { type JobRow, readJob, readJobErrors } from '../../store/job-store.ts';
import type { ContactDeps } from '../contact-deps.ts';
import { toCsv } from './csv-cells.ts';
import { type JobView, toJobView } from './job-view.ts';
import { importErrorText, type ImportError } from './parse-import-row.ts';

const ERRORS_AT_ONCE = 5_000;
const ERROR_COLUMNS = ['line', 'phone_number', 'code', 'error'];

/** @throws AppError `not_found` */
export async function getJob(deps: ContactDeps, caller: Caller, input: { readonly id: string }): Promise<JobView> {
  return toJobView(await find(deps, caller, input.id));
}

/** The rows of a job's file that were not taken, as CSV. @throws AppError `not_found` */
export async function getJobErrors(
  deps: ContactDeps,
  caller: Caller,
  input: { readonly id: string },
): Promise<AsyncIterable<string>> {
  const job = await find(deps, caller, input.id);
  return errorLines(deps, job.id);
}

async function find({ pool }: ContactDeps, { account }: Caller, id: string): Promise<JobRow> {
  if (!/^[0-9a-f]{24}$/i.test(id)) throw new AppError('not_found');
  const job = await readJob(pool, account.id, id.toLowerCase());
  if (job === undefined) throw new AppError('not_found');
  return job;
}

async function* errorLines({ pool }: ContactDeps, jobId: string): AsyncGenerator<string> {
  yield importErrorsToCsv(null);
  for (let afterLine = 0; ;) {
    const errors = await readJobErrors(pool, jobId, { afterLine, limit: ERRORS_AT_ONCE });
    if (errors.length === 0) return;
    yield importErrorsToCsv(errors.map((error) => ({ ...error, code: error.code as ErrorCode })));
    afterLine = errors.at(-1)?.line ?? afterLine;
  }
}

/** Rows that were not taken as lines of CSV; null: the header of them. */
export function importErrorsToCsv(errors: readonly ImportError[] | null): string {
  if (errors === null) return toCsv([ERROR_COLUMNS]);
  return toCsv(errors.map(({ line, phone, code }) => [line, phone, code, importErrorText(code)]));
}
