import { Type } from 'typebox';
import type { ErrorCode } from '../../../lib/errors.ts';
import { wordSchema } from '../../../lib/fields.ts';
import { listSchema, listSettingsPatchSchema } from '../../../lists/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { listParams } from '../../path-params.ts';

type Deps = Pick<HttpDeps, 'verbs'>;

const CHANGEABLE = {
  list_name: Type.String({ maxLength: 255 }),
  brand_name: Type.Union([Type.String({ maxLength: 255 }), Type.Null()]),
  status: wordSchema(['active', 'paused']),
  credentials: Type.Record(Type.String(), Type.Unknown(), {
    description: 'What the carrier of the type needs; never shown again. New ones are to be verified again.',
  }),
  settings: { ...listSettingsPatchSchema, description: 'Merged into what is set; null brings a default back.' },
};
const VALUE_ERRORS: readonly ErrorCode[] = [
  'invalid_list_type',
  'invalid_list_name',
  'invalid_brand_name',
  'name_too_long',
  'invalid_credentials',
  'invalid_settings',
  'invalid_status',
];

/** What makes, changes and verifies lists. */
export function listWriteRoutes(deps: Deps): readonly ApiRoute[] {
  return [addListRoute(deps), changeListRoute(deps), deleteListRoute(deps), verifyListRoute(deps)];
}

function addListRoute({ verbs }: Deps): ApiRoute {
  const { list_name: listName, ...optional } = CHANGEABLE;
  return {
    method: 'POST',
    path: '/api/v2/lists',
    status: 201,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: 'addList',
      tag: 'Lists',
      summary: 'Make a list (a sending number)',
      description: 'A list with a carrier of your own has to be verified before it can send.',
      body: Type.Object({
        phone_number: Type.String({ description: 'E.164 or short code' }),
        list_type: Type.String({ description: 'Which carrier it sends through' }),
        list_name: listName,
        is_byoc: Type.Optional(Type.Boolean({ default: true, description: 'The carrier is your own' })),
        ...Type.Partial(Type.Object(optional)).properties,
      }),
      bodyExample: { phone_number: '+18445550111', list_type: 'simulator', list_name: 'Pets TFN' },
      response: listSchema,
      errors: [
        'missing_phone_number',
        'missing_list_type',
        'missing_list_name',
        'invalid_list_number',
        ...VALUE_ERRORS,
        'invalid_is_byoc',
        'list_exists',
      ],
    },
    handle: (call) => verbs.addList(call.caller, call),
  };
}

function changeListRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'PUT',
    path: '/api/v2/lists/:list_id',
    status: 200,
    body: 'required',
    docs: {
      operationId: 'changeList',
      tag: 'Lists',
      summary: 'Change a list',
      params: listParams,
      body: Type.Partial(Type.Object(CHANGEABLE)),
      bodyExample: { settings: { send_rate_per_minute: 6_000 } },
      response: listSchema,
      errors: ['not_found', ...VALUE_ERRORS],
    },
    handle: ({ caller, params, body }) => verbs.changeList(caller, { id: params['list_id'] ?? '', body }),
  };
}

function deleteListRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'DELETE',
    path: '/api/v2/lists/:list_id',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'deleteList',
      tag: 'Lists',
      summary: 'Take a list out of use',
      description: 'Its data stays; what waits is not sent; opt-outs are still recorded.',
      params: listParams,
      response: Type.Object({ success: Type.Literal(true), deleted: Type.Literal(true) }),
      errors: ['not_found'],
    },
    handle: ({ caller, params }) => verbs.deleteList(caller, { id: params['list_id'] ?? '' }),
  };
}

function verifyListRoute({ verbs }: Deps): ApiRoute {
  const step = wordSchema(['credentials', 'send', 'webhook']);
  return {
    method: 'POST',
    path: '/api/v2/lists/:list_id/verify',
    status: 200,
    body: 'required',
    effect: 'repeatable',
    docs: {
      operationId: 'verifyList',
      tag: 'Lists',
      summary: 'Prove that a list works, step by step',
      description:
        'credentials: the carrier knows us. send: a test text to `to` leaves. webhook: a reply from `to` arrived within 15 minutes; call again to ask. Then the list may send.',
      params: listParams,
      body: Type.Object({ step, to: Type.Optional(Type.String({ description: 'For send and webhook: E.164' })) }),
      bodyExample: { step: 'send', to: '+13125550142' },
      response: Type.Object({
        success: Type.Literal(true),
        step,
        passed: Type.Boolean(),
        verified: Type.Boolean(),
        next_step: Type.Union([step, Type.Null()]),
        detail: Type.Union([Type.String(), Type.Null()]),
      }),
      errors: ['not_found', 'missing_step', 'invalid_step', 'missing_to', 'invalid_phone', 'step_out_of_order'],
    },
    handle: ({ caller, params, body }) => verbs.verifyList(caller, { id: params['list_id'] ?? '', body }),
  };
}
