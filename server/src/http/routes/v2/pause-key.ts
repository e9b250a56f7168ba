import { Type } from 'typebox';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

/** `POST /api/v2/key/pause`. */
export function pauseKeyRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/key/pause',
    status: 200,
    body: 'optional',
    effect: 'repeatable',
    docs: {
      operationId: 'pauseKey',
      tag: 'Account',
      summary: 'Pause the calling key',
      description: 'A paused key can only read. Only a person can resume it.',
      response: Type.Object({ success: Type.Literal(true), status: Type.Literal('paused') }),
      errors: [],
    },
    handle: ({ caller }) => verbs.pauseKey(caller),
  };
}
