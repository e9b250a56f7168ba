import type { FastifyInstance } from 'fastify';
import { AppError } from '../../../lib/errors.ts';
import { addHandsetRoutes } from './handset-routes.ts';
import { addInjectionRoute } from './injection-route.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { addPageRoutes } from './page-routes.ts';
import type { SimulatorRoutesDeps } from './simulator-deps.ts';
import { addEventStreamRoute } from './event-stream-route.ts';

/**
 * The simulator's own interface and its page. No key: whoever calls from an address that is not allowed, or while the
 * simulator is off, is told that nothing is there. Handlers read bodies themselves, so the app must leave them unread.
 */
export function registerSimulatorRoutes(app: FastifyInstance, deps: SimulatorRoutesDeps): void {
  void app.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      if (!deps.enabled() || !deps.isAllowedAddress(request.ip)) throw new AppError('not_found');
    });
    scope.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    addHandsetRoutes(scope, deps);
    addLedgerRoutes(scope, deps);
    addEventStreamRoute(scope, deps);
    addInjectionRoute(scope, deps);
    addPageRoutes(scope);
  });
}
