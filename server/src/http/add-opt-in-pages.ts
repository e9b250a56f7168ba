import { isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AddressLimiter, createAddressLimiter } from '../lib/address-limiter.ts';
import { AppError } from '../lib/errors.ts';
import type { Visitor } from '../opt-ins/index.ts';
import { toErrorAnswer } from './answer-error.ts';
import type { HttpDeps } from './http-deps.ts';
import { noticeHtml, optInHtml } from './opt-in-html.ts';
import { readBody } from './read-body.ts';

/** Of a form that was sent. */
const MAX_FORM_BYTES = 4_096;
/** Of one address a minute, at each process: guests of a shop or a fair share one. */
const LOOKS_PER_MINUTE = 300;
const FORMS_PER_MINUTE = 30;

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

type PageDeps = Pick<HttpDeps, 'optInPages' | 'clock' | 'reportError'>;

/** Hosted opt-in pages and subscribe links: no key, for everybody, so each address has its limits. */
export function addOptInPages(app: FastifyInstance, deps: PageDeps): void {
  const { optInPages: pages, clock } = deps;
  const looks = createAddressLimiter({ perMinute: LOOKS_PER_MINUTE, clock });
  const forms = createAddressLimiter({ perMinute: FORMS_PER_MINUTE, clock });
  void app.register(async (scope) => {
    const hidden = { schema: { hide: true } } as const;
    scope.setErrorHandler((error, request, reply) => sendProblem(deps, error, request, reply));

    scope.get('/optin/page/:token', hidden, async (request, reply) => {
      if (isOver(looks, request, reply)) return sendTooMany(reply);
      const page = await pages.page(paramOf(request, 'token'), toVisitor(request));
      return page === null ? sendGone(reply) : sendHtml(reply, 200, optInHtml(page, null));
    });

    scope.post('/optin/page/:token', hidden, async (request, reply) => {
      if (isOver(forms, request, reply)) return sendTooMany(reply);
      const form = await readForm(request);
      const token = paramOf(request, 'token');
      const visitor = toVisitor(request);
      const page = await pages.page(token, visitor);
      if (page === null) return sendGone(reply);
      const phone = form.get('phone') ?? '';
      const result = form.get('consent') === 'yes' ? await pages.submit(token, { phone }, visitor) : 'no_consent';
      if (result === null) return sendGone(reply);
      const status = result === 'invalid_phone' || result === 'no_consent' ? 400 : 200;
      return sendHtml(reply, status, optInHtml(page, { result, phone }));
    });

    scope.get('/s/:slug', hidden, async (request, reply) => {
      if (isOver(looks, request, reply)) return sendTooMany(reply);
      const target = await pages.follow(paramOf(request, 'slug'), toVisitor(request));
      return target === null ? sendGone(reply) : reply.redirect(target, 302);
    });

    scope.get('/s/:slug/qr.svg', hidden, async (request, reply) => {
      if (isOver(looks, request, reply)) return sendTooMany(reply);
      const svg = pages.qrCode(paramOf(request, 'slug'));
      if (svg === null) return sendGone(reply);
      return setHeaders(reply).header('Content-Type', 'image/svg+xml; charset=utf-8').send(svg);
    });
  });
}

function paramOf(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}

/** What a proxy forwards may be anything. */
function toVisitor(request: FastifyRequest): Visitor {
  return {
    ipAddress: isIP(request.ip) > 0 ? request.ip : null,
    userAgent: request.headers['user-agent'] ?? null,
  };
}

async function readForm(request: FastifyRequest): Promise<URLSearchParams> {
  const [type] = (request.headers['content-type'] ?? '').split(';');
  if (type?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') throw new AppError('unsupported_media_type');
  return new URLSearchParams((await readBody(request.raw, undefined, MAX_FORM_BYTES)).toString('utf8'));
}

/** Counts the request; tells how long to wait when there were too many. */
function isOver(limiter: AddressLimiter, request: FastifyRequest, reply: FastifyReply): boolean {
  const seconds = limiter.take(toVisitor(request).ipAddress);
  if (seconds > 0) void reply.header('Retry-After', String(seconds));
  return seconds > 0;
}

function sendTooMany(reply: FastifyReply): FastifyReply {
  return sendHtml(reply, 429, noticeHtml('Too many at once', 'Please try again in a minute.'));
}

function sendGone(reply: FastifyReply): FastifyReply {
  return sendHtml(reply, 404, noticeHtml('Not found', 'There is no such page.'));
}

function sendProblem(deps: PageDeps, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, body, headers, report } = toErrorAnswer(error);
  if (report) deps.reportError(error, request.id);
  const isOurs = status >= 500;
  const text = isOurs ? 'You are not subscribed yet. Please go back and try again in a moment.' : `${body.error}.`;
  const title = isOurs ? 'That did not work' : 'This form cannot be read';
  return sendHtml(reply.headers(headers), status, noticeHtml(title, text));
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
