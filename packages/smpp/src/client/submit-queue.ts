import type { OutgoingMessage, PartOutcome, SettleMessage } from './client-options.ts';

/** A message on its way: which parts were sent and what became of them. */
export class Submission {
  readonly message: OutgoingMessage;
  /** Index of the part that is sent next. */
  nextPart = 0;
  /** By part; what is missing is open. */
  readonly #outcomes: (PartOutcome | undefined)[] = [];
  #open: number;
  readonly #index: number;
  readonly #batch: SubmitBatch;

  constructor(batch: SubmitBatch, index: number, message: OutgoingMessage) {
    this.#batch = batch;
    this.#index = index;
    this.message = message;
    this.#open = message.parts.length;
  }

  get isSent(): boolean {
    return this.nextPart >= this.message.parts.length;
  }

  isSettled(part: number): boolean {
    return this.#outcomes[part] !== undefined;
  }

  /** For a message without parts. */
  settleEmpty(): void {
    this.#batch.settle(this.#index, []);
  }

  settlePart(part: number, outcome: PartOutcome): void {
    if (this.#outcomes[part] !== undefined) return;
    this.#outcomes[part] = outcome;
    if (--this.#open === 0) this.#batch.settle(this.#index, this.#outcomes as PartOutcome[]);
  }

  /** Parts that were not sent yet never will be. */
  abandon(outcome: PartOutcome): void {
    const { length } = this.message.parts;
    while (this.nextPart < length) this.settlePart(this.nextPart++, outcome);
  }
}

/** Messages that were handed over together; the ones not started cost no memory of their own. */
export class SubmitBatch {
  readonly messages: readonly OutgoingMessage[];
  #next = 0;
  #open: number;
  readonly #settle: SettleMessage;
  readonly #onDone: () => void;

  constructor(messages: readonly OutgoingMessage[], settle: SettleMessage, onDone: () => void) {
    this.messages = messages;
    this.#open = messages.length;
    this.#settle = settle;
    this.#onDone = onDone;
  }

  get hasMore(): boolean {
    return this.#next < this.messages.length;
  }

  /** Messages that were not started. */
  get remaining(): number {
    return this.messages.length - this.#next;
  }

  next(): Submission {
    const index = this.#next++;
    return new Submission(this, index, this.messages[index] as OutgoingMessage);
  }

  /** Settles what was not started. */
  stop(outcome: PartOutcome): void {
    while (this.hasMore) {
      const submission = this.next();
      if (submission.isSent) submission.settleEmpty();
      else submission.abandon(outcome);
    }
  }

  settle(index: number, outcomes: readonly PartOutcome[]): void {
    try {
      this.#settle(index, outcomes);
    } finally {
      if (--this.#open === 0) this.#onDone();
    }
  }
}
