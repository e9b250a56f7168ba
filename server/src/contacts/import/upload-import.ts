import type { Caller, List } from '../../accounts/index.ts';
import { isListNumber } from '../../lib/e164.ts';
import { AppError } from '../../lib/errors.ts';
import { hexId } from '../../lib/public-id.ts';
import { deleteUpload, insertJob, insertJobChunk, startJob } from '../../store/job-store.ts';
import type { Transaction } from '../../store/transaction.ts';
import type { ContactDeps } from '../contact-deps.ts';
import { findOwnList } from '../parse-contact.ts';
import { type JobView, toJobView } from './job-view.ts';
import { readHeader } from './read-header.ts';

/** Of a piece of the file in the database. */
const CHUNK_BYTES = 1024 * 1024;

export interface UploadInput {
  readonly query: Readonly<Record<string, string>>;
  readonly upload: {
    /** The file as it comes. */
    readonly bytes: AsyncIterable<Uint8Array>;
    /** Runs the last step, whose result is the answer, in a transaction. */
    readonly commit: <T extends object>(step: (transaction: Transaction) => Promise<T>) => Promise<T>;
  };
}

/**
 * Takes a file of contacts of any size; it is in the database when the promise resolves, and a job works it off from there.
 * @throws AppError `missing_list_number`, `invalid_list_number`, `invalid_dry_run`, `list_not_found`,
 *   `missing_phone_column`; DatabaseUnavailableError
 */
export async function uploadImport(
  deps: ContactDeps,
  caller: Caller,
  { query, upload }: UploadInput,
): Promise<{ readonly success: true; readonly job: JobView }> {
  const { list, dryRun } = parseQuery(deps, caller, query);
  const pieces = inPieces(upload.bytes)[Symbol.asyncIterator]();
  const first = await pieces.next();
  const head = await readHeader(first.done === true ? new Uint8Array() : first.value);
  const nowMs = deps.clock();
  const { id } = await insertJob(deps.pool, {
    id: hexId(nowMs),
    accountId: caller.account.id,
    type: 'contact_import',
    listId: list.id,
    dryRun,
    actor: `key:${caller.key.id}`,
    format: head.format,
    createdMs: nowMs,
    bytesDone: head.place.bytes,
    nextLine: head.place.line,
  });
  try {
    let position = 0;
    for (let piece = first; piece.done !== true; piece = await pieces.next()) {
      await insertJobChunk(deps.pool, id, position, piece.value);
      position += piece.value.length;
    }
    return await upload.commit(async (transaction) => {
      const job = await startJob(transaction, id, position);
      // Forgotten with the uploads of yesterday.
      if (job === undefined) throw new AppError('invalid_request');
      return { success: true, job: toJobView(job) };
    });
  } catch (error) {
    // What cannot be forgotten now is forgotten with the uploads of yesterday. The commit may be all that was not answered.
    await deleteUpload(deps.pool, id).catch(() => {});
    throw error;
  }
}

function parseQuery(
  { directory }: ContactDeps,
  caller: Caller,
  query: UploadInput['query'],
): { readonly list: List; readonly dryRun: boolean } {
  const number = query['list_number'] ?? '';
  if (number === '') throw new AppError('missing_list_number');
  if (!isListNumber(number)) throw new AppError('invalid_list_number');
  const dryRun = query['dry_run'] ?? 'true';
  if (dryRun !== 'true' && dryRun !== 'false') throw new AppError('invalid_dry_run');
  const list = findOwnList({ directory, caller }, number);
  if (list === undefined) throw new AppError('list_not_found');
  return { list, dryRun: dryRun === 'true' };
}

/** Pieces of the same size, the last one smaller; the first holds the header in any case. */
async function* inPieces(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    parts.push(part);
    bytes += part.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(parts, bytes);
    parts = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(parts, bytes);
}
