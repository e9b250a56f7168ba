import { hexId } from '../../lib/public-id.ts';
import { deleteJob, deleteJobPhones, insertJob } from '../../store/job-store.ts';
import type { ImportTarget } from './import-batch.ts';
import type { ImportError } from './parse-import-row.ts';
import { MAX_HEADER_BYTES, readHeader } from './read-header.ts';
import { type ImportDeps, type ImportFormat, type ImportProgress, NO_ROWS, runImport } from './run-import.ts';

export interface FileImport {
  readonly target: Omit<ImportTarget, 'jobNumber'>;
  /** The file from its beginning. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Hears first how the file is read. */
  readonly onFormat?: (format: ImportFormat) => void;
  /** Hears of each batch once it is stored. */
  readonly onProgress?: (progress: ImportProgress, errors: readonly ImportError[]) => Promise<void>;
}

/**
 * Imports a file that is at hand, from its beginning to its end; after an interruption it has to be started again, and finds
 * what is stored already.
 * @throws AppError `missing_phone_column`; CsvError; DatabaseUnavailableError
 */
export async function importFile(deps: ImportDeps, file: FileImport): Promise<ImportProgress> {
  const { target, source, onProgress } = file;
  const { head, all } = await peek(source);
  const { format, place } = await readHeader(head);
  file.onFormat?.(format);
  const nowMs = deps.clock();
  const { list, dryRun, actor } = target;
  // Repeated numbers are told by it; nobody else takes it, because it never starts.
  const job = await insertJob(deps.pool, {
    id: hexId(nowMs),
    accountId: list.accountId,
    type: 'contact_import',
    listId: list.id,
    dryRun,
    actor,
    format,
    createdMs: nowMs,
    bytesDone: place.bytes,
    nextLine: place.line,
  });
  try {
    let stored: { progress: ImportProgress; errors: readonly ImportError[] } | undefined;
    const tell = async (): Promise<void> => {
      if (stored !== undefined) await onProgress?.(stored.progress, stored.errors);
    };
    const done = await runImport(deps, {
      target: { ...target, jobNumber: job.number },
      format,
      from: { rows: NO_ROWS, place },
      source: skip(all, place.bytes),
      async onBatch(_transaction, progress, errors) {
        // The one before is committed by now.
        await tell();
        stored = { progress, errors };
      },
    });
    await tell();
    return done;
  } finally {
    await deleteJobPhones(deps.pool, job.number);
    await deleteJob(deps.pool, job.id);
  }
}

/** The beginning of a file, and all of it. */
async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Buffer; readonly all: AsyncIterable<Uint8Array> }> {
  const rest = source[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < MAX_HEADER_BYTES) {
    const { done, value } = await rest.next();
    if (done === true) break;
    parts.push(value);
    bytes += value.length;
  }
  const head = Buffer.concat(parts, bytes);
  return { head, all: join(head, rest) };
}

async function* join(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* skip(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const part of source) {
    if (left < part.length) yield part.subarray(left);
    left = Math.max(0, left - part.length);
  }
}
