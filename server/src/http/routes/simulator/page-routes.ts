import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';

/** The same distance from `server/src` and from `server/dist`. */
const STATIC_FOLDER = new URL('../../../../static/', import.meta.url);

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const FILES = [
  { path: '/simulator', file: 'simulator.html', type: 'text/html; charset=utf-8' },
  { path: '/simulator/page.css', file: 'simulator.css', type: 'text/css; charset=utf-8' },
  { path: '/simulator/page.js', file: 'simulator.js', type: 'text/javascript; charset=utf-8' },
];

/** The page on which people watch and answer the handsets; its files are read once. */
export function addPageRoutes(app: FastifyInstance): void {
  for (const { path, file, type } of FILES) {
    const content = readFileSync(new URL(file, STATIC_FOLDER));
    app.get(path, (_request, reply) => {
      void reply
        .header('Content-Type', type)
        .header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
        .header('X-Content-Type-Options', 'nosniff')
        .header('Referrer-Policy', 'no-referrer')
        .send(content);
    });
  }
}
