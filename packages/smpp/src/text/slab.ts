const SLAB_BYTES = 65_536;
/** Longer ones have memory of their own, so that a slab is not kept by a few of them. */
const LARGEST_IN_SLAB = 1_024;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/**
 * Octets that many short texts share the memory of: memory of its own costs each a microsecond. Only what is written to the
 * returned octets is theirs; nothing outlives what refers to it, a slab is kept as long as one of its texts.
 */
export function takeOctets(length: number): Buffer {
  if (length > LARGEST_IN_SLAB) return Buffer.allocUnsafeSlow(length);
  if (used + length > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}
