import { loadWasm, type WasmMemory } from './load-wasm.ts';

/** Exports of wasm/write-ids.ts. */
interface WriterExports extends WasmMemory {
  readonly writeIds: (
    first: number,
    count: number,
    rightBits: number,
    leftMask: number,
    rightMask: number,
    skip: number,
    prefixLength: number,
  ) => number;
  readonly KEYS: number;
  readonly PREFIX: number;
  readonly PAIRS: number;
  readonly OUTPUT: number;
}

/** How ids of one kind are made of numbers. */
export interface IdShape {
  /** Two a round. */
  readonly keys: Int32Array;
  readonly leftBits: number;
  readonly rightBits: number;
  /** 7 or 8 digits. */
  readonly length: number;
}

export const MAX_WRITTEN_IDS = 1_000;
const MAX_PREFIX_LENGTH = 8;
const MAX_ID_LENGTH = 8;
const OPEN_BRACKET = '['.charCodeAt(0);
const CLOSE_BRACKET = ']'.charCodeAt(0);

/** Writes the JSON array of the ids of a range of numbers without making a string of each. `pairs`: two digits by value. */
export function createIdWriter(pairs: readonly string[]) {
  const writer = loadWasm('write-ids') as WriterExports;
  const bytes = Buffer.from(writer.memory.buffer);
  const keys = new Int32Array(writer.memory.buffer, writer.KEYS, 16);
  bytes.write(pairs.join(''), writer.PAIRS, 'latin1');
  const start = writer.OUTPUT - 1;

  return function writeIdArray(shape: IdShape, first: number, count: number, prefix: string): string {
    if (!(count >= 1 && count <= MAX_WRITTEN_IDS)) throw new RangeError(`no range of ids: ${count}`);
    if (prefix.length > MAX_PREFIX_LENGTH) throw new RangeError(`too long before an id: ${prefix}`);
    keys.set(shape.keys);
    bytes.write(prefix, writer.PREFIX, 'latin1');
    const leftMask = 2 ** shape.leftBits - 1;
    const rightMask = 2 ** shape.rightBits - 1;
    const skip = MAX_ID_LENGTH - shape.length;
    const end = writer.writeIds(first, count, shape.rightBits, leftMask, rightMask, skip, prefix.length);
    bytes[start] = OPEN_BRACKET;
    // Over the last comma.
    bytes[end - 1] = CLOSE_BRACKET;
    return bytes.toString('latin1', start, end);
  };
}
