import { Type } from 'typebox';
import { wordSchema } from '../lib/fields.ts';
import { OTP_STATUSES } from './verify-otp.ts';

/* What openapi.json says about one-time codes. */

export const sentOtpSchema = Type.Object({
  success: Type.Literal(true),
  otp_id: Type.String({ pattern: '^[0-9a-f]{24}$' }),
  message_id: Type.String(),
  status: Type.Literal('queued'),
  expires_at: Type.String({ format: 'date-time' }),
});

export const otpTrySchema = Type.Object({
  otp_id: Type.Optional(Type.String({ description: 'Of the answer to the send' })),
  to: Type.Optional(Type.String({ description: 'With list_number, in the place of otp_id: the newest code' })),
  list_number: Type.Optional(Type.String()),
  code: Type.String({ pattern: '^[0-9]+$' }),
});

export const verifiedOtpSchema = Type.Object({
  success: Type.Literal(true),
  verified: Type.Boolean({ description: 'True once' }),
  status: wordSchema(OTP_STATUSES, {
    description:
      'pending: wrong; expired: too late, or a newer code was sent; locked: no tries left; used: verified before',
  }),
  attempts_left: Type.Integer({ description: 'Wrong tries that are left' }),
});
