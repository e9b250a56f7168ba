import { isUtf8 } from 'node:buffer';
import Papa from 'papaparse';

/** A line of a CSV file (RFC 4180), as it was read. */
export interface CsvRow {
  /** Of its first line in the file, from 1. */
  readonly line: number;
  /** Decoded, without white space around. null: it is no text in UTF-8. */
  readonly fields: readonly (string | null)[];
  /** Its quotes make no sense. */
  readonly isBroken: boolean;
}

/** Rows that were read in one go, and where the file goes on behind them. */
export interface CsvRows {
  readonly rows: readonly CsvRow[];
  readonly next: CsvPlace;
}

export interface CsvPlace {
  readonly bytes: number;
  readonly line: number;
}

export interface CsvFormat {
  readonly delimiter: ',' | ';' | '\t';
}

/** A record that is longer has a quote that nobody closes. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

export class CsvError extends Error {
  override readonly name = 'CsvError';
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/**
 * Reads CSV from `place` on, in constant memory: a character of the text inside is a byte of the file, so that places are
 * exact, and fields are decoded when they are used. Empty lines are left out.
 * @throws CsvError for a record of more than 16 MiB
 */
export async function* readCsv(
  source: AsyncIterable<Uint8Array>,
  { delimiter }: CsvFormat,
  place: CsvPlace,
): AsyncGenerator<CsvRows> {
  // Of CRLF the CR goes with the white space around fields, so that both kinds of ends may stand in one file.
  const parser = () => new Papa.Parser({ delimiter, newline: '\n' });
  let { bytes, line } = place;
  let rest = '';
  function take(isLast: boolean): CsvRows {
    const start = bytes === 0 && rest.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
    const text = start === 0 ? rest : rest.slice(start);
    const { data, errors, meta } = parser().parse(text, 0, !isLast) as Papa.ParseResult<string[]>;
    const broken = new Set(errors.map((error) => error.row));
    const rows: CsvRow[] = [];
    for (const [index, fields] of data.entries()) {
      if (fields.length > 1 || fields[0]?.trim() !== '') {
        rows.push({ line, fields: fields.map(decode), isBroken: broken.has(index) });
      }
      line += 1 + countLines(fields);
    }
    bytes += start + meta.cursor;
    rest = text.slice(meta.cursor);
    return { rows, next: { bytes, line } };
  }
  for await (const chunk of source) {
    rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    const rows = take(false);
    if (rest.length > MAX_RECORD_BYTES) throw new CsvError(`a quote in line ${line} is never closed`);
    yield rows;
  }
  if (rest !== '') yield take(true);
}

function decode(field: string): string | null {
  // oxlint-disable-next-line no-control-regex -- one byte a character: above these are parts of longer ones
  if (!/[^\u0000-\u007f]/.test(field)) return field.trim();
  const bytes = Buffer.from(field, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8').trim() : null;
}

/** Line breaks inside of quotes. */
function countLines(fields: readonly string[]): number {
  let lines = 0;
  for (const field of fields) {
    for (let at = field.indexOf('\n'); at !== -1; at = field.indexOf('\n', at + 1)) lines++;
  }
  return lines;
}

/** What the first line tells: which character parts fields. */
export function detectFormat(head: Uint8Array): CsvFormat {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const end = text.indexOf('\n');
  const first = end === -1 ? text : text.slice(0, end);
  if (first.includes(',')) return { delimiter: ',' };
  if (first.includes(';')) return { delimiter: ';' };
  return { delimiter: first.includes('\t') ? '\t' : ',' };
}
