import { Type } from 'typebox';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

const whoAmISchema = Type.Object({
  account: Type.Object({ id: Type.String(), name: Type.String(), status: Type.String() }),
  api_key: Type.Object({
    id: Type.String(),
    name: Type.String(),
    sandbox: Type.Boolean(),
    status: Type.String(),
    send_policy: Type.Object({ require_confirmation: Type.Boolean() }),
    allowed_list_ids: Type.Union([Type.Array(Type.Integer()), Type.Null()]),
  }),
});

/** `GET /api/v2/whoami`. */
export function whoAmIRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/whoami',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'whoAmI',
      tag: 'Account',
      summary: 'Read the calling key and its account',
      response: whoAmISchema,
      errors: [],
    },
    handle: ({ caller }) => verbs.whoAmI(caller),
  };
}
