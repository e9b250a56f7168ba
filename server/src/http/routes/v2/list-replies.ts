import { Type } from 'typebox';
import { replyPageSchema, replyQueryFields } from '../../../inbound/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

/** `GET /api/v2/replies`. */
export function listRepliesRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/replies',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'listReplies',
      tag: 'Contacts',
      summary: 'List what people wrote to your numbers, newest first',
      description: 'All texts, opt-outs and keywords too; each with what it was taken for and by which rule.',
      query: Type.Partial(Type.Object(replyQueryFields)),
      response: replyPageSchema,
      errors: [
        'invalid_limit',
        'invalid_cursor',
        'invalid_phone',
        'invalid_list_number',
        'invalid_class',
        'invalid_created_from',
        'invalid_created_to',
        'invalid_date_range',
        'list_not_found',
      ],
    },
    handle: ({ caller, query }) => verbs.listReplies(caller, query),
  };
}
