import { AppError } from '../../lib/errors.ts';
import type { ImportFormat } from './run-import.ts';
import { readColumns } from './import-columns.ts';
import { type CsvPlace, detectFormat, readCsv } from './read-csv.ts';

/** A header is longer than this in no file of people. */
export const MAX_HEADER_BYTES = 256 * 1024;

export interface FileHead {
  readonly format: ImportFormat;
  /** Where the rows begin. */
  readonly place: CsvPlace;
}

/**
 * Reads the first line of a file, of which `head` is the beginning: all of it, or at least 256 KiB.
 * @throws AppError `missing_phone_column`
 */
export async function readHeader(head: Uint8Array): Promise<FileHead> {
  const csv = detectFormat(head);
  // One line of it, so that the rows begin right behind.
  for await (const { rows, next } of readCsv(firstLine(head), csv, { bytes: 0, line: 1 })) {
    const [first] = rows;
    if (first === undefined) continue;
    const columns = readColumns(first.fields);
    if (columns === undefined) break;
    return { format: { csv, columns }, place: next };
  }
  throw new AppError('missing_phone_column');
}

async function* firstLine(head: Uint8Array): AsyncGenerator<Uint8Array> {
  const end = head.indexOf(0x0a);
  yield end === -1 ? head : head.subarray(0, end + 1);
}
