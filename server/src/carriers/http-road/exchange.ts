import type { Dispatcher } from 'undici';

export interface RoadRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base address, with a leading slash and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A whole answer, whatever its status. */
export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export type RoadAnswer =
  | Answered
  /** Not one byte of the request was written: it may go again. `stopped`: because we were asked to stop. */
  | { readonly kind: 'not_sent'; readonly code: string; readonly stopped: boolean }
  /** The request may have been written and no whole answer came: nobody knows. */
  | { readonly kind: 'lost'; readonly code: string };

export interface ExchangeLimits {
  /** Until the request is written: look-up, connection, TLS. Default 5,000. */
  readonly connectTimeoutMs: number;
  /** From writing to the last byte of the answer. Default 20,000. */
  readonly answerTimeoutMs: number;
  /** Of the body of an answer; a longer one is lost. Default 1 MiB. */
  readonly maxAnswerBytes: number;
}

/** It might not start any more. */
export const KEPT_BACK = { kind: 'not_sent', code: 'kept_back', stopped: true } as const satisfies RoadAnswer;

class ExchangeError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/**
 * One request and its answer. undici tells with `onRequestStart` that it is about to write to a connection that stands;
 * an error before that is proof that nothing went out, and any error after it proves nothing.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: ExchangeLimits;
  readonly #resolve: (answer: RoadAnswer) => void;
  readonly #mayStart: () => boolean;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #status = 0;
  #headers: Answered['headers'] = {};
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;

  /** @param mayStart asked once more right before the first byte: connecting takes its time */
  constructor(limits: ExchangeLimits, resolve: (answer: RoadAnswer) => void, mayStart: () => boolean = () => true) {
    this.#limits = limits;
    this.#resolve = resolve;
    this.#mayStart = mayStart;
  }

  /** Hands the request to undici. */
  start(dispatcher: Dispatcher, { method, path, headers, body }: RoadRequest): void {
    try {
      dispatcher.dispatch({ method, path, headers: headers as Record<string, string>, body: body ?? null }, this);
    } catch (error) {
      this.#fail(codeOf(error));
    }
    // On a connection that stood, the request is written by now.
    if (this.#controller === undefined && !this.#isOver) this.#limit(this.#limits.connectTimeoutMs, 'connect_timeout');
  }

  /** Ends it without waiting any longer. */
  cut(code: string): void {
    if (this.#isOver) return;
    const controller = this.#controller;
    this.#fail(code);
    controller?.abort(new ExchangeError(code));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up before it had a connection; or written before, to a connection that broke: never a second time.
    if (this.#isOver || this.#controller !== undefined) {
      controller.abort(new ExchangeError('not_repeated'));
      return;
    }
    if (!this.#mayStart()) {
      this.#end(KEPT_BACK);
      controller.abort(new ExchangeError(KEPT_BACK.code));
      return;
    }
    this.#controller = controller;
    this.#limit(this.#limits.answerTimeoutMs, 'timeout');
  }

  onResponseStart(_controller: unknown, status: number, headers: Answered['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#limits.maxAnswerBytes) this.cut('answer_too_long');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#end({ kind: 'answered', status: this.#status, headers: this.#headers, text: bytes.toString('utf8') });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(codeOf(error));
  }

  #limit(ms: number, code: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(code), ms);
  }

  #fail(code: string): void {
    if (this.#controller !== undefined) this.#end({ kind: 'lost', code });
    else this.#end({ kind: 'not_sent', code, stopped: code === 'stopped' });
  }

  #end(answer: RoadAnswer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#resolve(answer);
  }
}

function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : String(name);
}
