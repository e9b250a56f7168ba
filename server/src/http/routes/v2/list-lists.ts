import { Type } from 'typebox';
import { wordSchema } from '../../../lib/fields.ts';
import { listPageSchema } from '../../../lists/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

/** `GET /api/v2/lists`. */
export function listListsRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/lists',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'listLists',
      tag: 'Lists',
      summary: 'List the sending numbers',
      query: Type.Partial(
        Type.Object({
          status: wordSchema(['active', 'paused', 'suspended', 'deleted'], { description: 'Absent: all but deleted.' }),
          limit: Type.Integer({ minimum: 1, maximum: 100, description: 'Absent, without a cursor: all at once.' }),
          cursor: Type.String({ description: 'next_cursor of the page before.' }),
        }),
      ),
      response: listPageSchema,
      errors: ['invalid_limit', 'invalid_cursor', 'invalid_status'],
    },
    handle: ({ caller, query }) => verbs.listLists(caller, query),
  };
}
