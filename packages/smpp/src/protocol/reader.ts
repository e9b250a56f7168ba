import { PduError } from './pdu-error.ts';
import { STATUSES } from './statuses.ts';

export function readInt4(bytes: Uint8Array, at: number): number {
  return (readInt2(bytes, at) * 0x10000 + readInt2(bytes, at + 2)) >>> 0;
}

export function readInt2(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Octets of their own: a frame's memory is used again, and `slice` of a Buffer is not a copy. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

/** Latin-1 octets from `start` to `end` as a string. Short ones byte by byte, which is faster than the call for a slice. */
export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

/** Reads field after field of one frame and never past its end. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  /** What is missing reads as empty or zero instead of being an error. */
  readonly isLenient: boolean;

  constructor(bytes: Uint8Array, start: number, end: number, isLenient: boolean) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.isLenient = isLenient;
  }

  get left(): number {
    return this.end - this.at;
  }

  int1(): number {
    if (this.at >= this.end) return this.#missing(0);
    return this.bytes[this.at++] as number;
  }

  int4(): number {
    if (this.left < 4) return this.#missing(0);
    this.at += 4;
    return readInt4(this.bytes, this.at - 4);
  }

  /** @param max octets, the ending NUL included */
  text(max: number): string {
    const { bytes, at: start } = this;
    const limit = Math.min(this.end, start + max);
    let at = start;
    while (at < limit && bytes[at] !== 0) at++;
    if (at < limit) {
      this.at = at + 1;
      return at === start ? '' : latin1Of(bytes, start, at);
    }
    if (!this.isLenient)
      throw new PduError(STATUSES.RINVPARLEN, `A text without end, or longer than ${max - 1} octets`);
    return this.#rest();
  }

  /** One octet of length, then the octets, copied. */
  shortOctets(): Uint8Array {
    const length = this.int1();
    if (length > this.left) throw new PduError(STATUSES.RINVMSGLEN, 'sm_length is more than the frame holds');
    this.at += length;
    return copyOf(this.bytes, this.at - length, this.at);
  }

  /** A text that lacks its end in an answer: what there is up to the next NUL or the end of the frame. */
  #rest(): string {
    const { bytes, at: start, end } = this;
    let at = start;
    while (at < end && bytes[at] !== 0) at++;
    this.at = Math.min(at + 1, end);
    return latin1Of(bytes, start, at);
  }

  #missing(value: number): number {
    if (!this.isLenient) throw new PduError(STATUSES.RINVMSGLEN, 'The body is too short');
    this.at = this.end;
    return value;
  }
}
