import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../accounts/index.ts';
import type { Row } from '../lib/fields.ts';
import { Answer, type ApiRoute, type Call, type CsvAnswer, type Query, type Upload } from './api-route.ts';
import { allowFile } from './arrival-limit.ts';
import { checkCaller } from './check-caller.ts';
import { CSV_CONTENT_TYPE } from './content-types.ts';
import type { HttpDeps } from './http-deps.ts';
import {
  type IdempotencyScope,
  type IdempotentAnswer,
  type IdempotentRequest,
  readIdempotencyKey,
  runOnce,
  runRepeatable,
  runUpload,
  type Work,
} from './idempotency.ts';
import { checkBodyHeaders, checkCsvHeaders, parseJsonObject, readBody } from './read-body.ts';
import { AppError } from '../lib/errors.ts';
import { withTransaction } from '../store/transaction.ts';
import { readFile } from './read-file.ts';
import { decodedPathOf } from './request-url.ts';
import { toRouteSchema } from './route-schema.ts';

export interface Answerer {
  readonly deps: Pick<HttpDeps, 'directory' | 'pool' | 'clock' | 'cover'>;
  readonly sendJson: (reply: FastifyReply, status: number, json: string) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on routes of the API once key and account are checked. */
    caller?: Caller;
  }
}

const NO_BYTES = Buffer.alloc(0);
const NO_BODY: Row = Object.freeze({});

/** Serves one endpoint of the API: the checks that all share, in the contract's order, then the verb. */
export function addApiRoute(app: FastifyInstance, route: ApiRoute, { deps, sendJson }: Answerer): void {
  app.route({
    method: route.method,
    url: route.path,
    schema: toRouteSchema(route),
    // Before Fastify looks at the headers of the body.
    onRequest: (request, _reply, done) => {
      request.caller = checkCaller(deps.directory, route, request.raw);
      if (route.body === 'csv') checkCsvHeaders(request.raw);
      else if (route.body !== 'none') checkBodyHeaders(request.raw);
      done();
    },
    handler: async (request, reply) => {
      if (route.body === 'csv') return await answerUpload(request, reply);
      const bodyBytes = readsJson(route) ? await readBody(request.raw) : NO_BYTES;
      const call = toCall(route, request, bodyBytes);
      if (route.answersCsv === true) return await sendCsv(reply, route, call);
      const key = route.method === 'POST' ? readIdempotencyKey(request.headers['idempotency-key']) : undefined;
      if (key === undefined) sendWork(reply, await work(route, call));
      else await answerIdempotent(request, reply, { call, key });
      return reply;
    },
  });

  function sendWork(reply: FastifyReply, { status, json }: Work): void {
    sendJson(reply, status, json);
  }

  async function answerIdempotent(
    request: FastifyRequest,
    reply: FastifyReply,
    { call, key }: { call: Call; key: string },
  ): Promise<void> {
    sendAnswer(reply, await runIdempotent(deps, route, call, toIdempotentRequest(request, call, key)));
  }

  async function answerUpload(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const key = readIdempotencyKey(request.headers['idempotency-key']);
    allowFile(request.raw);
    const file = readFile(request.raw);
    const call = toCall(route, request, NO_BYTES);
    const run = (commit: Upload['commit']) => work(route, { ...call, upload: { bytes: file.bytes, commit } });
    const { pool, clock } = deps;
    if (key === undefined) sendWork(reply, await run((step) => withTransaction(pool, step)));
    else {
      const scope = toScope(request, call, key);
      sendAnswer(
        reply,
        await runUpload({ pool, clock }, { scope, query: call.query, file, status: route.status }, run),
      );
    }
    return reply;
  }

  function sendAnswer(reply: FastifyReply, answer: IdempotentAnswer): void {
    if (answer.replayed) void reply.header('Idempotent-Replayed', 'true');
    sendJson(reply, answer.status, answer.json);
  }
}

function runIdempotent(
  { cover, ...others }: Answerer['deps'],
  route: ApiRoute,
  call: Call,
  request: IdempotentRequest,
) {
  const deps = { ...others, cover: route.answerIsSecret === true ? cover : undefined };
  return route.effect === 'transaction'
    ? runOnce(deps, request, (transaction) => work(route, { ...call, transaction }))
    : runRepeatable(deps, request, () => work(route, call));
}

function readsJson({ body }: ApiRoute): boolean {
  return body === 'required' || body === 'optional';
}

async function sendCsv(reply: FastifyReply, route: ApiRoute, call: Call): Promise<FastifyReply> {
  const { text } = (await route.handle(call)) as CsvAnswer;
  return reply.code(route.status).header('Content-Type', CSV_CONTENT_TYPE).send(Readable.from(text));
}

async function work(route: ApiRoute, call: Call): Promise<Work> {
  const answer = await route.handle(call);
  const { status, body } = answer instanceof Answer ? answer : { status: route.status, body: answer };
  return { status, json: JSON.stringify(body) };
}

function callerOf(request: FastifyRequest): Caller {
  return request.caller as Caller;
}

function toCall(route: ApiRoute, request: FastifyRequest, bodyBytes: Buffer): Call {
  return {
    caller: callerOf(request),
    body: toBody(route, bodyBytes),
    bodyBytes,
    upload: null,
    params: request.params as Record<string, string>,
    query: request.query as Query,
    transaction: null,
  };
}

function toBody(route: ApiRoute, bytes: Buffer): Row {
  if (bytes.length > 0) return parseJsonObject(bytes);
  if (route.body === 'required') throw new AppError('invalid_json');
  return NO_BODY;
}

function toScope(request: FastifyRequest, { caller }: Call, key: string): IdempotencyScope {
  return { accountId: caller.account.id, method: request.method, path: decodedPathOf(request.url), key };
}

function toIdempotentRequest(request: FastifyRequest, call: Call, key: string): IdempotentRequest {
  return {
    scope: toScope(request, call, key),
    body: call.bodyBytes.length === 0 ? undefined : call.body,
    query: call.query,
  };
}
