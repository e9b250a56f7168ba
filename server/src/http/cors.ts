import type { IncomingMessage } from 'node:http';

const MAX_AGE_SECONDS = 600;

export type Headers = Readonly<Record<string, string | number>>;

/** The headers that an answer has because of where its request comes from. */
export type CorsHeaders = (request: Pick<IncomingMessage, 'headers' | 'method'>) => Headers;

const NONE: Headers = Object.freeze({});

/** Answers browsers of the allowed origins (Fetch standard, CORS protocol). Without origins no header is ever set. */
export function createCors(origins: readonly string[]): CorsHeaders {
  if (origins.length === 0) return () => NONE;
  const allowed = new Set(origins);
  return ({ headers: { origin }, method }) => {
    if (origin === undefined || !allowed.has(origin)) return { Vary: 'Origin' };
    const headers = {
      Vary: 'Origin',
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': 'X-Request-Id, Idempotent-Replayed, Retry-After',
    };
    if (method !== 'OPTIONS') return headers;
    return {
      ...headers,
      'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'Access-Control-Allow-Headers': 'Content-Type, X-Api-Key, Idempotency-Key, X-Request-Id',
      'Access-Control-Max-Age': MAX_AGE_SECONDS,
    };
  };
}
