import { messageSchema } from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { messageParams } from '../../path-params.ts';

/** `GET /api/v2/messages/{id}`. */
export function getMessageRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/messages/:id',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'getMessage',
      tag: 'Messages',
      summary: 'Read the whole life of a message',
      params: messageParams,
      response: messageSchema,
      errors: ['not_found'],
    },
    handle: ({ caller, params }) => verbs.getMessage(caller, { id: params['id'] ?? '' }),
  };
}
