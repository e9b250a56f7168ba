import type { FastifyInstance } from 'fastify';
import { JSON_CONTENT_TYPE, METRICS_CONTENT_TYPE } from './content-types.ts';
import type { HttpDeps } from './http-deps.ts';

/** `/healthz` while the process answers, `/readyz` when it can do its work, `/metrics` for Prometheus. No key. */
export function addHealthRoutes(app: FastifyInstance, deps: Pick<HttpDeps, 'isReady' | 'metricsText'>): void {
  const schema = { hide: true };
  app.get('/healthz', { schema }, async (_request, reply) => {
    return reply.header('Content-Type', JSON_CONTENT_TYPE).send('{"status":"ok"}');
  });
  app.get('/readyz', { schema }, async (_request, reply) => {
    const { ready, reasons } = deps.isReady();
    const status = ready ? 200 : 503;
    return reply.code(status).header('Content-Type', JSON_CONTENT_TYPE).send(JSON.stringify({ ready, reasons }));
  });
  app.get('/metrics', { schema }, async (_request, reply) => {
    return reply.header('Content-Type', METRICS_CONTENT_TYPE).send(await deps.metricsText());
  });
}
