import { isUtf8 } from 'node:buffer';
import { CALLING_CODE_LENGTH_BITS } from '../lib/e164.ts';
import type { FieldTable } from '../lib/fields.ts';
import { loadWasm, type WasmConstant, type WasmMemory } from '../lib/load-wasm.ts';
import { LANES, type LaneCode } from '../pipeline/batch.ts';
import { rawSendFields, sendFields } from './send-fields.ts';

/** A send whose rows are all good as far as their bytes tell: one list, one lane, nothing that needs a look. */
export interface ScannedSend {
  /** 1 to 1,000. */
  readonly count: number;
  /** The JSON objects of the rows with their commas, as they came: a view of the request's body. */
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
  readonly BODY: WasmConstant;
  readonly PADDING: WasmConstant;
  readonly LENGTH_BITS: WasmConstant;
  readonly KEY_TABLES: WasmConstant;
  readonly KEY_ENTRY_SIZE: WasmConstant;
  readonly RESULT: WasmConstant;
  readonly RESULT_ROWS_START: WasmConstant;
  readonly RESULT_ROWS_END: WasmConstant;
  readonly RESULT_LIST_START: WasmConstant;
  readonly RESULT_LIST_END: WasmConstant;
  readonly RESULT_LANE: WasmConstant;
  readonly RESULT_WRAPS_LINKS: WasmConstant;
  readonly KIND_TO: WasmConstant;
  readonly KIND_LIST_NUMBER: WasmConstant;
  readonly KIND_BODY: WasmConstant;
  readonly KIND_CATEGORY: WasmConstant;
  readonly KIND_WRAP_LINKS: WasmConstant;
  readonly KIND_SKIP_RATE_LIMIT: WasmConstant;
  readonly KIND_FLAG: WasmConstant;
}

const RESULT_FIELDS = 6;
const LANE_CODES: readonly LaneCode[] = [LANES.transactional, LANES.marketing, LANES.express];

const scanner = loadWasm<ScannerExports>('scan-send');
const memory = new Uint8Array(scanner.memory.buffer);
const results = new Int32Array(scanner.memory.buffer, scanner.RESULT.value, RESULT_FIELDS);
/** Fields that the scanner understands; the others need a look at their value. */
const KINDS: Readonly<Record<string, WasmConstant>> = {
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
const TABLE_SIZE = 32 * scanner.KEY_ENTRY_SIZE.value;
const sendKeys = writeKeyTable(scanner.KEY_TABLES.value, sendFields);
const rawSendKeys = writeKeyTable(scanner.KEY_TABLES.value + TABLE_SIZE, rawSendFields);
new Uint16Array(scanner.memory.buffer, scanner.LENGTH_BITS.value).set(CALLING_CODE_LENGTH_BITS);

/** An entry is found by the length of its key, so no two keys may have the same. */
function writeKeyTable(address: number, fields: FieldTable): number {
  for (const { name } of fields.all) {
    const kind = KINDS[name];
    if (kind === undefined) continue;
    const entry = address + name.length * scanner.KEY_ENTRY_SIZE.value;
    if (memory[entry] !== 0) throw new Error(`Another key is as long as ${name}`);
    memory[entry] = kind.value;
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
  // Without the brackets around them.
  return count === 0 ? undefined : toScanned(bytes, count, 1);
}

/** The same for the body of a single send. */
export function scanSend(bytes: Buffer, raw: boolean): ScannedSend | undefined {
  if (!load(bytes)) return undefined;
  const count = scanner.scanOne(bytes.length, raw ? rawSendKeys : sendKeys);
  return count === 0 ? undefined : toScanned(bytes, count, 0);
}

/** False: too large, or no UTF-8. */
function load(bytes: Buffer): boolean {
  const start = scanner.BODY.value;
  const end = start + bytes.length;
  if (end + scanner.PADDING.value > memory.length || !isUtf8(bytes)) return false;
  memory.set(bytes, start);
  memory.fill(0, end, end + scanner.PADDING.value);
  return true;
}

function toScanned(bytes: Buffer, count: number, bracketSize: number): ScannedSend {
  const result = (field: WasmConstant): number => results[field.value] as number;
  return {
    count,
    rows: bytes.subarray(result(scanner.RESULT_ROWS_START) + bracketSize, result(scanner.RESULT_ROWS_END) - bracketSize),
    listNumber: bytes.toString('latin1', result(scanner.RESULT_LIST_START), result(scanner.RESULT_LIST_END)),
    lane: LANE_CODES[result(scanner.RESULT_LANE)] ?? LANES.transactional,
    wrapsLinks: result(scanner.RESULT_WRAPS_LINKS) === 1,
  };
}
