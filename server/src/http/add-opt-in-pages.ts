import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../lib/errors.ts';
import type { OptInPages, Visitor } from '../opt-ins/index.ts';
import { htmlPage, optInHtml } from './opt-in-html.ts';
import { readBody } from './read-body.ts';

/** Of a form that was sent. */
const MAX_FORM_BYTES = 4_096;

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Hosted opt-in pages and subscribe links: no key, for everybody. */
export function addOptInPages(app: FastifyInstance, pages: OptInPages): void {
  const hidden = { schema: { hide: true } } as const;

  app.get('/optin/page/:token', hidden, async (request, reply) => {
    const page = await pages.page(paramOf(request, 'token'), toVisitor(request));
    return page === null ? sendGone(reply) : sendHtml(reply, 200, optInHtml(page, null));
  });

  app.post('/optin/page/:token', hidden, async (request, reply) => {
    const form = await readForm(request);
    const token = paramOf(request, 'token');
    const visitor = toVisitor(request);
    const page = await pages.page(token, visitor);
    if (page === null) return sendGone(reply);
    if (form.get('consent') !== 'yes') return sendHtml(reply, 400, optInHtml(page, null));
    const result = await pages.submit(token, { phone: form.get('phone') ?? '' }, visitor);
    if (result === null) return sendGone(reply);
    return sendHtml(reply, result === 'invalid_phone' ? 400 : 200, optInHtml(page, result));
  });

  app.get('/s/:slug', hidden, async (request, reply) => {
    const target = await pages.follow(paramOf(request, 'slug'), toVisitor(request));
    return target === null ? sendGone(reply) : reply.redirect(target, 302);
  });

  app.get('/s/:slug/qr.svg', hidden, async (request, reply) => {
    const svg = pages.qrCode(paramOf(request, 'slug'));
    if (svg === null) return sendGone(reply);
    return setHeaders(reply).header('Content-Type', 'image/svg+xml; charset=utf-8').send(svg);
  });
}

function paramOf(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}

function toVisitor(request: FastifyRequest): Visitor {
  return { ipAddress: request.ip, userAgent: request.headers['user-agent'] ?? null };
}

async function readForm(request: FastifyRequest): Promise<URLSearchParams> {
  const [type] = (request.headers['content-type'] ?? '').split(';');
  if (type?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') throw new AppError('unsupported_media_type');
  return new URLSearchParams((await readBody(request.raw, undefined, MAX_FORM_BYTES)).toString('utf8'));
}

function sendGone(reply: FastifyReply): FastifyReply {
  return sendHtml(reply, 404, htmlPage('Not found', '<h1>There is no such page</h1>'));
}

function sendHtml(reply: FastifyReply, status: number, html: string): FastifyReply {
  return setHeaders(reply).code(status).header('Content-Type', 'text/html; charset=utf-8').send(html);
}

function setHeaders(reply: FastifyReply): FastifyReply {
  return reply
    .header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
    .header('X-Content-Type-Options', 'nosniff')
    .header('Referrer-Policy', 'no-referrer');
}
