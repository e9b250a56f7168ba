import type { FastifyInstance } from 'fastify';
import { toCursorPage, toPagination } from './cursor-paging.ts';
import type { SimulatorRoutesDeps } from './simulator-deps.ts';

const MAX_ROWS = 100_000;

export function addLedgerRoutes(app: FastifyInstance, { simulator }: SimulatorRoutesDeps): void {
  app.get('/simulator/ledger', (request) => {
    const page = toCursorPage(request.query, MAX_ROWS);
    const rows = simulator.store.ledger(page.limit + 1, page.position ?? 0);
    const submits = rows.slice(0, page.limit).map((row) => ({
      message_id: row.messageId,
      count: row.count,
      taken: row.taken,
      first_at: new Date(row.firstAtMs).toISOString(),
      last_at: new Date(row.lastAtMs).toISOString(),
    }));
    const pagination = toPagination(page, rows, ({ seq }) => seq);
    return Promise.resolve({ submits, totals: simulator.store.totals(), pagination });
  });
  app.delete('/simulator', async () => {
    await simulator.store.clear();
    return { success: true };
  });
}
