import type { CallOptions } from './call-options.ts';
import { OPERATIONS, type Operations } from './generated/types.ts';
import { delayBefore, isRetryable, parseRetryAfter, wait } from './retry.ts';
import { toTracklyError } from './trackly-error.ts';

const DEFAULT_RETRIES = 4;
const DEFAULT_TIMEOUT_MS = 30_000;

export interface ClientOptions {
  /** Such as `https://sms.example.com`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** Tries after the first one, default 4. 0: none. */
  readonly retries?: number;
  /** For one try, default 30,000. */
  readonly timeoutMs?: number;
}

/** The API as methods, one an operation. */
export type TracklyClient = Operations;

/**
 * Makes a client of one installation and key.
 *
 * Calls are retried with exponential back-off and jitter, honouring `Retry-After`, after a broken connection, a time limit,
 * a 5xx, a 429, and a 409 `idempotency_in_progress`. A send is retried only under an `Idempotency-Key`, which makes the
 * repeat give the first answer instead of sending again; the client makes one for each send that has none.
 *
 * @example
 * const trackly = createTracklyClient({ baseUrl: 'http://127.0.0.1:8080', apiKey: 'trk_...' });
 * const { message_id } = await trackly.sendMessage({ to: '+13125550142', list_number: '+18005551000', body: 'Hello!' });
 * const message = await trackly.getMessage(message_id);
 *
 * @throws (each method) TracklyError for an answer that is no success; the error of `fetch` when there is no answer
 */
export function createTracklyClient(options: ClientOptions): TracklyClient {
  const methods = Object.entries(OPERATIONS).map(([name, operation]) => [
    name,
    (...given: unknown[]) => call(options, toRequest(options, operation, given)),
  ]);
  return Object.fromEntries(methods) as TracklyClient;
}

type Operation = (typeof OPERATIONS)[keyof typeof OPERATIONS];

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly retryable: boolean;
  readonly options: CallOptions;
}

/** `given`: path parameters, then the body or the query, then options; as the generated signatures say. */
function toRequest(client: ClientOptions, operation: Operation, given: readonly unknown[]): Request {
  const rest = [...given];
  const path = operation.params.reduce<string>(
    (url, name) => url.replace(`{${name}}`, encodeURIComponent(String(rest.shift()))),
    operation.path,
  );
  const input = operation.input === 'none' ? undefined : rest.shift();
  const options = (rest.shift() ?? {}) as CallOptions;
  const body = operation.input === 'body' && input !== undefined ? JSON.stringify(input) : undefined;
  const key = chooseKey(operation, options);
  return {
    method: operation.method,
    url: client.baseUrl.replace(/\/+$/, '') + path + (operation.input === 'query' ? toQuery(input) : ''),
    headers: {
      'X-Api-Key': client.apiKey,
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key === null ? {} : { 'Idempotency-Key': key }),
    },
    body,
    retryable: !operation.sends || key !== null,
    options,
  };
}

function chooseKey({ sends }: Operation, { idempotencyKey }: CallOptions): string | null {
  if (idempotencyKey !== undefined) return idempotencyKey;
  return sends ? globalThis.crypto.randomUUID() : null;
}

function toQuery(query: unknown): string {
  const pairs = Object.entries((query ?? {}) as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

async function call(client: ClientOptions, request: Request): Promise<unknown> {
  const retries = request.retryable ? (client.retries ?? DEFAULT_RETRIES) : 0;
  for (let retry = 1; ; retry++) {
    const outcome = await tryOnce(client, request);
    if ('value' in outcome) return outcome.value;
    request.options.signal?.throwIfAborted();
    if (retry > retries || !isRetryable(outcome.error)) throw outcome.error;
    await wait(delayBefore(retry, outcome.retryAfterMs, Math.random), request.options.signal);
  }
}

type Outcome = { readonly value: unknown } | { readonly error: unknown; readonly retryAfterMs: number | null };

async function tryOnce(client: ClientOptions, { method, url, headers, body, options }: Request): Promise<Outcome> {
  const limit = AbortSignal.timeout(options.timeoutMs ?? client.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
  try {
    const send = client.fetch ?? globalThis.fetch;
    const response = await send(url, { method, headers, signal, ...(body === undefined ? {} : { body }) });
    if (response.ok) return { value: await response.json() };
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), Date.now());
    return { error: await toTracklyError(response), retryAfterMs };
  } catch (error) {
    return { error, retryAfterMs: null };
  }
}
