/*
 * AssemblyScript, compiled to scan-send.wasm by `node scripts/generate.mjs`: reads the body of a send without making an
 * object of it. It knows only plain good requests: of a bulk top level `messages` and `list_number`; rows with known keys, each once and written without escapes; strings, booleans and null (RFC 8259). Everything else is "not
 * understood", which says nothing about right or wrong: another reader has to judge.
 *
 * Functions take a position and give the one behind what they read, or 0 when they did not understand it. The host
 * keeps the bytes after the body zero, which ends every loop: no token holds a zero byte.
 */

/** uint16 by the first three digits of a phone number: bit n is set when n digits are possible. Filled by the host. */
export const LENGTH_BITS: i32 = 0;
/** Where the host writes tables of row keys: one entry for each length of a key, so that a length names one key. */
export const KEY_TABLES: i32 = 2048;
/** Bytes of an entry: its kind, and the key. */
export const KEY_ENTRY_SIZE: i32 = 32;
/** What a scan found, as int32: see RESULT_ below. */
export const RESULT: i32 = 8192;
export const BODY: i32 = 12288;
/** Zero bytes that the host keeps after the body. */
export const PADDING: i32 = 64;

/** Positions are relative to the body. */
export const RESULT_ROWS_START: i32 = 0;
export const RESULT_ROWS_END: i32 = 1;
/** Of the list number that all rows have: their own or the default one. */
export const RESULT_LIST_START: i32 = 2;
export const RESULT_LIST_END: i32 = 3;
/** Kind of lane that all rows have: 0 transactional, 1 marketing, 2 express. */
export const RESULT_LANE: i32 = 4;
/** 1 when any row asks for short links. */
export const RESULT_WRAPS_LINKS: i32 = 5;

export const KIND_TO: i32 = 1;
export const KIND_LIST_NUMBER: i32 = 2;
export const KIND_BODY: i32 = 3;
export const KIND_CATEGORY: i32 = 4;
export const KIND_WRAP_LINKS: i32 = 5;
export const KIND_SKIP_RATE_LIMIT: i32 = 6;
/** A boolean that changes nothing before the gate. */
export const KIND_FLAG: i32 = 7;

const MAX_KEY_LENGTH: i32 = 31;
const MAX_ROWS: i32 = 1000;
const MAX_BODY_UNITS: i32 = 1600;
const MIN_DIGITS: i32 = 7;
const MAX_DIGITS: i32 = 15;

const TAB: u8 = 9;
const LINE_FEED: u8 = 10;
const RETURN: u8 = 13;
const SPACE: u8 = 32;
const QUOTE: u8 = 34;
const PLUS: u8 = 43;
const COMMA: u8 = 44;
const SLASH: u8 = 47;
const ZERO: u8 = 48;
const COLON: u8 = 58;
const OPEN_BRACKET: u8 = 91;
const BACKSLASH: u8 = 92;
const CLOSE_BRACKET: u8 = 93;
const OPEN_BRACE: u8 = 123;
const CLOSE_BRACE: u8 = 125;

/* What the row under the cursor said. */
let listStart: usize = 0;
let listEnd: usize = 0;
let isMarketing: bool = false;
let isExpress: bool = false;
let wrapsLinks: bool = false;

/** Scans a body of `length` bytes of valid UTF-8. Gives how many rows it has, or 0: not understood. */
export function scan(length: i32, keyTable: i32): i32 {
  const end = <usize>BODY + length;
  let defaultStart: usize = 0;
  let defaultEnd: usize = 0;
  let rows: usize = 0;
  let count = 0;
  let p = skipSpace(BODY);
  if (load<u8>(p) != OPEN_BRACE) return 0;
  let separator = COMMA;
  while (separator == COMMA) {
    const key = skipSpace(p + 1);
    const value = skipKey(key);
    if (value == 0) return 0;
    if (isMessages(key)) {
      if (rows != 0) return 0;
      rows = value;
      count = scanRows(value, keyTable);
      if (count == 0) return 0;
      p = rowsEnd;
    } else if (isListNumber(key)) {
      if (defaultStart != 0) return 0;
      p = skipPlainString(value);
      defaultStart = value + 1;
      defaultEnd = p - 1;
    } else return 0;
    if (p == 0) return 0;
    p = skipSpace(p);
    separator = load<u8>(p);
  }
  if (separator != CLOSE_BRACE || skipSpace(p + 1) != end || count == 0) return 0;
  if (rowsListStart == 0) {
    rowsListStart = defaultStart;
    rowsListEnd = defaultEnd;
  }
  if (rowsListStart == 0) return 0;
  tellSpan(RESULT_ROWS_START, rows, rowsEnd);
  tellSpan(RESULT_LIST_START, rowsListStart, rowsListEnd);
  return count;
}

