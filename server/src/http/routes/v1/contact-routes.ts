import { Type, type TSchema } from 'typebox';
import { v1ContactPageSchema, v1ContactSchema, v1OptOutSchema } from '../../../contacts/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { v1SenderSchema } from './send-message.ts';

type Deps = Pick<HttpDeps, 'verbs'>;

const STUB_TEXT = 'v1 contact writes do nothing; use /api/v2/contacts';
const STUB = { success: true, deprecated: true, message: STUB_TEXT } as const;
const STUB_SCHEMA = Type.Object({
  success: Type.Literal(true),
  deprecated: Type.Literal(true),
  message: Type.Literal(STUB_TEXT),
});
const msisdnParams = Type.Object({ msisdn: Type.String({ examples: ['+13125550142'] }) });

/** `/api/v1/contacts*` and `/api/v1/opt-outs`. */
export function v1ContactRoutes(deps: Deps): readonly ApiRoute[] {
  return [
    listV1ContactsRoute(deps),
    getV1ContactRoute(deps),
    stub('POST', '/api/v1/contacts', 'createV1Contact'),
    stub('POST', '/api/v1/contacts/bulk', 'createV1Contacts'),
    stub('PUT', '/api/v1/contacts/:msisdn', 'replaceV1Contact', msisdnParams),
    stub('PATCH', '/api/v1/contacts/:msisdn', 'changeV1Contact', msisdnParams),
    stub('DELETE', '/api/v1/contacts/:msisdn', 'deleteV1Contact', msisdnParams),
    optOutRoute(deps),
  ];
}

/** Version 1 never wrote contacts; clients that call it are told so. */
function stub(method: ApiRoute['method'], path: string, operationId: string, params?: TSchema): ApiRoute {
  return {
    method,
    path,
    status: 200,
    body: 'optional',
    effect: 'repeatable',
    docs: {
      operationId,
      tag: 'Version 1',
      summary: 'Does nothing (deprecated)',
      ...(params === undefined ? {} : { params }),
      response: STUB_SCHEMA,
      errors: [],
    },
    handle: async () => STUB,
  };
}

function listV1ContactsRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v1/contacts',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'listV1Contacts',
      tag: 'Version 1',
      summary: 'List contacts by id (deprecated)',
      query: Type.Object({
        limit: Type.Optional(Type.Integer({ minimum: 1, default: 100, description: 'More than 1000 counts as 1000' })),
        offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
      }),
      response: v1ContactPageSchema,
      errors: ['invalid_limit', 'invalid_offset'],
    },
    handle: ({ caller, query }) => verbs.contacts.listV1(caller, query),
  };
}

function getV1ContactRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v1/contacts/:msisdn',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'getV1Contact',
      tag: 'Version 1',
      summary: 'Read a contact (deprecated)',
      params: msisdnParams,
      response: v1ContactSchema,
      errors: ['invalid_phone', 'contact_not_found'],
      statusOf: { contact_not_found: 404 },
    },
    handle: ({ caller, params }) => verbs.contacts.getV1(caller, { phone: params['msisdn'] ?? '' }),
  };
}

function optOutRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v1/opt-outs',
    status: 201,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: 'optOutV1',
      tag: 'Version 1',
      summary: 'Opt a number out (deprecated)',
      description: 'Of one list, or of all lists of the account. A number that is on none of them is blocked.',
      body: Type.Object({
        to_msisdn: Type.String(),
        reason: Type.Optional(Type.String({ maxLength: 255 })),
        from_phone_number_id: Type.Optional(v1SenderSchema()),
      }),
      bodyExample: { to_msisdn: '+13125550142' },
      response: v1OptOutSchema,
      errors: ['missing_to', 'invalid_phone', 'invalid_reason', 'invalid_from', 'list_not_found'],
      statusOf: { list_not_found: 404 },
    },
    handle: (call) => verbs.contacts.optOutV1(call.caller, call),
  };
}
