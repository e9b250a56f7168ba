import type { ErrorCode } from '../../../lib/errors.ts';
import { toObjectSchema } from '../../../lib/fields.ts';
import { batchValidationSchema, phoneBatchFields, phoneFields, validationSchema } from '../../../phone/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

type Deps = Pick<HttpDeps, 'verbs'>;

const BILLING_ERRORS: readonly ErrorCode[] = ['no_billing_config', 'no_payment_method', 'payment_failed', 'suspended'];
const VERSIONS = [
  { version: 'v1', name: 'V1', tag: 'Version 1', note: ' (deprecated)' },
  { version: 'v2', name: '', tag: 'Phone', note: '' },
] as const;

type Version = (typeof VERSIONS)[number];

/** `/api/v1/phone/*` and the same under `/api/v2`. */
export function phoneRoutes(deps: Deps): readonly ApiRoute[] {
  return VERSIONS.flatMap((version) => [validatePhoneRoute(deps, version), validatePhonesRoute(deps, version)]);
}

function validatePhoneRoute({ verbs }: Deps, { version, name, tag, note }: Version): ApiRoute {
  return {
    method: 'POST',
    path: `/api/${version}/phone/validate`,
    status: 200,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: `validate${name}Phone`,
      tag,
      summary: `Look a number up${note}`,
      description:
        'Line type, carrier and place, and whether it is worth a text. Answers are kept for ever and cost nothing again.',
      body: toObjectSchema(phoneFields),
      bodyExample: { phone: '+13125550142' },
      response: validationSchema,
      errors: ['missing_phone', 'invalid_force', 'invalid_phone', ...BILLING_ERRORS, 'provider_error'],
    },
    handle: (call) => verbs.validatePhone(call.caller, call),
  };
}

function validatePhonesRoute({ verbs }: Deps, { version, name, tag, note }: Version): ApiRoute {
  return {
    method: 'POST',
    path: `/api/${version}/phone/validate/batch`,
    status: 200,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: `validate${name}Phones`,
      tag,
      summary: `Look up to 500 numbers up${note}`,
      description: 'Each is judged alone; what is wrong with one is told in its place. Equal numbers are paid once.',
      body: toObjectSchema(phoneBatchFields),
      bodyExample: { phones: ['+13125550142', '(312) 555-0143'] },
      response: batchValidationSchema,
      errors: ['missing_phones', 'invalid_phones', 'invalid_force', 'too_many_phones', ...BILLING_ERRORS],
    },
    handle: (call) => verbs.validatePhoneBatch(call.caller, call),
  };
}
