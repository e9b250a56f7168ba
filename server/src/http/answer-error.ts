import { LogFullError, LogUnavailableError } from '../log/log.ts';
import { AppError, type ErrorCode } from '../lib/errors.ts';
import { isConnectionError } from '../store/transaction.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly error: string; readonly code: ErrorCode; readonly message?: string };
  readonly headers: Readonly<Record<string, string>>;
  /** A bug or an outage that people who run the server must hear of. */
  readonly report: boolean;
}

const NO_HEADERS: Readonly<Record<string, string>> = {};
const HEADERS: Partial<Record<ErrorCode, Readonly<Record<string, string>>>> = {
  service_unavailable: { 'Retry-After': '5' },
  idempotency_in_progress: { 'Retry-After': '1' },
  overloaded: { 'Retry-After': '5' },
  // The rest of the body will not be read.
  payload_too_large: { Connection: 'close' },
};

/** Fastify's own refusals in our words. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'unsupported_media_type',
  FST_ERR_BAD_URL: 'not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_NOT_FOUND: 'not_found',
};

/** What a caller is told of an error. Nothing of the cause of a 5xx is in it. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  const known = toAppError(error);
  const body = { error: known.text, code: known.code };
  return {
    status: known.status,
    body: known.detail === undefined || known.status >= 500 ? body : { ...body, message: known.detail },
    headers: headersOf(known),
    report: known.status >= 500,
  };
}

function headersOf({ code, retryAfterSeconds }: AppError): Readonly<Record<string, string>> {
  if (retryAfterSeconds !== undefined) return { 'Retry-After': String(retryAfterSeconds) };
  return HEADERS[code] ?? NO_HEADERS;
}

/** Statuses whose errors belong to a class. */
const CLASSES: Readonly<Record<number, string>> = {
  400: 'validation_error',
  402: 'billing_error',
  413: 'validation_error',
  415: 'validation_error',
  422: 'validation_error',
};

/** Errors of the family `/phone/` name their class, and say in `message` what others say in `error`. */
export function isPhonePath(path: string): boolean {
  return /^\/api\/v[12]\/phone\//.test(path);
}

export function toPhoneBody({ status, body }: ErrorAnswer): ErrorAnswer['body'] {
  const errorClass = CLASSES[status] ?? (body.code === 'provider_error' ? 'provider_error' : body.error);
  return { error: errorClass, code: body.code, message: body.message ?? body.error };
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isOutage(error)) return new AppError('service_unavailable', { cause: error });
  const code = error instanceof Error ? FASTIFY_CODES[String((error as Error & { code?: unknown }).code)] : undefined;
  return new AppError(code ?? 'internal_error', { cause: error });
}

function isOutage(error: unknown): boolean {
  return error instanceof LogFullError || error instanceof LogUnavailableError || isConnectionError(error);
}
