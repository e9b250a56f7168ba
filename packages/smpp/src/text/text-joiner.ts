import type { PartPlace } from './user-data-header.ts';

/** What stands for parts that never came. */
const GAP = '[...]';
const DEFAULT_TTL_MS = 72 * 3_600_000;
const DEFAULT_MAX_MESSAGES = 10_000;

export interface JoinedText {
  /** As `add` got it. */
  readonly key: string;
  readonly text: string;
  /** False: parts are missing, and each gap is marked `[...]`. */
  readonly isComplete: boolean;
}

export interface JoinerOptions {
  /** Incomplete messages that are given out with gaps: their time was up, or there was no room for more. */
  readonly onIncomplete: (joined: JoinedText) => void;
  /** How long parts are waited for, milliseconds. Default 72 h. */
  readonly ttlMs?: number;
  /** Messages that may wait; then the oldest is given out. Default 10,000 (of at most 255 parts each). */
  readonly maxMessages?: number;
}

interface Waiting {
  readonly key: string;
  readonly texts: (string | undefined)[];
  missing: number;
  readonly sinceMs: number;
}

/**
 * Joins the parts of long messages, in whatever order they come; a part that comes twice counts once. Holds them in memory
 * only. Times are given by the caller, so that it can tell the time of its own clock.
 */
export class TextJoiner {
  readonly #options: JoinerOptions;
  /** In the order in which they began. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: JoinerOptions) {
    this.#options = options;
  }

  /** Messages that wait for parts. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * @param key sender, recipient and the kind of place: parts of one message share it
   * @returns the message when this was its last part
   */
  add(key: string, place: PartPlace, text: string, nowMs: number): JoinedText | undefined {
    const id = `${key}\0${place.reference}\0${place.total}`;
    const waiting = this.#waiting.get(id) ?? this.#begin(id, key, place.total, nowMs);
    if (waiting.texts[place.number - 1] !== undefined) return undefined;
    waiting.texts[place.number - 1] = text;
    if (--waiting.missing > 0) return undefined;
    this.#waiting.delete(id);
    return { key, text: waiting.texts.join(''), isComplete: true };
  }

  /** Gives out what has waited too long. */
  expire(nowMs: number): void {
    const { ttlMs = DEFAULT_TTL_MS } = this.#options;
    for (const [id, waiting] of this.#waiting) {
      if (nowMs - waiting.sinceMs < ttlMs) return;
      this.#giveOut(id, waiting);
    }
  }

  #begin(id: string, key: string, total: number, nowMs: number): Waiting {
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#waiting.size >= (this.#options.maxMessages ?? DEFAULT_MAX_MESSAGES)) {
      this.#giveOut(...oldest);
    }
    const texts = Array.from({ length: total }, () => undefined);
    const waiting: Waiting = { key, texts, missing: total, sinceMs: nowMs };
    this.#waiting.set(id, waiting);
    return waiting;
  }

  #giveOut(id: string, { key, texts }: Waiting): void {
    this.#waiting.delete(id);
    const pieces = texts.filter((text, index) => text !== undefined || texts[index - 1] !== undefined || index === 0);
    this.#options.onIncomplete({ key, text: pieces.map((text) => text ?? GAP).join(''), isComplete: false });
  }
}
