import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import type { Transaction } from './transaction.ts';

/** Binary COPY (PostgreSQL manual, COPY, "Binary Format"): signature, flags, no header extension. */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');

/** Many rows go out in pieces of this size, so that the server works on one while the next is made. */
const PIECE_BYTES = 64 * 1024;

/** Up to here a text is written faster in a loop than by the system. */
const SHORT_LENGTH = 32;
const LAST_ASCII = 0x7f;

/**
 * Builds rows for a binary COPY. Append the columns in the order of the statement; a value of the wrong width is refused
 * by the server, not stored wrongly.
 */
export class CopyRows {
  private bytes: Buffer;
  /** Of the same memory: `writeBigInt64BE` makes four more numbers of each. */
  private view: DataView;
  private at = HEADER.length;

  constructor(estimatedBytes = 65_536) {
    this.bytes = Buffer.allocUnsafe(Math.max(estimatedBytes, 1_024));
    this.view = viewOf(this.bytes);
    HEADER.copy(this.bytes);
  }

  row(columns: number): this {
    this.reserve(2);
    this.at = this.bytes.writeInt16BE(columns, this.at);
    return this;
  }

  null(): this {
    this.reserve(4);
    this.at = this.bytes.writeInt32BE(-1, this.at);
    return this;
  }

  int2(value: number | null): this {
    if (value === null) return this.null();
    this.reserve(6);
    this.at = this.bytes.writeInt32BE(2, this.at);
    this.at = this.bytes.writeInt16BE(value, this.at);
    return this;
  }

  int4(value: number | null): this {
    if (value === null) return this.null();
    this.reserve(8);
    this.at = this.bytes.writeInt32BE(4, this.at);
    this.at = this.bytes.writeInt32BE(value, this.at);
    return this;
  }

  /** A safe integer. */
  int8(value: number | null): this {
    if (value === null) return this.null();
    this.reserve(12);
    const high = Math.floor(value / 0x1_0000_0000);
    this.at = this.bytes.writeInt32BE(8, this.at);
    this.at = this.bytes.writeInt32BE(high, this.at);
    this.at = this.bytes.writeUInt32BE(value - high * 0x1_0000_0000, this.at);
    return this;
  }

  bigint8(value: bigint | null): this {
    if (value === null) return this.null();
    this.reserve(12);
    this.at = this.bytes.writeInt32BE(8, this.at);
    this.view.setBigInt64(this.at, value);
    this.at += 8;
    return this;
  }

  bool(value: boolean | null): this {
    if (value === null) return this.null();
    this.reserve(5);
    this.at = this.bytes.writeInt32BE(1, this.at);
    this.at = this.bytes.writeUInt8(value ? 1 : 0, this.at);
    return this;
  }

  text(value: string | null): this {
    if (value === null) return this.null();
    this.reserve(4 + value.length * 3);
    const isWritten = value.length <= SHORT_LENGTH && this.writeAscii(value, this.at + 4);
    const size = isWritten ? value.length : this.bytes.write(value, this.at + 4, 'utf8');
    this.bytes.writeInt32BE(size, this.at);
    this.at += 4 + size;
    return this;
  }

  bytea(value: Uint8Array | null): this {
    if (value === null) return this.null();
    this.reserve(4 + value.length);
    this.at = this.bytes.writeInt32BE(value.length, this.at);
    this.bytes.set(value, this.at);
    this.at += value.length;
    return this;
  }

  /** bytea of hexadecimal text. */
  hex(value: string): this {
    const size = value.length / 2;
    this.reserve(4 + size);
    this.at = this.bytes.writeInt32BE(size, this.at);
    this.at += this.bytes.write(value, this.at, size, 'hex');
    return this;
  }

  /** jsonb: version 1 and the text. */
  jsonb(json: string | null): this {
    if (json === null) return this.null();
    this.reserve(5 + json.length * 3);
    this.bytes.writeUInt8(1, this.at + 4);
    const size = 1 + this.bytes.write(json, this.at + 5, 'utf8');
    this.bytes.writeInt32BE(size, this.at);
    this.at += 4 + size;
    return this;
  }

  /** Bytes that are waiting. */
  get size(): number {
    return this.at;
  }

  /** What was built so far; what is appended from now on follows it. */
  takePiece(): Buffer {
    const piece = this.bytes.subarray(0, this.at);
    this.bytes = Buffer.allocUnsafe(this.bytes.length);
    this.at = 0;
    return piece;
  }

  /** Ends the rows; the builder is of no use afterwards. */
  finish(): Buffer {
    this.reserve(2);
    this.at = this.bytes.writeInt16BE(-1, this.at);
    return this.bytes.subarray(0, this.at);
  }

  /** False: there are other characters in it. */
  private writeAscii(value: string, at: number): boolean {
    const { bytes } = this;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit > LAST_ASCII) return false;
      bytes[at + index] = unit;
    }
    return true;
  }

  private reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + count));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
    this.view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** `statement`: `copy <table> (<columns>) from stdin`. */
export async function copyRows(transaction: Transaction, statement: string, rows: CopyRows): Promise<void> {
  const sink = transaction.query(copyFrom(`${statement} with (format binary)`));
  await pipeline(Readable.from([rows.finish()], { objectMode: false }), sink);
}

/** The same for any number of things, each of which `write` makes a row of, in constant memory. */
export async function copyEach<T>(
  transaction: Transaction,
  statement: string,
  things: Iterable<T>,
  write: (rows: CopyRows, thing: T) => void,
): Promise<void> {
  function* toPieces(): Generator<Buffer> {
    const rows = new CopyRows(PIECE_BYTES);
    for (const thing of things) {
      write(rows, thing);
      if (rows.size > PIECE_BYTES - PIECE_BYTES / 8) yield rows.takePiece();
    }
    yield rows.finish();
  }
  const sink = transaction.query(copyFrom(`${statement} with (format binary)`));
  await pipeline(Readable.from(toPieces(), { objectMode: false }), sink);
}
