import type { FastifyInstance } from 'fastify';

const SWEEP_MS = 50;
/** A request that takes longer, such as one whose body never comes, is cut off. */
const PATIENCE_MS = 5_000;

/**
 * Stops accepting, lets the requests that are under way finish, and closes every connection. Node by itself closes only
 * connections that are idle at that moment; one that was busy then would be waited for until its client lets go.
 */
export async function closeServer(app: FastifyInstance): Promise<void> {
  const sweeping = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const patience = setTimeout(() => app.server.closeAllConnections(), PATIENCE_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweeping);
    clearTimeout(patience);
  }
}
