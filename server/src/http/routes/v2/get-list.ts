import { listSchema } from '../../../lists/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { listParams } from '../../path-params.ts';

/** `GET /api/v2/lists/{list_id}`. */
export function getListRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/lists/:list_id',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'getList',
      tag: 'Lists',
      summary: 'Read a sending number with its settings',
      params: listParams,
      response: listSchema,
      errors: ['not_found'],
    },
    handle: ({ caller, params }) => verbs.getList(caller, { id: params['list_id'] ?? '' }),
  };
}