/** The same for the body of a single send, which is a row with a list. Gives 1, or 0: not understood. */
export function scanOne(length: i32, keyTable: i32): i32 {
  const end = <usize>BODY + length;
  const start = skipSpace(BODY);
  wrapsLinks = false;
  const p = scanRow(start, keyTable);
  if (p == 0 || listStart == 0 || skipSpace(p) != end) return 0;
  tellSpan(RESULT_ROWS_START, start, p);
  tellSpan(RESULT_LIST_START, listStart, listEnd);
  tell(RESULT_LANE, isExpress ? 2 : <i32>isMarketing);
  tell(RESULT_WRAPS_LINKS, <i32>wrapsLinks);
  return 1;
}

/* What the rows agree on. */
let rowsEnd: usize = 0;
let rowsListStart: usize = 0;
let rowsListEnd: usize = 0;

/** How many rows the array at `p` has: 1 to 1,000, of one list and one lane; 0: not understood. */
function scanRows(p: usize, keyTable: i32): i32 {
  if (load<u8>(p) != OPEN_BRACKET) return 0;
  let count = 0;
  let rowsLane = 0;
  wrapsLinks = false;
  let separator = COMMA;
  while (separator == COMMA) {
    p = scanRow(skipSpace(p + 1), keyTable);
    if (p == 0 || ++count > MAX_ROWS) return 0;
    const lane = isExpress ? 2 : <i32>isMarketing;
    if (count == 1) {
      rowsLane = lane;
      rowsListStart = listStart;
      rowsListEnd = listEnd;
    } else if (lane != rowsLane || !hasSameList()) return 0;
    p = skipSpace(p);
    separator = load<u8>(p);
  }
  if (separator != CLOSE_BRACKET) return 0;
  rowsEnd = p + 1;
  tell(RESULT_LANE, rowsLane);
  tell(RESULT_WRAPS_LINKS, <i32>wrapsLinks);
  return count;
}

function hasSameList(): bool {
  const size = listEnd - listStart;
  return rowsListEnd - rowsListStart == size && memory.compare(listStart, rowsListStart, size) == 0;
}

function scanRow(p: usize, keyTable: i32): usize {
  if (load<u8>(p) != OPEN_BRACE) return 0;
  listStart = 0;
  listEnd = 0;
  isMarketing = false;
  isExpress = false;
  let seenLengths: u32 = 0;
  let seenKinds: u32 = 0;
  let separator = COMMA;
  while (separator == COMMA) {
    const key = skipSpace(p + 1);
    const keyEnd = skipPlainString(key);
    if (keyEnd == 0) return 0;
    const length = <i32>(keyEnd - key) - 2;
    const kind = kindOf(key + 1, length, keyTable);
    if (kind == 0 || (seenLengths & (1 << length)) != 0) return 0;
    seenLengths |= 1 << length;
    seenKinds |= 1 << kind;
    const colon = skipSpace(keyEnd);
    if (load<u8>(colon) != COLON) return 0;
    p = scanValue(skipSpace(colon + 1), kind);
    if (p == 0) return 0;
    p = skipSpace(p);
    separator = load<u8>(p);
  }
  const required = (1 << KIND_TO) | (1 << KIND_BODY);
  return separator == CLOSE_BRACE && (seenKinds & required) == required ? p + 1 : 0;
}

/** Kind of the key at `p`, 0 when it is unknown. */
function kindOf(p: usize, length: i32, keyTable: i32): i32 {
  if (length > MAX_KEY_LENGTH) return 0;
  const entry = <usize>(keyTable + length * KEY_ENTRY_SIZE);
  const kind = <i32>load<u8>(entry);
  return kind != 0 && memory.compare(p, entry + 1, length) == 0 ? kind : 0;
}

