import { isUtf8 } from 'node:buffer';
import { CALLING_CODE_LENGTH_BITS } from '../lib/e164.ts';
import type { FieldTable } from '../lib/fields.ts';
import { loadWasm, type WasmMemory } from '../lib/load-wasm.ts';
import { LANES, type LaneCode } from '../pipeline/batch.ts';
import { rawSendFields, sendFields } from './send-fields.ts';

/** A send whose rows are all good as far as their bytes tell: one list, one lane, nothing that needs a look. */
export interface ScannedSend {
  /** 1 to 1,000. */
  readonly count: number;
  /** The JSON array of the rows as it came: a view of the request's body. A copy for a single send, which came alone. */
  readonly rows: Buffer;
  /** Of all rows, their own or the default one; its form is not checked. */
  readonly listNumber: string;
  readonly lane: LaneCode;
  /** At least one row asks for short links. */
  readonly wrapsLinks: boolean;
}

/** Exports of wasm/scan-send.ts. */
interface ScannerExports extends WasmMemory {
  readonly scan: (length: number, keyTable: number) => number;
  readonly scanOne: (length: number, keyTable: number) => number;
  readonly BODY: number;
  readonly PADDING: number;
  readonly LENGTH_BITS: number;
  readonly KEY_TABLES: number;
  readonly KEY_ENTRY_SIZE: number;
  readonly RESULT: number;
  readonly RESULT_ROWS_START: number;
  readonly RESULT_ROWS_END: number;
  readonly RESULT_LIST_START: number;
  readonly RESULT_LIST_END: number;
  readonly RESULT_LANE: number;
  readonly RESULT_WRAPS_LINKS: number;
  readonly KIND_TO: number;
  readonly KIND_LIST_NUMBER: number;
  readonly KIND_BODY: number;
  readonly KIND_CATEGORY: number;
  readonly KIND_WRAP_LINKS: number;
  readonly KIND_SKIP_RATE_LIMIT: number;
  readonly KIND_FLAG: number;
}

const RESULT_FIELDS = 6;
const OPEN_ARRAY = '['.charCodeAt(0);
const CLOSE_ARRAY = ']'.charCodeAt(0);
const LANE_CODES: readonly LaneCode[] = [LANES.transactional, LANES.marketing, LANES.express];

const scanner = loadWasm('scan-send') as ScannerExports;
const memory = new Uint8Array(scanner.memory.buffer);
const results = new Int32Array(scanner.memory.buffer, scanner.RESULT, RESULT_FIELDS);
/** Fields that the scanner understands; the others need a look at their value. */
const KINDS: Readonly<Record<string, number>> = {
  to: scanner.KIND_TO,
  list_number: scanner.KIND_LIST_NUMBER,
  body: scanner.KIND_BODY,
  category: scanner.KIND_CATEGORY,
  wrap_links: scanner.KIND_WRAP_LINKS,
  skip_affixes: scanner.KIND_FLAG,
  skip_duplicate_check: scanner.KIND_FLAG,
  skip_rate_limit: scanner.KIND_SKIP_RATE_LIMIT,
  skip_contact_validation: scanner.KIND_FLAG,
  skip_journey_check: scanner.KIND_FLAG,
};
const TABLE_SIZE = 32 * scanner.KEY_ENTRY_SIZE;
const sendKeys = writeKeyTable(scanner.KEY_TABLES, sendFields);
const rawSendKeys = writeKeyTable(scanner.KEY_TABLES + TABLE_SIZE, rawSendFields);
new Uint16Array(scanner.memory.buffer, scanner.LENGTH_BITS).set(CALLING_CODE_LENGTH_BITS);

/** An entry is found by the length of its key, so no two keys may have the same. */
function writeKeyTable(address: number, fields: FieldTable): number {
  for (const { name } of fields.all) {
    const kind = KINDS[name];
    if (kind === undefined) continue;
    const entry = address + name.length * scanner.KEY_ENTRY_SIZE;
    if (memory[entry] !== 0) throw new Error(`Another key is as long as ${name}`);
    memory[entry] = kind;
    memory.set(Buffer.from(name), entry + 1);
  }
  return address;
}

/**
 * Reads the body of a bulk request without making an object of it: 0.05 µs for a message of 130 bytes. undefined: it holds
 * something that the scanner does not understand, which may be right or wrong; JSON.parse and `validateSend` have to judge
 * then. What it understands they would find good too. `raw`: with the four fields more that `send-raw` reads.
 */
export function scanBulk(bytes: Buffer, raw: boolean): ScannedSend | undefined {
  if (!load(bytes)) return undefined;
  const count = scanner.scan(bytes.length, raw ? rawSendKeys : sendKeys);
  return count === 0 ? undefined : toScanned(bytes, count, rowsIn(bytes));
}

/** The same for the body of a single send. */
export function scanSend(bytes: Buffer, raw: boolean): ScannedSend | undefined {
  if (!load(bytes)) return undefined;
  const count = scanner.scanOne(bytes.length, raw ? rawSendKeys : sendKeys);
  if (count === 0) return undefined;
  return toScanned(bytes, count, toArray(rowsIn(bytes)));
}

/** False: too large, or no UTF-8. */
function load(bytes: Buffer): boolean {
  const start = scanner.BODY;
  const end = start + bytes.length;
  if (end + scanner.PADDING > memory.length || !isUtf8(bytes)) return false;
  memory.set(bytes, start);
  memory.fill(0, end, end + scanner.PADDING);
  return true;
}

function result(field: number): number {
  return results[field] as number;
}

function rowsIn(bytes: Buffer): Buffer {
  return bytes.subarray(result(scanner.RESULT_ROWS_START), result(scanner.RESULT_ROWS_END));
}

function toScanned(bytes: Buffer, count: number, rows: Buffer): ScannedSend {
  return {
    count,
    rows,
    listNumber: bytes.toString('latin1', result(scanner.RESULT_LIST_START), result(scanner.RESULT_LIST_END)),
    lane: LANE_CODES[result(scanner.RESULT_LANE)] ?? LANES.transactional,
    wrapsLinks: result(scanner.RESULT_WRAPS_LINKS) === 1,
  };
}

/** The JSON array of one object. */
function toArray(object: Buffer): Buffer {
  const array = Buffer.allocUnsafe(object.length + 2);
  array[0] = OPEN_ARRAY;
  array.set(object, 1);
  array[object.length + 1] = CLOSE_ARRAY;
  return array;
}
