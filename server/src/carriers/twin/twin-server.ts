import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Credentials } from '../../lib/credentials.ts';
import { createTwinBooks, type OpenTwinBooks, type TwinBooks } from './twin-books.ts';
import { createTwinCaller, wait, type TwinCaller } from './twin-caller.ts';
import type { TwinAnswer, TwinDialect, TwinMessage, TwinRequest, TwinResult, TwinSubmit } from './twin-dialect.ts';
import { planFor, type TwinBehaviour, type TwinPlan } from './twin-plan.ts';

export interface TwinOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where inbound texts go, and receipts of submits that name no address. */
  readonly callbackUrl?: string;
  readonly behaviours?: readonly TwinBehaviour[];
  /** Multiplies every delay; 1 is real time. */
  readonly timeScale?: number;
}

/** A peer that speaks as a carrier does, with the faults that carriers have. */
export interface Twin {
  readonly url: string;
  /** For the list that sends here. */
  readonly credentials: Credentials;
  readonly books: TwinBooks;
  /** Calls that were answered with a 2xx, and those that were given up. */
  readonly calls: Pick<TwinCaller, 'answered' | 'refused'>;
  /** Where calls go from now on that have no address of their own. */
  setCallbackUrl(url: string): void;
  /** Somebody writes to one of our numbers. Resolves when the call was taken or given up. */
  receive(text: { readonly from: string; readonly to: string; readonly body: string }): Promise<void>;
  /** Resolves when everything that was planned so far has happened. */
  settled(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Context {
  readonly dialect: TwinDialect;
  readonly behaviours: readonly TwinBehaviour[];
  readonly timeScale: number;
  readonly books: OpenTwinBooks;
  readonly caller: TwinCaller;
  readonly stopped: AbortController;
  readonly pending: Set<Promise<void>>;
  callbackUrl: string | null;
  texts: number;
}

/** Starts a twin of the carrier that `dialect` describes. */
export async function startTwinServer(dialect: TwinDialect, options: TwinOptions = {}): Promise<Twin> {
  const { behaviours = [], timeScale = 1, host = '127.0.0.1', port = 0, callbackUrl = null } = options;
  const [caller, stopped] = [createTwinCaller(timeScale), new AbortController()];
  // Every planned receipt waits for its end.
  setMaxListeners(0, stopped.signal);
  const state = { books: createTwinBooks(), pending: new Set<Promise<void>>(), callbackUrl, texts: 0 };
  const context: Context = { dialect, behaviours, timeScale, caller, stopped, ...state };
  const server = createServer((request, response) => {
    answer(context, request, response).catch(() => response.destroy());
  });
  // Longer than clients keep a connection: what is cut, is cut on purpose.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const url = `http://${host}:${portOf(server)}`;
  return {
    url,
    credentials: dialect.toCredentials?.(url) ?? { ...dialect.credentials, base_url: url },
    books: context.books,
    calls: caller,
    setCallbackUrl: (to) => void (context.callbackUrl = to),
    receive: (text) => receive(context, text),
    async settled() {
      while (context.pending.size > 0) await Promise.all(context.pending);
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await caller[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function answer(context: Context, raw: IncomingMessage, response: ServerResponse): Promise<void> {
  const { dialect, behaviours } = context;
  const request = await readRequest(raw);
  if (behaviours.includes('bad-credentials') || !dialect.isAuthorised(request)) {
    return send(response, dialect.answerError('unauthorised'));
  }
  const submits = attempt(() => dialect.readSubmits(request));
  if (submits === 'unreadable') return send(response, dialect.answerError('unreadable'));
  if (submits !== undefined) return await answerSubmits(context, submits, response);
  send(response, dialect.answerOther(request, context.books) ?? NOT_FOUND);
}

const NOT_FOUND: TwinAnswer = { status: 404, contentType: 'text/plain', body: 'Not found' };

async function readRequest(raw: IncomingMessage): Promise<TwinRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of raw) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(raw.url ?? '/', 'http://twin');
  const body = Buffer.concat(chunks).toString('utf8');
  return { method: raw.method ?? '', path: pathname, query: searchParams, headers: raw.headers, body };
}

function attempt<T>(read: () => T): T | 'unreadable' {
  try {
    return read();
  } catch {
    return 'unreadable';
  }
}

interface Planned {
  readonly submit: TwinSubmit;
  readonly plan: TwinPlan;
}

async function answerSubmits(
  context: Context,
  submits: readonly TwinSubmit[],
  response: ServerResponse,
): Promise<void> {
  const { dialect, behaviours, books, timeScale, stopped } = context;
  const planned = submits.map((submit) => ({ submit, plan: planFor(submit.to, behaviours, submit.ownId) }));
  for (let i = 0; i < planned.length; i++) books.noteSubmit();
  const delayMs = Math.max(0, ...planned.map(({ plan }) => plan.answerDelayMs));
  if (delayMs > 0) await wait(delayMs * timeScale, stopped.signal);
  if (isThrottled(context, planned)) return send(response, dialect.answerError('throttled'));
  const whole = planned.find(({ plan }) => isOfRequest(plan));
  const results = planned.map((item) => take(context, item, whole?.plan.taken ?? true));
  const told = plannedSteps(context, planned, results);
  if (planned.some(({ plan }) => plan.reply.kind === 'accepted_after_receipt')) await told;
  reply(response, dialect, whole?.plan.reply.kind, results);
}

/** All of a request are turned away with the one that goes too fast. */
function isThrottled({ books }: Context, planned: readonly Planned[]): boolean {
  const fast = planned.filter(({ submit, plan }) => books.throttled(submit.ownId) < plan.throttledTries);
  for (const { submit } of fast) books.countThrottle(submit.ownId);
  return fast.length > 0;
}

function isOfRequest({ reply: { kind } }: TwinPlan): boolean {
  return kind === 'no_answer' || kind === 'cut_answer' || kind === 'server_error';
}

function take({ books, dialect }: Context, { submit, plan }: Planned, isRequestTaken: boolean): TwinResult | undefined {
  if (plan.reply.kind === 'refused') return { kind: 'refused', submit, word: plan.reply.word };
  if (!isRequestTaken) return undefined;
  const message = books.take(submit, Date.now(), dialect.deduplicates);
  if (message === undefined) return { kind: 'refused', submit, word: 'REJECTED_DUPLICATE' };
  return { kind: 'accepted', message };
}

/** Starts what follows from each message. Resolves when those receipts are out that go before the answer. */
async function plannedSteps(
  context: Context,
  planned: readonly Planned[],
  results: readonly (TwinResult | undefined)[],
): Promise<void> {
  const early: Promise<void>[] = [];
  for (const [index, { plan }] of planned.entries()) {
    const result = results[index];
    if (result?.kind !== 'accepted') continue;
    const isEarly = plan.reply.kind === 'accepted_after_receipt';
    const running = track(context, follow(context, result.message, plan, isEarly));
    if (isEarly) early.push(running);
  }
  await Promise.all(early);
}

async function follow(context: Context, message: TwinMessage, plan: TwinPlan, isEarly: boolean): Promise<void> {
  const { timeScale, stopped } = context;
  const startMs = performance.now();
  for (const step of plan.steps) {
    const dueMs = isEarly ? 0 : step.delayMs * timeScale - (performance.now() - startMs);
    if (dueMs > 0) await wait(dueMs, stopped.signal);
    if (stopped.signal.aborted) return;
    const status = { state: step.state, word: step.word, atMs: Date.now() };
    if (message.status.state === 'sent') message.status = status;
    for (let copy = 0; copy < step.copies; copy++) await tell(context, message, status);
  }
  if (plan.answerText !== null) await receive(context, { from: message.to, to: message.from, body: plan.answerText });
}

async function tell(
  { dialect, caller, callbackUrl }: Context,
  message: TwinMessage,
  status: TwinMessage['status'],
): Promise<void> {
  const url = message.callbackUrl ?? callbackUrl;
  if (url !== null) await caller.call(dialect.toStatusCall(message, status, url));
}

async function receive(context: Context, text: { from: string; to: string; body: string }): Promise<void> {
  const { dialect, caller, callbackUrl } = context;
  if (callbackUrl === null) return;
  const id = `text-${Date.now().toString(36)}-${++context.texts}`;
  await track(context, caller.call(dialect.toInboundCall({ ...text, id, atMs: Date.now() }, callbackUrl)));
}

function track({ pending }: Context, running: Promise<void>): Promise<void> {
  pending.add(running);
  return running.finally(() => pending.delete(running));
}

function reply(
  response: ServerResponse,
  dialect: TwinDialect,
  kind: TwinPlan['reply']['kind'] | undefined,
  results: readonly (TwinResult | undefined)[],
): void {
  if (kind === 'no_answer') return;
  if (kind === 'server_error') return send(response, dialect.answerError('server_error'));
  const told = dialect.answerSubmits(results.filter((result) => result !== undefined));
  if (kind !== 'cut_answer') return send(response, told);
  response.writeHead(told.status, { 'content-type': told.contentType, 'content-length': Buffer.byteLength(told.body) });
  response.write(told.body.slice(0, told.body.length >> 1), () => response.destroy());
}

function send(response: ServerResponse, { status, contentType, body }: TwinAnswer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
