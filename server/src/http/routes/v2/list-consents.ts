import { Type } from 'typebox';
import { consentsSchema } from '../../../compliance/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

const params = Type.Object({
  phone_number: Type.String({ description: 'E.164, percent-encoded.', examples: ['+13125550142'] }),
});

/** `GET /api/v2/contacts/{phone_number}/consents`. */
export function listConsentsRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/contacts/:phone_number/consents',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'listConsents',
      tag: 'Contacts',
      summary: 'Read what a number allowed and forbade, oldest first',
      description:
        'Records are only ever added. Each holds the hash of the one before it, so that `trackly consents verify` finds out ' +
        'when one was changed or removed.',
      params,
      response: consentsSchema,
      errors: ['invalid_phone'],
    },
    handle: ({ caller, params: { phone_number: phoneNumber = '' } }) => verbs.listConsents(caller, { phoneNumber }),
  };
}
