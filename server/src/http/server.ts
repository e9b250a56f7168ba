import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addApiRoute, type Answerer } from './add-api-route.ts';
import { limitArrivals } from './arrival-limit.ts';
import { addCallbackRoutes } from './add-callback-routes.ts';
import { addDocs } from './add-docs.ts';
import { addOptInPages } from './add-opt-in-pages.ts';
import { addHealthRoutes } from './add-health-routes.ts';
import { type ErrorAnswer, isPhonePath, toErrorAnswer, toPhoneBody } from './answer-error.ts';
import { apiRoutes } from './api-routes.ts';
import { answerClientError } from './client-error.ts';
import { JSON_CONTENT_TYPE } from './content-types.ts';
import { createCors } from './cors.ts';
import type { HttpDeps } from './http-deps.ts';
import { KnownPaths } from './known-paths.ts';
import { mayPipeline } from './pipelining.ts';
import { toRequestId } from './request-id.ts';
import { decodedPathOf, parseQuery, pathOf } from './request-url.ts';
import { createSendRoad, type SendRoad } from './send-road.ts';
import { AppError } from '../lib/errors.ts';
import { isV1Path, v1Headers } from './v1-headers.ts';

/** The headers of a request must have arrived by then, and from there on the rest, unless it is a file. */
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 120_000;
/** How often connections are looked through for those that are over their time. */
const CHECK_MS = 1_000;
/** For so long may a connection wait for its next request. */
const KEEP_ALIVE_MS = 72_000;
/** Longer than any id of ours; more gives `not_found`. */
const MAX_PARAM_LENGTH = 500;

/**
 * The HTTP server of the API, its reference page and the health checks; does not listen yet. Requests are checked in the
 * order of the contract: route, key, account, product, media type, size, JSON, Idempotency-Key, then the verb.
 */
export function createHttpServer(deps: HttpDeps): FastifyInstance {
  const routes = deps.servesApi === false ? [] : apiRoutes(deps);
  const cors = createCors(deps.config.corsOrigins);
  const road = createSendRoad(deps, { routes, cors });
  const app = fastify({
    logger: false,
    serverFactory: (router) => createNodeServer(deps, { road, router }),
    genReqId: toRequestId,
    requestIdHeader: false,
    // Given none, the option would trust all.
    trustProxy: (deps.config.trustedProxies ?? []).length > 0 && [...(deps.config.trustedProxies ?? [])],
    routerOptions: {
      ignoreTrailingSlash: true,
      caseSensitive: true,
      maxParamLength: MAX_PARAM_LENGTH,
      querystringParser: parseQuery,
    },
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    // Also the road of addresses that cannot be decoded, which passes no hook.
    frameworkErrors: (_error, request, reply) => {
      setCommonHeaders(request, reply);
      sendError(new AppError('not_found'), request, reply);
    },
  });
  const paths = new KnownPaths();

  function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
    void reply.header('X-Request-Id', request.id).header('Cache-Control', 'no-store');
    const path = decodedPathOf(request.url);
    if (isV1Path(path)) void reply.headers(v1Headers(path, deps.config.publicUrl));
    void reply.headers(cors(request.raw));
  }

  function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const answer = toErrorAnswer(error);
    if (answer.report) deps.reportError(error, request.id);
    void reply.headers(answer.headers);
    sendJson(reply, answer.status, JSON.stringify(toBody(answer, decodedPathOf(request.url))));
  }

  function sendJson(reply: FastifyReply, status: number, json: string): void {
    void reply.code(status).header('Content-Type', JSON_CONTENT_TYPE).send(json);
  }

  function answerUnknown(request: FastifyRequest, reply: FastifyReply): void {
    const allow = paths.allow(pathOf(request.url));
    if (allow === undefined) return sendError(new AppError('not_found'), request, reply);
    void reply.header('Allow', allow);
    if (request.method !== 'OPTIONS') return sendError(new AppError('method_not_allowed'), request, reply);
    void reply.code(204).header('Content-Type', JSON_CONTENT_TYPE).send();
  }

  // Fields are judged by our own checks, which the schemas are made of; and nothing may be cut out of an answer.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.removeAllContentTypeParsers();
  // Bodies are read by the handlers, after the checks that come before.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRoute', ({ method, url }) => paths.add(typeof method === 'string' ? [method] : method, url));
  app.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply);
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    if (request.is404) answerUnknown(request, reply);
    else sendError(error, request, reply);
  });
  app.setNotFoundHandler(answerUnknown);
  // The router tells clients that the connection ends.
  app.addHook('preClose', (done) => {
    road.close();
    done();
  });

  const answerer: Answerer = { deps, sendJson };
  addDocs(app, deps);
  app.register(async (scope) => {
    for (const route of routes) addApiRoute(scope, route, answerer);
    if (deps.servesApi !== false) {
      addCallbackRoutes(scope, deps);
      addOptInPages(scope, deps);
    }
    addHealthRoutes(scope, deps);
  });
  if (deps.addRoutes !== undefined) app.register(async (scope) => deps.addRoutes?.(scope));
  return app;
}

function toBody(answer: ErrorAnswer, path: string): object {
  if (isPhonePath(path)) return toPhoneBody(answer);
  return isV1Path(path) ? { ...answer.body, deprecated: true } : answer.body;
}

/** Every request takes its place in the pipeline of its connection, then the road of sends, then the router. */
function createNodeServer(
  { limits }: Pick<HttpDeps, 'limits'>,
  { road, router }: { road: SendRoad; router: RequestListener },
): Server {
  const { headersTimeoutMs = HEADERS_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = limits ?? {};
  const options: ServerOptions = {
    headersTimeout: headersTimeoutMs,
    // By `limitArrivals`, which lets files take their time.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server = createServer(options, (request, response) => {
    noteArrival(request);
    if (mayPipeline(request, response)) road.serve(request, response, router);
  });
  const noteArrival = limitArrivals(server, requestTimeoutMs);
  // A connection on which nothing moves, such as one that does not read its answers.
  server.setTimeout(requestTimeoutMs);
  return server;
}