function scanValue(p: usize, kind: i32): usize {
  if (kind == KIND_TO) return skipPhone(p);
  if (kind == KIND_BODY) return skipBody(p);
  if (kind == KIND_LIST_NUMBER) return scanListNumber(p);
  if (kind == KIND_CATEGORY) return scanCategory(p);
  return scanFlag(p, kind);
}

/** Its form is judged by the host, once for all rows. */
function scanListNumber(p: usize): usize {
  const behind = skipPlainString(p);
  listStart = p + 1;
  listEnd = behind - 1;
  return listEnd > listStart ? behind : 0;
}

function scanCategory(p: usize): usize {
  const behind = skipPlainString(p);
  const size = behind - p;
  // "marketing" and "transactional", in 4 and 8 bytes at a time, quotes included.
  isMarketing = size == 11 && load<u64>(p) == 0x6974656b72616d22 && load<u32>(p, 7) == 0x22676e69;
  const isTransactional = size == 15 && load<u64>(p) == 0x6361736e61727422 && load<u64>(p, 7) == 0x226c616e6f697463;
  return isMarketing || isTransactional ? behind : 0;
}

function scanFlag(p: usize, kind: i32): usize {
  const word = load<u32>(p);
  // "null" and "fals"; both leave the flag off.
  if (word == 0x6c6c756e) return p + 4;
  if (word == 0x736c6166) return load<u8>(p, 4) == 0x65 ? p + 5 : 0;
  // "true"
  if (word != 0x65757274) return 0;
  if (kind == KIND_WRAP_LINKS) wrapsLinks = true;
  if (kind == KIND_SKIP_RATE_LIMIT) isExpress = true;
  return p + 4;
}

/** E.164 with a length that its calling code allows. */
function skipPhone(p: usize): usize {
  if (load<u8>(p) != QUOTE || load<u8>(p, 1) != PLUS) return 0;
  const first = p + 2;
  let at = first;
  while (isDigit(load<u8>(at))) at++;
  const digits = <i32>(at - first);
  if (load<u8>(at) != QUOTE || digits < MIN_DIGITS || digits > MAX_DIGITS) return 0;
  const prefix = digitAt(first) * 100 + digitAt(first + 1) * 10 + digitAt(first + 2);
  const bits = <i32>load<u16>(<usize>(LENGTH_BITS + prefix * 2));
  return ((bits >> digits) & 1) == 1 ? at + 1 : 0;
}

function isDigit(unit: u8): bool {
  return <u8>(unit - ZERO) <= 9;
}

function digitAt(p: usize): i32 {
  return <i32>(load<u8>(p) - ZERO);
}

/** A text of 1 to 1,600 UTF-16 units that is not only white space, without U+0000 and escaped surrogates. */
function skipBody(p: usize): usize {
  if (load<u8>(p) != QUOTE) return 0;
  const start = p + 1;
  // Bytes of escapes beyond the one unit that each of them stands for.
  let spare = 0;
  let at = findStop(start);
  while (load<u8>(at) == BACKSLASH) {
    const size = escapeSize(at);
    if (size == 0) return 0;
    spare += size - 1;
    at = findStop(at + size);
  }
  if (load<u8>(at) != QUOTE) return 0;
  const sizeBytes = <i32>(at - start) - spare;
  if (sizeBytes > MAX_BODY_UNITS && sizeBytes - spareBytes(start, at) > MAX_BODY_UNITS) return 0;
  return skipWhite(start, at) < at ? at + 1 : 0;
}

/** The next quote, backslash or control character from `p`. */
function findStop(p: usize): usize {
  const quote = i8x16.splat(QUOTE);
  const backslash = i8x16.splat(BACKSLASH);
  const space = i8x16.splat(SPACE);
  let stops = 0;
  while (stops == 0) {
    const bytes = v128.load(p);
    const ends = v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash));
    stops = i8x16.bitmask(v128.or(ends, i8x16.lt_u(bytes, space)));
    p += 16;
  }
  return p - 16 + ctz(stops);
}

/** Bytes of the escape at `p`; 0 for one that JSON does not know, U+0000 and surrogates. */
function escapeSize(p: usize): i32 {
  const letter = load<u8>(p, 1);
  if (letter == 0x75) {
    const code = hexAt(p + 2);
    return code <= 0 || (code & 0xf800) == 0xd800 ? 0 : 6;
  }
  const isSimple =
    letter == QUOTE ||
    letter == BACKSLASH ||
    letter == SLASH ||
    letter == 0x62 ||
    letter == 0x66 ||
    letter == 0x6e ||
    letter == 0x72 ||
    letter == 0x74;
  return isSimple ? 2 : 0;
}

