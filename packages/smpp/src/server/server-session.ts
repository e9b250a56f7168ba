import type { Socket } from 'node:net';
import type { BindMode } from '../client/client-options.ts';
import { RateLimit } from '../client/rate-limit.ts';
import type { ShortMessageInput } from '../protocol/pdu.ts';
import { PduError } from '../protocol/pdu-error.ts';
import type { SessionOptions, SessionOwner } from '../session/session-options.ts';
import type { AnswerListener } from '../session/request-window.ts';
import { Session } from '../session/session.ts';

interface Delivery {
  readonly message: ShortMessageInput;
  readonly listener: AnswerListener;
}

/** A session as the server sees it. */
export class ServerSession extends Session {
  /** undefined before it is bound. */
  mode: BindMode | undefined;
  readonly rate: RateLimit;
  /** What `deliver` could not send yet, and how much of that was sent since. */
  #queue: Delivery[] = [];
  #taken = 0;

  constructor(socket: Socket, owner: SessionOwner, options: SessionOptions, submitsPerSecond: number) {
    super(socket, owner, options);
    this.rate = new RateLimit(submitsPerSecond, performance.now());
  }

  /** Whether messages may be delivered on it. */
  get receives(): boolean {
    return this.isOpen && (this.mode === 'transceiver' || this.mode === 'receiver');
  }

  /** Deliveries that wait for room in the window; the caller keeps this bounded. */
  get queued(): number {
    return this.#queue.length - this.#taken;
  }

  /** Sends a deliver_sm as soon as the window has room. Told `closed` when the session ends before. */
  deliver(message: ShortMessageInput, listener: AnswerListener): void {
    if (!this.isOpen) {
      listener({ command: 'none', reason: 'closed' });
      return;
    }
    this.#queue.push({ message, listener });
    this.sendQueued();
  }

  sendQueued(): void {
    while (this.hasRoom && this.queued > 0) {
      const { message, listener } = this.#queue[this.#taken++] as Delivery;
      try {
        this.request('deliver_sm', message, listener);
      } catch (error) {
        if (!(error instanceof PduError)) throw error;
        listener({ command: 'none', reason: 'invalid' });
      }
    }
    if (this.#taken === this.#queue.length || this.#taken > 1_000) {
      this.#queue.splice(0, this.#taken);
      this.#taken = 0;
    }
  }

  dropQueued(): void {
    const dropped = this.#queue.splice(this.#taken);
    this.#queue = [];
    this.#taken = 0;
    for (const { listener } of dropped) listener({ command: 'none', reason: 'closed' });
  }
}
