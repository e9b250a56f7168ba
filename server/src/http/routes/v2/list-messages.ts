import { Type } from 'typebox';
import { messagePageSchema, messageQueryFields } from '../../../messages/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

/** `GET /api/v2/messages`. */
export function listMessagesRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/messages',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'listMessages',
      tag: 'Messages',
      summary: 'List messages, newest first',
      query: Type.Partial(Type.Object(messageQueryFields)),
      response: messagePageSchema,
      errors: [
        'invalid_limit',
        'invalid_cursor',
        'invalid_phone',
        'invalid_list_number',
        'invalid_status',
        'invalid_state',
        'invalid_schedule_id',
        'invalid_created_from',
        'invalid_created_to',
        'invalid_date_range',
        'list_not_found',
      ],
    },
    handle: ({ caller, query }) => verbs.listMessages(caller, query),
  };
}
