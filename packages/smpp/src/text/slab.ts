const SLAB_BYTES = 65_536;
/** Longer ones have memory of their own, so that a slab is not kept by a few of them. */
const LARGEST_IN_SLAB = 1_024;

let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/**
 * Octets that share the memory of many short texts: memory of its own costs each a microsecond. They hold anything until they
 * are written. A slab is kept as long as one of its texts.
 */
export function takeOctets(length: number): Uint8Array {
  if (length > LARGEST_IN_SLAB) return new Uint8Array(length);
  const start = makeRoom(length);
  return new Uint8Array(slab.buffer, start, length);
}

/** The same, with the characters of a Latin-1 text written. */
export function takeLatin1(text: string): Uint8Array {
  const { length } = text;
  if (length > LARGEST_IN_SLAB) return new Uint8Array(Buffer.from(text, 'latin1'));
  const start = makeRoom(length);
  slab.write(text, start, length, 'latin1');
  return new Uint8Array(slab.buffer, start, length);
}

/** Where they begin. */
function makeRoom(length: number): number {
  if (used + length > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  used += length;
  return used - length;
}
