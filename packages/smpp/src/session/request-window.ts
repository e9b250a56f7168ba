import { MAX_SEQUENCE } from '../protocol/limits.ts';
import type { Response } from '../protocol/pdu.ts';

/**
 * There is no answer to a request: its time is up, or the session ended; it may have been carried out all the same. Or it
 * did not fit its PDU (`invalid`) and was never sent.
 */
export interface NoAnswer {
  readonly command: 'none';
  readonly reason: 'timed_out' | 'closed' | 'invalid';
}

export const TIMED_OUT: NoAnswer = { command: 'none', reason: 'timed_out' };
export const CLOSED: NoAnswer = { command: 'none', reason: 'closed' };

/**
 * Gets the answer to one request: any answer, also one that says no, or NoAnswer. Called once; after `timed_out` once more
 * should the answer come late.
 */
export type AnswerListener = (answer: Response | NoAnswer) => void;

/** Requests of this session, the link's own among them, that may be open beside the window. */
const EXTRA_ROOM = 16;
/** Requests whose time is up and whose answer is still welcome. */
const MAX_LATE = 10_000;

/**
 * The requests that wait for an answer, in a ring indexed by the sequence number: no look-up, no memory a request. Time is
 * counted in beats of the session.
 */
export class RequestWindow {
  /** Requests that count against the limit. */
  size = 0;
  readonly limit: number;
  readonly #listeners: (AnswerListener | undefined)[];
  readonly #sequences: Int32Array;
  readonly #beats: Int32Array;
  /** 1: counts against the limit. */
  readonly #counted: Uint8Array;
  readonly #mask: number;
  readonly #late = new Map<number, AnswerListener>();
  #next: number;

  /** @param firstSequence of the first request; for tests */
  constructor(limit: number, firstSequence = 1) {
    this.limit = limit;
    const slots = 2 ** Math.ceil(Math.log2(limit * 2 + EXTRA_ROOM));
    this.#mask = slots - 1;
    this.#listeners = Array.from({ length: slots }, () => undefined);
    this.#sequences = new Int32Array(slots);
    this.#beats = new Int32Array(slots);
    this.#counted = new Uint8Array(slots);
    this.#next = firstSequence;
  }

  get hasRoom(): boolean {
    return this.size < this.limit;
  }

  /** The sequence number that the next request has. Numbers whose place is still taken are left out. */
  nextSequence(): number {
    while (this.#listeners[this.#next & this.#mask] !== undefined) this.#advance();
    return this.#next;
  }

  /** Opens a request under `nextSequence()`. */
  add(listener: AnswerListener, beat: number, isCounted: boolean): void {
    const slot = this.#next & this.#mask;
    this.#listeners[slot] = listener;
    this.#sequences[slot] = this.#next;
    this.#beats[slot] = beat;
    this.#counted[slot] = isCounted ? 1 : 0;
    if (isCounted) this.size++;
    this.#advance();
  }

  /** Ends the wait of one request; undefined when nobody waits for this number. */
  take(sequence: number): AnswerListener | undefined {
    const slot = sequence & this.#mask;
    const listener = this.#listeners[slot];
    if (listener !== undefined && this.#sequences[slot] === sequence) {
      this.#release(slot);
      return listener;
    }
    const late = this.#late.get(sequence);
    if (late !== undefined) this.#late.delete(sequence);
    return late;
  }

  /** Tells `timed_out` to requests that were opened at `beat` or before; they give their place back. */
  expire(beat: number): void {
    const expired: AnswerListener[] = [];
    for (let slot = 0; slot <= this.#mask; slot++) {
      const listener = this.#listeners[slot];
      if (listener === undefined || (this.#beats[slot] as number) > beat) continue;
      this.#release(slot);
      this.#keepLate(this.#sequences[slot] as number, listener);
      expired.push(listener);
    }
    for (const listener of expired) listener(TIMED_OUT);
  }

  /** Tells `closed` to every open request. */
  close(): void {
    const open = this.#listeners.filter((listener) => listener !== undefined);
    this.#listeners.fill(undefined);
    this.#late.clear();
    this.size = 0;
    for (const listener of open) listener(CLOSED);
  }

  #release(slot: number): void {
    this.#listeners[slot] = undefined;
    if (this.#counted[slot] === 1) this.size--;
  }

  #keepLate(sequence: number, listener: AnswerListener): void {
    this.#late.set(sequence, listener);
    if (this.#late.size <= MAX_LATE) return;
    const [oldest] = this.#late.keys();
    if (oldest !== undefined) this.#late.delete(oldest);
  }

  #advance(): void {
    this.#next = this.#next === MAX_SEQUENCE ? 1 : this.#next + 1;
  }
}
