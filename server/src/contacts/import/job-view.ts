import { Type } from 'typebox';
import { wordSchema } from '../../lib/fields.ts';
import type { JobRow, JobRows } from '../../store/job-store.ts';
import type { ImportFormat } from './run-import.ts';

const COUNT = Type.Integer();

/** `GET /api/v2/jobs/{id}`. */
export const jobSchema = Type.Object({
  id: Type.String({ examples: ['6928a0009c4de20011aa0901'] }),
  type: Type.Literal('contact_import'),
  state: wordSchema(['running', 'finished', 'failed']),
  dry_run: Type.Boolean({ description: 'Nothing is stored; the counts say what would be' }),
  rows: Type.Object({ read: COUNT, created: COUNT, updated: COUNT, failed: COUNT, duplicates: COUNT }),
  rows_per_second: COUNT,
  seconds_left: Type.Union([COUNT, Type.Null()]),
  created_at: Type.String({ format: 'date-time' }),
  finished_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  unknown_columns: Type.Array(Type.String(), { description: 'Columns of the file that are left out' }),
  error: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed' }),
});

export interface JobView {
  readonly id: string;
  readonly type: 'contact_import';
  readonly state: 'running' | 'finished' | 'failed';
  readonly dry_run: boolean;
  readonly rows: JobRows;
  readonly rows_per_second: number;
  readonly seconds_left: number | null;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly unknown_columns: readonly string[];
  readonly error: string | null;
}

export function toJobView(job: JobRow): JobView {
  const { read, created, updated, failed, duplicates } = job;
  const isRunning = job.state === 'running';
  return {
    id: job.id,
    type: job.type,
    state: isRunning || job.state === 'uploading' ? 'running' : job.state,
    dry_run: job.dryRun,
    rows: { read, created, updated, failed, duplicates },
    ...toPace(job),
    created_at: new Date(job.createdMs).toISOString(),
    finished_at: job.finishedMs === null ? null : new Date(job.finishedMs).toISOString(),
    unknown_columns: (job.format as ImportFormat).columns.unknown,
    error: job.error,
  };
}

export type Pace = Pick<JobView, 'rows_per_second' | 'seconds_left'>;

/** How fast it goes, and how long it takes if it goes on so. null: nothing can be said yet. */
export function toPace({
  read,
  bytesDone,
  bytesTotal,
  workMs,
  state,
}: Pick<JobRow, 'read' | 'bytesDone' | 'bytesTotal' | 'workMs' | 'state'>): Pace {
  const isKnown = workMs > 0 && bytesDone > 0;
  const leftMs = isKnown ? ((bytesTotal - bytesDone) / bytesDone) * workMs : null;
  return {
    rows_per_second: workMs === 0 ? 0 : Math.round((read * 1_000) / workMs),
    seconds_left: state === 'finished' || state === 'failed' ? 0 : leftMs === null ? null : Math.ceil(leftMs / 1_000),
  };
}
