/**
 * Arrays as query parameters in PostgreSQL's binary form (`array_send` in arrayfuncs.c): a `Buffer` is sent as binary by
 * `pg`, and the cast in the statement (`$2::bigint[]`) says how it is read. For a batch of 1,000 the text form that `pg`
 * makes of a JavaScript array costs both sides several times as much.
 *
 * An empty array has one dimension of length 0, which `unnest`, `any` and `cardinality` take for empty.
 */

const OIDS = { bool: 16, int8: 20, int2: 21, text: 25 } as const;
/** Dimensions, null flag, type, length, lower bound. */
const HEADER_BYTES = 20;

/** `bigint[]`; safe integers. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  const bytes = start(OIDS.int8, values.length, values.length * 12);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = writeNull(bytes, at);
      continue;
    }
    const high = Math.floor(value / 0x1_0000_0000);
    bytes.writeInt32BE(8, at);
    bytes.writeInt32BE(high, at + 4);
    at = bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 8);
  }
  return bytes.subarray(0, at);
}

/** `bigint[]` of values that may be beyond the safe integers. */
export function bigInt8Array(values: readonly bigint[]): Buffer {
  const bytes = start(OIDS.int8, values.length, values.length * 12);
  // `writeBigInt64BE` makes four more numbers of each.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = HEADER_BYTES;
  for (const value of values) {
    view.setInt32(at, 8);
    view.setBigInt64(at + 4, value);
    at += 12;
  }
  return bytes;
}

/** `smallint[]` */
export function int2Array(values: readonly (number | null)[]): Buffer {
  const bytes = start(OIDS.int2, values.length, values.length * 6);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = writeNull(bytes, at);
      continue;
    }
    bytes.writeInt32BE(2, at);
    at = bytes.writeInt16BE(value, at + 4);
  }
  return bytes.subarray(0, at);
}

/** `boolean[]` */
export function boolArray(values: readonly (boolean | null)[]): Buffer {
  const bytes = start(OIDS.bool, values.length, values.length * 5);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = writeNull(bytes, at);
      continue;
    }
    bytes.writeInt32BE(1, at);
    at = bytes.writeUInt8(value ? 1 : 0, at + 4);
  }
  return bytes.subarray(0, at);
}

/** `text[]` */
export function textArray(values: readonly (string | null)[]): Buffer {
  let most = values.length * 4;
  for (const value of values) most += value === null ? 0 : value.length * 3;
  const bytes = start(OIDS.text, values.length, most);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = writeNull(bytes, at);
      continue;
    }
    const size = bytes.write(value, at + 4, 'utf8');
    bytes.writeInt32BE(size, at);
    at += 4 + size;
  }
  return bytes.subarray(0, at);
}

function start(oid: number, length: number, valueBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + valueBytes);
  bytes.writeInt32BE(1, 0);
  bytes.writeInt32BE(0, 4);
  bytes.writeInt32BE(oid, 8);
  bytes.writeInt32BE(length, 12);
  bytes.writeInt32BE(1, 16);
  return bytes;
}

/** Length -1; the header's flag only tells that there is one. */
function writeNull(bytes: Buffer, at: number): number {
  bytes.writeInt32BE(1, 4);
  return bytes.writeInt32BE(-1, at);
}
