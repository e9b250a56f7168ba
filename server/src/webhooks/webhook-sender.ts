import { Agent, type Dispatcher } from 'undici';
import { SECOND_MS } from '../lib/clock.ts';
import { createHostResolver, type ResolveHost } from '../lib/resolve-host.ts';
import { createAddressRules } from './address-rules.ts';
import { toErrorWord } from './error-words.ts';
import { createGuardedConnector } from './guarded-connect.ts';

/** What came of one try. */
export interface TryResult {
  /** null: there was no answer. */
  readonly statusCode: number | null;
  readonly durationMs: number;
  /** Why there was none, in a word; or that the answer was a redirect. */
  readonly error: string | null;
  /** The beginning of the answer's text. */
  readonly excerpt: string | null;
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined;
}

/** Makes the requests of webhooks. */
export interface WebhookSender {
  /** One POST: no redirect is followed, and nothing is repeated once an answer began. Never rejects. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<TryResult>;
  /** Breaks off what is under way. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface WebhookSenderOptions {
  /** Networks that may be reached although they are private. */
  readonly allowedCidrs: readonly string[];
  readonly resolve?: ResolveHost;
  /** Certificates in PEM to trust instead of those that Node does (`NODE_EXTRA_CA_CERTS` adds to those). */
  readonly ca?: string;
  /** Until the connection stands. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** From the beginning to the status of the answer and its text. Default 15,000. */
  readonly timeoutMs?: number;
}

const KEEP_ALIVE_MS = 4_000;
/** Of an answer; the rest is not read. */
const EXCERPT_BYTES = 1_024;

export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { connectTimeoutMs = 5 * SECOND_MS, timeoutMs = 15 * SECOND_MS, resolve = createHostResolver() } = options;
  const rules = createAddressRules(options.allowedCidrs);
  const agent = new Agent({
    connect: createGuardedConnector({ rules, resolve, timeoutMs: connectTimeoutMs, ca: options.ca }),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A try has one time limit of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  function tryOnce(url: string, headers: Readonly<Record<string, string>>, body: string, leftMs: number) {
    return new Promise<Answer>((resolve) => new Try(resolve, leftMs).start(agent, url, headers, body));
  }

  return {
    async post(url, headers, body) {
      const startedMs = performance.now();
      let answer = await tryOnce(url, headers, body, timeoutMs);
      const passedMs = performance.now() - startedMs;
      // A connection that was kept open and closed by the receiver at this moment says nothing about the receiver.
      if (answer.wasCut && passedMs < SECOND_MS) answer = await tryOnce(url, headers, body, timeoutMs - passedMs);
      const { wasCut: _wasCut, ...result } = answer;
      return { ...result, durationMs: Math.round(performance.now() - startedMs) };
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

interface Answer extends Omit<TryResult, 'durationMs'> {
  /** The connection broke before an answer began. */
  readonly wasCut: boolean;
}

/** One request and its answer, at the lowest level that undici has. */
class Try implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  #statusCode: number | null = null;
  #retryAfter: string | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(resolve: (answer: Answer) => void, timeoutMs: number) {
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#cut('timeout'), timeoutMs);
  }

  start(agent: Agent, url: string, headers: Readonly<Record<string, string>>, body: string): void {
    try {
      const { origin, pathname, search } = new URL(url);
      agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body }, this);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) controller.abort(new Error('given up before it had a connection'));
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: unknown,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return;
    this.#statusCode = statusCode;
    const retryAfter = headers['retry-after'];
    if (typeof retryAfter === 'string') this.#retryAfter = retryAfter;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#bytes < EXCERPT_BYTES) this.#chunks.push(chunk.subarray(0, EXCERPT_BYTES - this.#bytes));
    this.#bytes += chunk.length;
    if (this.#bytes > EXCERPT_BYTES) this.#cut(null);
  }

  onResponseEnd(): void {
    this.#end(null);
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(error);
  }

  #fail(error: Error): void {
    const word = toErrorWord(error);
    // The status is the answer, whatever became of its text.
    this.#end(this.#statusCode === null ? word : null, word === 'connection_closed');
  }

  /** Ends it without waiting any longer. */
  #cut(error: string | null): void {
    if (this.#isOver) return;
    this.#end(this.#statusCode === null ? error : null);
    this.#controller?.abort(new Error('enough was read'));
  }

  #end(error: string | null, wasCut = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    const statusCode = this.#statusCode;
    const isRedirect = statusCode !== null && statusCode >= 300 && statusCode < 400;
    this.#resolve({
      statusCode,
      error: isRedirect ? 'redirect_not_followed' : error,
      excerpt: this.#excerpt(),
      retryAfter: this.#retryAfter,
      wasCut: wasCut && statusCode === null,
    });
  }

  /** U+0000 has no room in the database. */
  #excerpt(): string | null {
    if (this.#chunks.length === 0) return null;
    return Buffer.concat(this.#chunks).toString('utf8').replaceAll('\u0000', '\uFFFD');
  }
}