/** Four hexadecimal digits, −1 when they are not. */
function hexAt(p: usize): i32 {
  let code = 0;
  for (let i: usize = 0; i < 4; i++) {
    const unit = load<u8>(p + i);
    const letter = <u8>((unit | 0x20) - 0x61);
    if (isDigit(unit)) code = code * 16 + <i32>(unit - ZERO);
    else if (letter < 6) code = code * 16 + 10 + <i32>letter;
    else return -1;
  }
  return code;
}

/** Bytes of UTF-8 beyond the UTF-16 units that they make: characters of 2, 3 and 4 bytes are 1, 1 and 2 units. */
function spareBytes(start: usize, end: usize): i32 {
  let spare = 0;
  for (let p = start; p < end; p++) {
    const unit = load<u8>(p);
    if ((unit & 0xc0) == 0x80) spare++;
    else if (unit >= 0xf0) spare--;
  }
  return spare;
}

/** The first character from `p` that `trim()` would leave, or `end`. */
function skipWhite(p: usize, end: usize): usize {
  while (p < end) {
    const unit = load<u8>(p);
    let code = <i32>unit;
    let size = 1;
    if (unit == BACKSLASH) {
      size = escapeSize(p);
      code = size == 6 ? hexAt(p + 2) : escapedCode(load<u8>(p, 1));
    } else if (unit >= 0xf0) {
      return p;
    } else if (unit >= 0xe0) {
      size = 3;
      code = ((code & 0x0f) << 12) | ((<i32>load<u8>(p, 1) & 0x3f) << 6) | (<i32>load<u8>(p, 2) & 0x3f);
    } else if (unit >= 0xc0) {
      size = 2;
      code = ((code & 0x1f) << 6) | (<i32>load<u8>(p, 1) & 0x3f);
    }
    if (!isWhite(code)) return p;
    p += size;
  }
  return end;
}

/** \n \r \t \f are white space; the others are not. */
function escapedCode(letter: u8): i32 {
  return letter == 0x6e || letter == 0x72 || letter == 0x74 || letter == 0x66 ? SPACE : letter;
}

/** WhiteSpace and LineTerminator of ECMA-262 §12.2 and §12.3. */
function isWhite(code: i32): bool {
  if (code <= 0x20) return code == 0x20 || (code >= 9 && code <= 13);
  if (code < 0xa0) return false;
  return (
    code == 0xa0 ||
    code == 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code == 0x2028 ||
    code == 0x2029 ||
    code == 0x202f ||
    code == 0x205f ||
    code == 0x3000 ||
    code == 0xfeff
  );
}

/** A string without escapes. */
function skipPlainString(p: usize): usize {
  if (load<u8>(p) != QUOTE) return 0;
  const stop = findStop(p + 1);
  return load<u8>(stop) == QUOTE ? stop + 1 : 0;
}

/** A key and its colon, up to the value. */
function skipKey(p: usize): usize {
  const behind = skipPlainString(p);
  if (behind == 0) return 0;
  const colon = skipSpace(behind);
  return load<u8>(colon) == COLON ? skipSpace(colon + 1) : 0;
}

/** `"messages"` */
function isMessages(p: usize): bool {
  return load<u64>(p, 1) == 0x736567617373656d && load<u8>(p, 9) == QUOTE;
}

/** `"list_number"` */
function isListNumber(p: usize): bool {
  return load<u64>(p, 1) == 0x6d756e5f7473696c && load<u32>(p, 8) == 0x7265626d && load<u8>(p, 12) == QUOTE;
}

function skipSpace(p: usize): usize {
  let unit = load<u8>(p);
  while (unit == SPACE || unit == LINE_FEED || unit == RETURN || unit == TAB) unit = load<u8>(++p);
  return p;
}

function tell(field: i32, value: i32): void {
  store<i32>(<usize>(RESULT + field * 4), value);
}

function tellSpan(field: i32, start: usize, end: usize): void {
  tell(field, <i32>start - BODY);
  tell(field + 1, <i32>end - BODY);
}
