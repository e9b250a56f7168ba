import type { FastifyReply, FastifyRequest } from 'fastify';

const MAX_AGE_SECONDS = 600;

/** Answers browsers of the allowed origins (Fetch standard, CORS protocol). Without origins no header is ever set. */
export function createCors(origins: readonly string[]): (request: FastifyRequest, reply: FastifyReply) => void {
  if (origins.length === 0) return () => {};
  const allowed = new Set(origins);
  return (request, reply) => {
    const { origin } = request.headers;
    void reply.header('Vary', 'Origin');
    if (origin === undefined || !allowed.has(origin)) return;
    void reply.headers({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': 'X-Request-Id, Idempotent-Replayed, Retry-After',
    });
    if (request.method !== 'OPTIONS') return;
    void reply.headers({
      'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'Access-Control-Allow-Headers': 'Content-Type, X-Api-Key, Idempotency-Key, X-Request-Id',
      'Access-Control-Max-Age': MAX_AGE_SECONDS,
    });
  };
}
