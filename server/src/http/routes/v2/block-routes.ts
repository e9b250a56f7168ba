import { Type } from 'typebox';
import { addedBlockSchema, blockFields, blockPageSchema } from '../../../contacts/index.ts';
import { toObjectSchema } from '../../../lib/fields.ts';
import { Answer, type ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { pageQuery } from '../../page-query.ts';
import { idParams } from '../../path-params.ts';

type Deps = Pick<HttpDeps, 'verbs'>;

/** `/api/v2/blocks*`. */
export function blockRoutes(deps: Deps): readonly ApiRoute[] {
  return [addBlockRoute(deps), listBlocksRoute(deps), removeBlockRoute(deps)];
}

function addBlockRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/blocks',
    status: 201,
    otherStatus: 200,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: 'blockNumber',
      tag: 'Contacts',
      summary: 'Block a number',
      description: 'For one list or the whole account, whatever it subscribes to. 200 when it was blocked already.',
      body: toObjectSchema(blockFields),
      bodyExample: { phone_number: '+13125550199', reason: 'litigator' },
      response: addedBlockSchema,
      errors: ['missing_phone_number', 'invalid_phone', 'invalid_list_number', 'invalid_reason', 'list_not_found'],
    },
    async handle(call) {
      const { created, ...answer } = await verbs.contacts.addBlock(call.caller, call);
      return created ? answer : new Answer(200, answer);
    },
  };
}

function listBlocksRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/blocks',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'listBlocks',
      tag: 'Contacts',
      summary: 'List blocked numbers, newest first',
      query: Type.Object({ phone_number: Type.Optional(Type.String()), ...pageQuery(100) }),
      response: blockPageSchema,
      errors: ['invalid_phone', 'invalid_page', 'invalid_per_page'],
    },
    handle: ({ caller, query }) => verbs.contacts.listBlocks(caller, query),
  };
}

function removeBlockRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'DELETE',
    path: '/api/v2/blocks/:id',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'unblockNumber',
      tag: 'Contacts',
      summary: 'Take a block away',
      params: idParams('block'),
      response: Type.Object({ success: Type.Literal(true), deleted: Type.Literal(true) }),
      errors: ['not_found'],
    },
    handle: ({ caller, params }) => verbs.contacts.removeBlock(caller, { id: params['id'] ?? '' }),
  };
}
