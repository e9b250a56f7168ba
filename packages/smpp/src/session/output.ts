import type { Socket } from 'node:net';
import type { ByteTarget } from '../protocol/frame-writer.ts';

const FIRST_CHUNK_BYTES = 4_096;
const LARGEST_CHUNK_BYTES = 65_536;
const KEPT_CHUNKS = 4;
/** Above this much that the peer has not taken, nothing more should be written. */
const HIGH_WATER_BYTES = 1_048_576;

/**
 * Gathers what is written while the program handles one event and hands it to the socket in one piece. Chunks are used
 * again when the socket is done with them.
 */
export class Output implements ByteTarget {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Octets handed to the socket and not taken by the system yet. */
  #unsentBytes = 0;
  #free: Uint8Array[] = [];
  #chunkBytes = FIRST_CHUNK_BYTES;
  #flushIsDue = false;
  #heldBack: { readonly chunk: Uint8Array; readonly size: number }[] | undefined;
  readonly #socket: Socket;
  /** Called when a full output has emptied. */
  readonly #onDrain: () => void;

  constructor(socket: Socket, onDrain: () => void) {
    this.#socket = socket;
    this.#onDrain = onDrain;
  }

  /** The peer does not read: wait before anything more is written. */
  get isFull(): boolean {
    return this.#unsentBytes > HIGH_WATER_BYTES;
  }

  /** Octets that the peer has not taken. */
  get heldBytes(): number {
    return this.#unsentBytes + this.at;
  }

  reserve(size: number): void {
    if (!this.#flushIsDue) {
      this.#flushIsDue = true;
      setImmediate(this.#flushDue);
    }
    if (this.at + size <= this.bytes.length) return;
    if (this.at > 0) {
      this.flush();
      this.#chunkBytes = Math.min(LARGEST_CHUNK_BYTES, this.#chunkBytes * 2);
    }
    if (size > this.bytes.length) this.bytes = this.#takeChunk(size);
  }

  /** Hands over what was gathered; without it, that happens when the program is idle again. */
  flush(): void {
    if (this.at === 0) return;
    const chunk = this.bytes;
    const size = this.at;
    this.bytes = this.#takeChunk(0);
    this.at = 0;
    if (this.#socket.destroyed) return;
    this.#unsentBytes += size;
    if (this.#heldBack === undefined) this.#write(chunk, size);
    else this.#heldBack.push({ chunk, size });
  }

  /** Keeps back what is flushed from now on, and hands over what was gathered. */
  hold(): void {
    this.flush();
    this.#heldBack ??= [];
  }

  /** Ends `hold`. */
  release(): void {
    const heldBack = this.#heldBack ?? [];
    this.#heldBack = undefined;
    for (const { chunk, size } of heldBack) this.#write(chunk, size);
  }

  #write(chunk: Uint8Array, size: number): void {
    this.#socket.write(chunk.subarray(0, size), () => this.#onWritten(chunk, size));
  }

  readonly #flushDue = (): void => {
    this.#flushIsDue = false;
    this.flush();
  };

  #takeChunk(size: number): Uint8Array {
    const free = this.#free.pop();
    if (free !== undefined && free.length >= Math.max(size, 1)) return free;
    return size === 0 ? new Uint8Array(0) : new Uint8Array(Math.max(size, this.#chunkBytes));
  }

  #onWritten(chunk: Uint8Array, size: number): void {
    const wasFull = this.isFull;
    this.#unsentBytes -= size;
    if (chunk.length >= this.#chunkBytes && this.#free.length < KEPT_CHUNKS) this.#free.push(chunk);
    if (wasFull && !this.isFull) this.#onDrain();
  }
}
