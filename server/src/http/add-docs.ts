import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { describeEvents } from '../webhooks/index.ts';
import { JSON_CONTENT_TYPE } from './content-types.ts';
import type { HttpDeps } from './http-deps.ts';

const DESCRIPTION = `Send text messages and see what becomes of them.

Every call carries the header \`X-Api-Key\`. Errors are flat objects of \`error\` (for people), \`code\` (stable) and sometimes
\`message\`. A POST with an \`Idempotency-Key\` can be repeated safely. Repeat 5xx with exponential back-off; never repeat 4xx
except 409 \`idempotency_in_progress\`.`;

/** `/openapi.json`, made from the schemas of the routes, and `/docs`, which shows it and can try a call. */
export function addDocs(app: FastifyInstance, { config }: Pick<HttpDeps, 'config'>): void {
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Trackly',
        version: '2',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      // Relative, so that the page tries calls on the host that serves it.
      servers: [{ url: '/', description: config.publicUrl }],
      tags: [
        { name: 'Messages', description: 'Send, read, cancel.' },
        { name: 'Lists', description: 'Sending numbers.' },
        { name: 'Webhooks', description: 'Events posted to your own systems.' },
        { name: 'Account', description: 'Key, account and settings.' },
        { name: 'Carrier callbacks', description: 'What carriers call. They need no key.' },
        { name: 'Version 1', description: 'Deprecated; keeps working.' },
      ],
      webhooks: describeEvents(),
      components: { securitySchemes: { apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
    },
  });
  void app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Trackly', css: [{ filename: 'trackly.css', content: '.swagger-ui .topbar { display: none }' }] },
    uiConfig: { docExpansion: 'list', deepLinking: true, persistAuthorization: true, tryItOutEnabled: true },
  });
  app.register(async (scope) => {
    scope.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
      return reply.header('Content-Type', JSON_CONTENT_TYPE).send(JSON.stringify(scope.swagger()));
    });
  });
}
