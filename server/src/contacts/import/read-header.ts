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
 * @throws AppError `missing_phone_column`, `invalid_encoding`
 */
export async function readHeader(head: Uint8Array): Promise<FileHead> {
  assertEncoding(head);
  const csv = detectFormat(head);
  // One line of it, so that the rows begin right behind.
  for await (const { rows, next } of readCsv(firstLine(head), csv, { bytes: 0, line: 1 })) {
    const [first] = rows;
    if (first === undefined) continue;
    if (first.fields.includes(null)) throw toEncodingError('not in UTF-8');
    if (first.fields.some((name) => name?.includes('\r')))
      throw toEncodingError('ended by CR alone; LF or CRLF is needed');
    const columns = readColumns(first.fields);
    if (columns === undefined) break;
    return { format: { csv, columns }, place: next };
  }
  throw new AppError('missing_phone_column');
}

/** Spreadsheets write UTF-16 too, with a byte order mark or, of western text, with every other byte zero. */
function assertEncoding(head: Uint8Array): void {
  const [first, second] = head;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isMarked || (head.length > 1 && (first === 0) !== (second === 0))) {
    throw toEncodingError('in UTF-16; save the file as CSV in UTF-8');
  }
}

function toEncodingError(what: string): AppError {
  return new AppError('invalid_encoding', { text: `Line 1 of the file is ${what}` });
}

async function* firstLine(head: Uint8Array): AsyncGenerator<Uint8Array> {
  const end = head.indexOf(0x0a);
  yield end === -1 ? head : head.subarray(0, end + 1);
}
