import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { settingsSchema } from '../../settings-docs.ts';

/** `GET /api/v2/settings`. */
export function getSettingsRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/settings',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'getSettings',
      tag: 'Account',
      summary: 'Read the settings of the account',
      response: settingsSchema,
      errors: [],
    },
    handle: ({ caller }) => verbs.getSettings(caller),
  };
}
