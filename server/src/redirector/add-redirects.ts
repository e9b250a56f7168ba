import type { FastifyInstance } from 'fastify';
import type { Directory } from '../accounts/index.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { findLink } from '../store/link-store.ts';
import type { Pool } from '../store/pool.ts';

export interface RedirectDeps {
  readonly pool: Pool;
  readonly linkIds: IdCodec;
  readonly directory: Pick<Directory, 'lists' | 'account'>;
}

/**
 * Short links: `GET /{linkId}` on a shortener domain leads on to the destination. Everything else goes its way, so that
 * the API answers on the same host.
 */
export function addRedirects(app: FastifyInstance, { pool, linkIds, directory }: RedirectDeps): void {
  app.addHook('onRequest', async (request, reply) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const link = isRead ? linkIds.decode(request.url.slice(1)) : undefined;
    if (link === undefined || !isLinkDomain(directory, request.hostname)) return;
    const found = await findLink(pool, link);
    if (found !== undefined) await reply.redirect(found.destination, 302);
  });
}

function isLinkDomain(directory: RedirectDeps['directory'], hostname: string): boolean {
  const host = hostname.toLowerCase();
  return directory.lists().some((list) => {
    const domain = list.settings.shortenerDomain ?? directory.account(list.accountId)?.settings.shortenerDomain;
    return domain?.toLowerCase() === host;
  });
}
