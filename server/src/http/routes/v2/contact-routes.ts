import { Type } from 'typebox';
import {
  contactFields,
  contactKeyFields,
  contactPageSchema,
  contactSchema,
  contactUpdateFields,
  removedContactSchema,
  savedContactSchema,
  savedContactsSchema,
  updatedContactSchema,
} from '../../../contacts/index.ts';
import type { ErrorCode } from '../../../lib/errors.ts';
import { toObjectSchema } from '../../../lib/fields.ts';
import { Answer, type ApiRoute, type Call } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { pageQuery } from '../../page-query.ts';
import { contactParams } from '../../path-params.ts';

type Deps = Pick<HttpDeps, 'verbs'>;

const FIELD_ERRORS = contactFields.all.map((field) => field.invalid);
const BILLING_ERRORS = ['no_billing_config', 'no_payment_method', 'payment_failed', 'suspended'] as const;
const CONTACT_ERRORS: readonly ErrorCode[] = [
  'payload_too_large',
  'missing_phone_number',
  'missing_list_number',
  ...FIELD_ERRORS,
  'list_not_found',
  'not_sendable',
];
const EXAMPLE = {
  phone_number: '+13125550142',
  list_number: '+18445550111',
  first_name: 'Zoe',
  custom_fields: { tier: 'silver' },
};

/** `/api/v2/contacts*`, without imports. */
export function contactRoutes(deps: Deps): readonly ApiRoute[] {
  return [
    saveContactRoute(deps),
    saveContactsRoute(deps),
    listContactsRoute(deps),
    getContactRoute(deps),
    updateContactRoute(deps),
    removeContactRoute(deps),
  ];
}

function saveContactRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/contacts',
    status: 201,
    otherStatus: 200,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: 'saveContact',
      tag: 'Contacts',
      summary: 'Add a contact to a list, or change it',
      description:
        '201 when a contact or a list contact was created, else 200. Somebody who opted out becomes active only by a signup_date later than the opt-out.',
      body: toObjectSchema(contactFields),
      bodyExample: EXAMPLE,
      response: savedContactSchema,
      errors: [...CONTACT_ERRORS, ...BILLING_ERRORS],
    },
    async handle(call) {
      const saved = await verbs.contacts.save(call.caller, call);
      return saved.is_new_contact || saved.is_new_list_contact ? saved : new Answer(200, saved);
    },
  };
}

function saveContactsRoute({ verbs }: Deps): ApiRoute {
  const contact = toObjectSchema(contactFields, ['list_number']);
  return {
    method: 'POST',
    path: '/api/v2/contacts/bulk',
    status: 201,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: 'saveContacts',
      tag: 'Contacts',
      summary: 'Add or change up to 1,000 contacts',
      description:
        'Each row is judged alone; good rows are stored together. With use_validation a row is refused when its number cannot be texted.',
      body: Type.Object({
        contacts: Type.Array(contact, { minItems: 1, maxItems: 1_000 }),
        list_number: Type.Optional(Type.String({ description: 'For rows that name no list' })),
      }),
      bodyExample: { list_number: '+18445550111', contacts: [{ phone_number: '+13125550142' }] },
      response: savedContactsSchema,
      errors: ['missing_contacts', 'invalid_contacts', 'too_many_contacts', ...BILLING_ERRORS],
    },
    handle: (call) => verbs.contacts.saveMany(call.caller, call),
  };
}

function listContactsRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/contacts',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'listContacts',
      tag: 'Contacts',
      summary: 'List contacts, newest signup first',
      description: 'One entry a list contact.',
      query: Type.Object({
        list_number: Type.Optional(Type.String({ description: 'Only this list; default all lists' })),
        active: Type.Optional(Type.Boolean({ description: 'Only active ones, or only inactive ones' })),
        ...pageQuery(1_000),
      }),
      response: contactPageSchema,
      errors: ['invalid_list_number', 'invalid_active', 'invalid_page', 'invalid_per_page', 'list_not_found'],
    },
    handle: ({ caller, query }) => verbs.contacts.list(caller, query),
  };
}

function getContactRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/contacts/:phone_number',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'getContact',
      tag: 'Contacts',
      summary: 'Read a contact with all its subscriptions',
      params: contactParams,
      response: contactSchema,
      errors: ['invalid_phone', 'contact_not_found'],
      statusOf: { contact_not_found: 404 },
    },
    handle: ({ caller, params }) => verbs.contacts.get(caller, { phone: params['phone_number'] ?? '' }),
  };
}

function updateContactRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'PUT',
    path: '/api/v2/contacts',
    status: 200,
    body: 'required',
    docs: {
      operationId: 'updateContact',
      tag: 'Contacts',
      summary: 'Change the custom fields of a contact on a list',
      body: toObjectSchema(contactUpdateFields),
      bodyExample: { phone_number: '+13125550142', list_number: '+18445550111', custom_fields: { tier: 'gold' } },
      response: updatedContactSchema,
      errors: [
        'missing_phone_number',
        'missing_list_number',
        'missing_custom_fields',
        'invalid_custom_fields',
        'invalid_merge_fields',
        'invalid_phone',
        'invalid_list_number',
        'contact_not_found',
        'list_not_found',
        'list_contact_not_found',
      ],
    },
    handle: (call) => verbs.contacts.update(call.caller, call),
  };
}

function removeContactRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'DELETE',
    path: '/api/v2/contacts',
    status: 200,
    body: 'optional',
    docs: {
      operationId: 'unsubscribeContact',
      tag: 'Contacts',
      summary: 'Unsubscribe a contact from a list',
      description:
        'Nothing is deleted. From the answer on no message of the list leaves for the number. The fields may stand in the query when the body is empty.',
      query: Type.Partial(toObjectSchema(contactKeyFields)),
      response: removedContactSchema,
      errors: ['missing_phone_number', 'missing_list_number', 'invalid_phone', 'invalid_list_number'],
    },
    handle: (call) => verbs.contacts.remove(call.caller, { ...call, body: bodyOrQuery(call) }),
  };
}

/** Where a DELETE has no body, its query says the same. */
function bodyOrQuery({ body, bodyBytes, query }: Call) {
  return bodyBytes.length === 0 ? query : body;
}
