/*
 * AssemblyScript, compiled to write-ids.wasm by `node scripts/generate.mjs`: writes the public ids of a range of numbers
 * as the elements of a JSON array, four at a time. What an id is says lib/public-id.ts, whose `encode` gives the same.
 */

/** Two int32 a round of the network, then what stands before each id. Filled by the host. */
export const KEYS: i32 = 0;
export const PREFIX: i32 = 64;
/** uint16 by value: two digits of base 62 as they are written. Filled by the host. */
export const PAIRS: i32 = 128;
/** Where ids are written: a quote, the prefix, the id, a quote and a comma each. */
export const OUTPUT: i32 = 8192;

const KEYS_END: i32 = 64;
const PAIR_COUNT: u32 = 62 * 62;
const FOUR_DIGITS: f64 = 14776336;
const QUOTE: u8 = 34;
const QUOTE_COMMA: u16 = 0x2c22;

/**
 * Writes the ids of `first` .. `first + count - 1` (below 2^52) in the shape that `rightBits` and the masks of the halves
 * give, each of 8 digits without the first `skip` (0 or 1), which is zero. Gives the end; writes up to three ids beyond.
 */
export function writeIds(first: f64, count: i32, rightBits: i32, leftMask: i32, rightMask: i32, skip: i32, prefixLength: i32): i32 {
  let p = <usize>OUTPUT;
  const size = <usize>(prefixLength + 11 - skip);
  const start = <i64>first;
  for (let i = 0; i < count; i += 4) {
    let left = i32x4.splat(0);
    let right = i32x4.splat(0);
    const n = start + i;
    left = i32x4.replace_lane(left, 0, <i32>(n >> rightBits));
    left = i32x4.replace_lane(left, 1, <i32>((n + 1) >> rightBits));
    left = i32x4.replace_lane(left, 2, <i32>((n + 2) >> rightBits));
    left = i32x4.replace_lane(left, 3, <i32>((n + 3) >> rightBits));
    right = i32x4.replace_lane(right, 0, <i32>n & rightMask);
    right = i32x4.replace_lane(right, 1, <i32>(n + 1) & rightMask);
    right = i32x4.replace_lane(right, 2, <i32>(n + 2) & rightMask);
    right = i32x4.replace_lane(right, 3, <i32>(n + 3) & rightMask);
    const leftMasks = i32x4.splat(leftMask);
    const rightMasks = i32x4.splat(rightMask);
    for (let key = KEYS; key < KEYS_END; key += 16) {
      left = v128.xor(left, v128.and(mix(right, key), leftMasks));
      right = v128.xor(right, v128.and(mix(left, key + 8), rightMasks));
    }
    writeId(p, join(i32x4.extract_lane(left, 0), i32x4.extract_lane(right, 0), rightBits), skip, prefixLength);
    writeId(p + size, join(i32x4.extract_lane(left, 1), i32x4.extract_lane(right, 1), rightBits), skip, prefixLength);
    writeId(p + size * 2, join(i32x4.extract_lane(left, 2), i32x4.extract_lane(right, 2), rightBits), skip, prefixLength);
    writeId(p + size * 3, join(i32x4.extract_lane(left, 3), i32x4.extract_lane(right, 3), rightBits), skip, prefixLength);
    p += size * 4;
  }
  return OUTPUT + count * <i32>size;
}

// @ts-ignore: decorator
@inline
function mix(value: v128, key: i32): v128 {
  let hash = v128.xor(value, v128.load32_splat(key));
  hash = i32x4.mul(v128.xor(hash, i32x4.shr_u(hash, 16)), i32x4.splat(0x85ebca6b));
  hash = i32x4.add(v128.xor(hash, i32x4.shr_u(hash, 13)), v128.load32_splat(key + 4));
  hash = i32x4.mul(hash, i32x4.splat(0xc2b2ae35));
  return v128.xor(hash, i32x4.shr_u(hash, 16));
}

// @ts-ignore: decorator
@inline
function join(left: i32, right: i32, rightBits: i32): f64 {
  return <f64>((<i64>left << rightBits) | <i64>right);
}

/** Values are below 2^52, so that the quotient's whole part is exact. */
// @ts-ignore: decorator
@inline
function writeId(p: usize, value: f64, skip: i32, prefixLength: i32): void {
  const digits = p + 1 + prefixLength - skip;
  const high = <i32>(value / FOUR_DIGITS);
  const low = <i32>(value - <f64>high * FOUR_DIGITS);
  const highPair = <u32>high / PAIR_COUNT;
  const lowPair = <u32>low / PAIR_COUNT;
  store<u16>(digits, pairAt(highPair));
  store<u16>(digits, pairAt(<u32>high - highPair * PAIR_COUNT), 2);
  store<u16>(digits, pairAt(lowPair), 4);
  store<u16>(digits, pairAt(<u32>low - lowPair * PAIR_COUNT), 6);
  store<u16>(digits, QUOTE_COMMA, 8);
  // Over the zero that is left out.
  store<u8>(p, QUOTE);
  if (prefixLength > 0) memory.copy(p + 1, PREFIX, prefixLength);
}

// @ts-ignore: decorator
@inline
function pairAt(value: u32): u16 {
  return load<u16>(<usize>PAIRS + (<usize>value << 1));
}
