import { HEADER_BYTES, MAX_FRAME_BYTES } from './limits.ts';
import { readInt4 } from './reader.ts';

/** Gets each whole frame; `bytes` is only lent until it returns. False: no more frames for now. */
export type FrameListener = (bytes: Uint8Array, start: number, end: number) => boolean;

/** A length that no frame may have; the stream cannot be followed any further. */
export interface BadLength {
  readonly length: number;
  /** 0 when the header is not there yet. */
  readonly sequence: number;
}

const NONE = new Uint8Array(0);
const FIRST_ROOM = 1_024;

/**
 * Cuts a stream into frames. Holds at most what one `push` brought and one unfinished frame; memory for an unfinished
 * frame grows with the octets that came, not with the length it claims, and each octet is copied a bounded number of
 * times however finely the stream is cut.
 */
export class FrameReader {
  /** Octets that were pushed and not looked at, because the listener said stop. */
  #waiting: Uint8Array = NONE;
  #partial: Uint8Array = new Uint8Array(0);
  #partialLength = 0;

  /** Octets held. */
  get heldBytes(): number {
    return this.#waiting.length + this.#partialLength;
  }

  /**
   * Gives the frames in `chunk`, after what was left before. When the listener stops, the rest is kept (the chunk itself,
   * not a copy) until the next call, which may be made with nothing.
   */
  push(chunk: Uint8Array, onFrame: FrameListener): BadLength | undefined {
    const bytes = this.#waiting.length === 0 ? chunk : concat(this.#waiting, chunk);
    this.#waiting = NONE;
    let at = 0;
    if (this.#partialLength > 0) {
      const taken = this.#completePartial(bytes, onFrame);
      if (typeof taken === 'object') return taken;
      if (taken < 0) {
        this.#waiting = bytes.subarray(~taken);
        return undefined;
      }
      at = taken;
    }
    const { length } = bytes;
    while (length - at >= 4) {
      const size = readInt4(bytes, at);
      if (isBad(size)) return toBadLength(bytes, at, size);
      if (size > length - at) break;
      const end = at + size;
      const goOn = onFrame(bytes, at, end);
      at = end;
      if (!goOn) {
        this.#waiting = bytes.subarray(at);
        return undefined;
      }
    }
    if (at < length) this.#keep(bytes.subarray(at));
    return undefined;
  }

  /** Octets of `bytes` that were used; their complement when the listener stopped. */
  #completePartial(bytes: Uint8Array, onFrame: FrameListener): number | BadLength {
    let at = 0;
    if (this.#partialLength < HEADER_BYTES) {
      at = Math.min(HEADER_BYTES - this.#partialLength, bytes.length);
      this.#keep(bytes.subarray(0, at));
      if (this.#partialLength < 4) return at;
      const size = readInt4(this.#partial, 0);
      if (isBad(size)) return toBadLength(this.#partial.subarray(0, this.#partialLength), 0, size);
      if (this.#partialLength < HEADER_BYTES) return at;
    }
    const size = readInt4(this.#partial, 0);
    const taken = Math.min(size - this.#partialLength, bytes.length - at);
    this.#keep(bytes.subarray(at, at + taken));
    at += taken;
    if (this.#partialLength < size) return at;
    const frame = this.#partial;
    this.#partial = NONE;
    this.#partialLength = 0;
    return onFrame(frame, 0, size) ? at : ~at;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#partialLength + bytes.length;
    if (needed > this.#partial.length) {
      const grown = new Uint8Array(Math.max(FIRST_ROOM, needed, this.#partial.length * 2));
      grown.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#partialLength);
    this.#partialLength = needed;
  }
}

function isBad(size: number): boolean {
  return size < HEADER_BYTES || size > MAX_FRAME_BYTES;
}

function toBadLength(bytes: Uint8Array, at: number, length: number): BadLength {
  return { length, sequence: bytes.length - at >= HEADER_BYTES ? readInt4(bytes, at + 12) : 0 };
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (second.length === 0) return first;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
