export type { OtpDeps, OtpInput } from './otp-deps.ts';
export { otpSendFields } from './otp-fields.ts';
export { otpTrySchema, sentOtpSchema, verifiedOtpSchema } from './otp-schemas.ts';
export { sendOtp } from './send-otp.ts';
export { verifyOtp } from './verify-otp.ts';
