import { toObjectSchema } from '../../../lib/fields.ts';
import { optInAnswerSchema, optInFields } from '../../../opt-ins/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

/** `POST /api/v2/optins/webhook`. */
export function takeOptInRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/optins/webhook',
    status: 201,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: 'takeOptIn',
      tag: 'Contacts',
      summary: 'Take an opt-in of a form',
      description:
        'For form tools: writes the consent with its evidence into the ledger and subscribes the number, or asks it for a ' +
        'YES by text first.',
      body: toObjectSchema(optInFields),
      bodyExample: {
        phone_number: '+13125550142',
        list_number: '+18445550111',
        consent_text: 'I agree to get texts from Northwind Pets.',
        url: 'https://nwp.example/join',
        ip_address: '203.0.113.7',
      },
      response: optInAnswerSchema,
      errors: [
        'missing_phone_number',
        'missing_list_identifier',
        ...optInFields.all.map((field) => field.invalid),
        'list_not_found',
      ],
    },
    handle: ({ caller, body, transaction }) => verbs.takeOptIn(caller, { body, transaction }),
  };
}
