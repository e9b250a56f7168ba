import { Type } from 'typebox';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

const setupStatusSchema = Type.Object({
  setup: Type.Object({
    connection: Type.Object({ ok: Type.Boolean() }),
    sender: Type.Object({ lists_active: Type.Integer(), lists_verified: Type.Integer() }),
    billing: Type.Object({ configured: Type.Union([Type.Boolean(), Type.Null()]), status: Type.String() }),
    recent_holds: Type.Object({ total: Type.Integer(), count_limited: Type.Boolean() }),
    recent_hold_search_limited: Type.Boolean(),
    latest_hold: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
    next_steps: Type.Array(Type.Unknown()),
  }),
});

/** `GET /api/v2/setup-status`. */
export function getSetupStatusRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/setup-status',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'getSetupStatus',
      tag: 'Account',
      summary: 'See whether the account is ready to send',
      response: setupStatusSchema,
      errors: [],
    },
    handle: ({ caller }) => verbs.setupStatus(caller),
  };
}
