import { PduError } from './pdu-error.ts';
import { STATUSES } from './statuses.ts';

/** Somewhere to write octets one after another; whoever writes makes sure with `reserve` that there is room. */
export interface ByteTarget {
  bytes: Uint8Array;
  /** Where the next octet goes. */
  at: number;
  /** Makes room for `size` octets from `at` on; may change `bytes` and `at`. */
  reserve(size: number): void;
}

/** Big-endian, unsigned. */
export function putInt4(target: ByteTarget, value: number): void {
  const { bytes, at } = target;
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  target.at = at + 4;
}

export function putInt2(target: ByteTarget, value: number): void {
  const { bytes, at } = target;
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
  target.at = at + 2;
}

export function putInt1(target: ByteTarget, value: number): void {
  target.bytes[target.at++] = value;
}

/**
 * Latin-1 with an ending NUL.
 * @param max octets, the NUL included
 * @throws PduError (RINVPARLEN) when it is too long or holds a NUL or a character outside Latin-1
 */
export function putText(target: ByteTarget, value: string, max: number): void {
  const { length } = value;
  if (length >= max) throw new PduError(STATUSES.RINVPARLEN, `Longer than ${max - 1} octets: ${value.slice(0, 80)}`);
  const { bytes } = target;
  let { at } = target;
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit === 0 || unit > 0xff) throw new PduError(STATUSES.RINVPARLEN, 'A text field holds Latin-1 without NUL');
    bytes[at++] = unit;
  }
  bytes[at++] = 0;
  target.at = at;
}

export function putOctets(target: ByteTarget, octets: Uint8Array): void {
  target.bytes.set(octets, target.at);
  target.at += octets.length;
}

/** Writes the length of the frame that began at `start` and ends here. */
export function endFrame(target: ByteTarget, start: number): void {
  const { at } = target;
  target.at = start;
  putInt4(target, at - start);
  target.at = at;
}

/** A target of its own that grows; for tests and rare frames. */
export class GrowingTarget implements ByteTarget {
  bytes: Uint8Array = new Uint8Array(256);
  at = 0;

  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + size));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  /** What was written, not copied. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
}
