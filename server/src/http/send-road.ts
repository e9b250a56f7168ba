import type { IncomingMessage, RequestListener } from 'node:http';
import type { Caller } from '../accounts/index.ts';
import { answerJson } from './answer-json.ts';
import type { ApiRoute, BytesCall } from './api-route.ts';
import { checkCaller } from './check-caller.ts';
import type { CorsHeaders } from './cors.ts';
import type { HttpDeps } from './http-deps.ts';
import { checkBodyHeaders, giveBody, readBody } from './read-body.ts';
import { toRequestId } from './request-id.ts';

/** A route whose plain good requests can be answered from their bytes. */
type BytesRoute = ApiRoute & { readonly handleBytes: (call: BytesCall) => Promise<string | undefined> };

type Response = Parameters<RequestListener>[1];

export interface SendRoad {
  /** Answers the request, at once or later, or hands it to `next` as if it had never been here. */
  serve(request: IncomingMessage, response: Response, next: RequestListener): void;
  /** From now on everything is handed on. */
  close(): void;
}

/**
 * The road of plain good sends, in front of the router: it answers a request only with the success of its route. What
 * it does not know by path and headers it hands on untouched; what turns out to be anything but plain and good is handed
 * on with the body that was read, or with the error that came of it. So every refusal has one place that makes it.
 */
export function createSendRoad(
  deps: Pick<HttpDeps, 'directory'>,
  { routes, cors }: { routes: readonly ApiRoute[]; cors: CorsHeaders },
): SendRoad {
  const byPath = new Map(routes.filter(isBytesRoute).map((route) => [route.path, route]));

  function findCaller(route: BytesRoute, request: IncomingMessage): Caller | undefined {
    try {
      const caller = checkCaller(deps.directory, route, request);
      checkBodyHeaders(request);
      return caller;
    } catch {
      // The router meets the same error and answers it.
      return undefined;
    }
  }

  async function answer(
    route: BytesRoute,
    caller: Caller,
    { request, response, next }: { request: IncomingMessage; response: Response; next: RequestListener },
  ): Promise<void> {
    const body = readBody(request);
    let json: string | undefined;
    try {
      json = await route.handleBytes({ caller, bodyBytes: await body });
    } catch (error) {
      giveBody(request, Promise.reject(error));
      return next(request, response);
    }
    if (json === undefined) {
      giveBody(request, body);
      return next(request, response);
    }
    answerJson(response, route.status, json, { id: toRequestId(request), headers: cors(request) });
  }

  return {
    serve(request, response, next) {
      const route = byPath.get(request.url ?? '');
      const isKnown = route !== undefined && route.method === request.method;
      if (!isKnown || request.headers['idempotency-key'] !== undefined) return next(request, response);
      const caller = findCaller(route, request);
      if (caller === undefined) return next(request, response);
      void answer(route, caller, { request, response, next });
    },
    close: () => byPath.clear(),
  };
}

function isBytesRoute(route: ApiRoute): route is BytesRoute {
  return route.handleBytes !== undefined;
}
