import { toObjectSchema } from '../../../lib/fields.ts';
import { otpSendFields, otpTrySchema, sentOtpSchema, verifiedOtpSchema } from '../../../otp/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';

type Deps = Pick<HttpDeps, 'verbs'>;

/** `/api/v2/otp/*`. */
export function otpRoutes(deps: Deps): readonly ApiRoute[] {
  return [sendOtpRoute(deps), verifyOtpRoute(deps)];
}

function sendOtpRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/otp/send',
    status: 201,
    body: 'required',
    effect: 'transaction',
    product: 'sms',
    docs: {
      operationId: 'sendOtp',
      tag: 'Phone',
      summary: 'Send a one-time code',
      description:
        'Random digits, of which only a hash is kept with the code. Goes out at any hour, with nothing before or behind the text; opt-outs hold. At most 5 to a number within 10 minutes.',
      body: toObjectSchema(otpSendFields),
      bodyExample: { to: '+13125550142', list_number: '+18005551000' },
      response: sentOtpSchema,
      errors: [
        'missing_to',
        'missing_list_number',
        ...otpSendFields.all.map((field) => field.invalid),
        'metadata_too_large',
        'list_not_found',
        'list_not_allowed',
        'confirmation_required',
        'webhook_not_configured',
        'otp_rate_limited',
      ],
    },
    handle: (call) => verbs.sendOtp(call.caller, call),
  };
}

function verifyOtpRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/otp/verify',
    status: 200,
    body: 'required',
    effect: 'transaction',
    docs: {
      operationId: 'verifyOtp',
      tag: 'Phone',
      summary: 'Try a one-time code',
      body: otpTrySchema,
      bodyExample: { otp_id: '6927a0009c4de20011aa0801', code: '123456' },
      response: verifiedOtpSchema,
      errors: [
        'missing_otp_id',
        'missing_code',
        'invalid_otp_id',
        'invalid_phone',
        'invalid_list_number',
        'invalid_code',
        'otp_not_found',
      ],
    },
    handle: (call) => verbs.verifyOtp(call.caller, call),
  };
}
