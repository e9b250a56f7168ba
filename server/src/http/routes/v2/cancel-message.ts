import { cancelledMessageSchema } from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { messageParams } from '../../path-params.ts';

/** `POST /api/v2/messages/{id}/cancel`. */
export function cancelMessageRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/messages/:id/cancel',
    status: 200,
    body: 'optional',
    effect: 'repeatable',
    docs: {
      operationId: 'cancelMessage',
      tag: 'Messages',
      summary: 'Cancel a message that has not left',
      description: 'Works until a sender has claimed the message. A second cancel answers the same.',
      params: messageParams,
      response: cancelledMessageSchema,
      errors: ['not_found', 'not_cancellable'],
    },
    handle: ({ caller, params }) => verbs.cancelMessage(caller, { id: params['id'] ?? '' }),
  };
}
