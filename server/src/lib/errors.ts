/**
 * Every error the API can answer, with its status, whether a later repeat of the same request can succeed, and its
 * default text. The text may change; the code never does. `docs/errors.md` is generated from this list.
 */
export const ERRORS = {
  // request form
  invalid_request: { status: 400, retryable: false, text: 'The HTTP request cannot be read' },
  not_found: { status: 404, retryable: false, text: 'Resource not found' },
  method_not_allowed: { status: 405, retryable: false, text: 'Method not allowed' },
  unsupported_media_type: { status: 415, retryable: false, text: 'Content-Type must be application/json' },
  payload_too_large: { status: 413, retryable: false, text: 'Payload too large' },
  invalid_json: { status: 400, retryable: false, text: 'Request body must be valid JSON' },
  invalid_body: { status: 400, retryable: false, text: 'Request body must be a JSON object' },
  // keys and accounts
  missing_api_key: { status: 401, retryable: false, text: 'API key required' },
  invalid_api_key: { status: 401, retryable: false, text: 'Invalid API key' },
  account_suspended: { status: 403, retryable: false, text: 'Account is suspended' },
  key_paused: { status: 403, retryable: false, text: 'API key is paused' },
  list_not_allowed: { status: 403, retryable: false, text: 'This key may not use this list' },
  confirmation_required: { status: 403, retryable: false, text: 'This key needs a confirmed send' },
  product_not_enabled: { status: 403, retryable: false, text: 'SMS product not enabled for this account' },
  // idempotency
  invalid_idempotency_key: {
    status: 400,
    retryable: false,
    text: 'Idempotency-Key must be 1 to 255 printable ASCII characters',
  },
  idempotency_in_progress: {
    status: 409,
    retryable: true,
    text: 'The first request with this Idempotency-Key is still running',
  },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    text: 'This Idempotency-Key was used with another request',
  },
  // paging and filters
  invalid_limit: { status: 400, retryable: false, text: 'limit must be an integer of at least 1' },
  invalid_cursor: { status: 400, retryable: false, text: 'cursor is not one that this endpoint gave' },
  invalid_status: { status: 400, retryable: false, text: 'status is not one of the known values' },
  invalid_state: { status: 400, retryable: false, text: 'state is not one of the known values' },
  invalid_schedule_id: { status: 400, retryable: false, text: 'schedule_id must be 24 hexadecimal characters' },
  invalid_created_from: { status: 400, retryable: false, text: 'created_from must be a date or a time' },
  invalid_created_to: { status: 400, retryable: false, text: 'created_to must be a date or a time' },
  invalid_date_range: { status: 400, retryable: false, text: 'created_from must be before created_to' },
  // sends
  missing_to: { status: 400, retryable: false, text: 'to is required' },
  missing_list_number: { status: 400, retryable: false, text: 'list_number is required' },
  missing_body: { status: 400, retryable: false, text: 'body is required' },
  missing_from: {
    status: 400,
    retryable: false,
    text: 'Sending number ID (from_phone_number_id) is required',
  },
  missing_messages: { status: 400, retryable: false, text: 'messages is required' },
  invalid_phone: { status: 400, retryable: false, text: 'to must be a phone number in E.164 format' },
  invalid_list_number: { status: 400, retryable: false, text: 'list_number must be E.164 or a short code' },
  invalid_from: { status: 400, retryable: false, text: 'from_phone_number_id is not a sending number ID' },
  invalid_wrap_links: { status: 400, retryable: false, text: 'wrap_links must be a boolean' },
  invalid_contact_data: {
    status: 400,
    retryable: false,
    text: 'contact_data must be an object of first_name, last_name, custom_fields and timezone',
  },
  invalid_metadata: { status: 400, retryable: false, text: 'metadata must be an object' },
  invalid_send_at: {
    status: 400,
    retryable: false,
    text: 'send_at must be a time at most 35 days ahead and not over 5 minutes ago',
  },
  invalid_category: { status: 400, retryable: false, text: 'category must be transactional or marketing' },
  invalid_skip_affixes: { status: 400, retryable: false, text: 'skip_affixes must be a boolean' },
  invalid_skip_duplicate_check: { status: 400, retryable: false, text: 'skip_duplicate_check must be a boolean' },
  invalid_skip_rate_limit: { status: 400, retryable: false, text: 'skip_rate_limit must be a boolean' },
  invalid_skip_contact_validation: {
    status: 400,
    retryable: false,
    text: 'skip_contact_validation must be a boolean',
  },
  invalid_skip_journey_check: { status: 400, retryable: false, text: 'skip_journey_check must be a boolean' },
  body_too_long: { status: 400, retryable: false, text: 'body must be at most 1600 characters' },
  metadata_too_large: { status: 413, retryable: false, text: 'metadata must be at most 4096 bytes of compact JSON' },
  list_not_found: { status: 400, retryable: false, text: 'No list with this number' },
  webhook_not_configured: { status: 400, retryable: false, text: 'The list is not verified yet' },
  no_domain_configured: { status: 400, retryable: false, text: 'Neither list nor account has a shortener domain' },
  invalid_messages: { status: 400, retryable: false, text: 'messages must be an array' },
  invalid_message: { status: 400, retryable: false, text: 'A message must be an object' },
  too_many_messages: { status: 413, retryable: false, text: 'Maximum 1000 messages per request' },
  not_cancellable: { status: 409, retryable: false, text: 'The message can no longer be cancelled' },
  // lists
  missing_list_type: { status: 400, retryable: false, text: 'list_type is required' },
  missing_list_name: { status: 400, retryable: false, text: 'list_name is required' },
  invalid_list_type: { status: 400, retryable: false, text: 'list_type is not one that this installation serves' },
  invalid_list_name: { status: 400, retryable: false, text: 'list_name must be a string of at most 255 characters' },
  name_too_long: { status: 400, retryable: false, text: 'A name must have at most 255 characters' },
  invalid_is_byoc: { status: 400, retryable: false, text: 'is_byoc must be a boolean' },
  invalid_credentials: { status: 400, retryable: false, text: 'credentials are not what the list type needs' },
  invalid_settings: { status: 400, retryable: false, text: 'settings hold a wrong value' },
  list_exists: { status: 409, retryable: false, text: 'A list with this number exists already' },
  missing_step: { status: 400, retryable: false, text: 'step is required' },
  invalid_step: { status: 400, retryable: false, text: 'step must be credentials, send or webhook' },
  step_out_of_order: { status: 409, retryable: false, text: 'The step before has not passed yet' },
  // contacts
  missing_phone_number: { status: 400, retryable: false, text: 'phone_number is required' },
  missing_custom_fields: { status: 400, retryable: false, text: 'custom_fields is required' },
  missing_contacts: { status: 400, retryable: false, text: 'contacts is required' },
  invalid_contacts: { status: 400, retryable: false, text: 'contacts must be an array' },
  invalid_contact: { status: 400, retryable: false, text: 'A contact must be an object' },
  too_many_contacts: { status: 413, retryable: false, text: 'Maximum 1000 contacts per request' },
  invalid_use_journeys: { status: 400, retryable: false, text: 'use_journeys must be a boolean' },
  invalid_skip_journey_if_exists: {
    status: 400,
    retryable: false,
    text: 'skip_journey_if_exists must be a boolean',
  },
  invalid_signup_date: {
    status: 400,
    retryable: false,
    text: 'signup_date must be a date or a time at most 24 hours ahead',
  },
  invalid_ip_address: { status: 400, retryable: false, text: 'ip_address must be an IPv4 or IPv6 address' },
  invalid_url: { status: 400, retryable: false, text: 'url must be an absolute http or https URL' },
  invalid_custom_fields: {
    status: 400,
    retryable: false,
    text: 'custom_fields must be an object of at most 100 texts, numbers and booleans',
  },
  invalid_replace_custom_fields: { status: 400, retryable: false, text: 'replace_custom_fields must be a boolean' },
  invalid_merge_fields: { status: 400, retryable: false, text: 'merge_fields must be a boolean' },
  invalid_ad_network_source: {
    status: 400,
    retryable: false,
    text: 'ad_network_source must be a string of at most 255 characters',
  },
  invalid_ad_network_id: {
    status: 400,
    retryable: false,
    text: 'ad_network_id must be a string of at most 255 characters',
  },
  invalid_use_validation: { status: 400, retryable: false, text: 'use_validation must be a boolean' },
  invalid_force_validation: { status: 400, retryable: false, text: 'force_validation must be a boolean' },
  invalid_email: { status: 400, retryable: false, text: 'email must be an e-mail address' },
  invalid_first_name: { status: 400, retryable: false, text: 'first_name must be a string of at most 255 characters' },
  invalid_last_name: { status: 400, retryable: false, text: 'last_name must be a string of at most 255 characters' },
  not_sendable: { status: 400, retryable: false, text: 'No text can be sent to this number from this list' },
  contact_not_found: { status: 400, retryable: false, text: 'No contact with this number' },
  list_contact_not_found: { status: 400, retryable: false, text: 'The contact is not on this list' },
  validation_failed: { status: 400, retryable: false, text: 'The number cannot be texted' },
  provider_error: { status: 500, retryable: true, text: 'The look-up of the number failed' },
  no_billing_config: { status: 402, retryable: false, text: 'Billing is not set up' },
  no_payment_method: { status: 402, retryable: false, text: 'There is no payment method' },
  payment_failed: { status: 402, retryable: false, text: 'The last payment failed' },
  suspended: { status: 402, retryable: false, text: 'Billing is suspended' },
  invalid_active: { status: 400, retryable: false, text: 'active must be true or false' },
  invalid_page: { status: 400, retryable: false, text: 'page must be an integer of at least 1' },
  invalid_per_page: { status: 400, retryable: false, text: 'per_page must be an integer of at least 1' },
  invalid_offset: { status: 400, retryable: false, text: 'offset must be an integer of at least 0' },
  invalid_reason: { status: 400, retryable: false, text: 'reason must be a string of at most 255 characters' },
  // imports
  missing_phone_column: {
    status: 400,
    retryable: false,
    text: 'The first line must name a column phone_number, phone or msisdn',
  },
  invalid_row: { status: 400, retryable: false, text: 'The quotes or the number of fields are wrong' },
  invalid_encoding: { status: 400, retryable: false, text: 'The row is not in UTF-8' },
  invalid_carrier: { status: 400, retryable: false, text: 'carrier must have at most 255 characters' },
  invalid_line_type: { status: 400, retryable: false, text: 'line_type is not one of the known values' },
  invalid_consent_date: { status: 400, retryable: false, text: 'consent_date must be a date that is not to come' },
  unsubscribed: { status: 400, retryable: false, text: 'The row is of somebody who opted out' },
  invalid_dry_run: { status: 400, retryable: false, text: 'dry_run must be true or false' },
  // look-ups of numbers
  missing_phone: { status: 400, retryable: false, text: 'phone is required' },
  missing_phones: { status: 400, retryable: false, text: 'phones is required' },
  invalid_phones: { status: 400, retryable: false, text: 'phones must be an array' },
  invalid_force: { status: 400, retryable: false, text: 'force must be a boolean' },
  too_many_phones: { status: 413, retryable: false, text: 'Maximum 500 phones per request' },
  // one-time codes
  invalid_template: {
    status: 400,
    retryable: false,
    text: 'template must be a string of at most 160 characters that holds {{code}} once',
  },
  invalid_code_length: { status: 400, retryable: false, text: 'code_length must be an integer from 4 to 10' },
  invalid_ttl_seconds: { status: 400, retryable: false, text: 'ttl_seconds must be an integer from 60 to 3600' },
  invalid_max_attempts: { status: 400, retryable: false, text: 'max_attempts must be an integer from 1 to 10' },
  otp_rate_limited: { status: 429, retryable: true, text: 'At most 5 codes to one number within 10 minutes' },
  missing_otp_id: { status: 400, retryable: false, text: 'otp_id, or to and list_number, is required' },
  missing_code: { status: 400, retryable: false, text: 'code is required' },
  invalid_otp_id: { status: 400, retryable: false, text: 'otp_id must be 24 hexadecimal characters' },
  invalid_code: { status: 400, retryable: false, text: 'code must be a string of digits' },
  otp_not_found: { status: 404, retryable: false, text: 'No one-time code with this id' },
  // webhooks
  missing_url: { status: 400, retryable: false, text: 'url is required' },
  missing_events: { status: 400, retryable: false, text: 'events is required' },
  invalid_events: { status: 400, retryable: false, text: 'events must be an array of names of events, or ["*"]' },
  invalid_description: {
    status: 400,
    retryable: false,
    text: 'description must be a string of at most 255 characters',
  },
  invalid_secret: {
    status: 400,
    retryable: false,
    text: 'secret must be whsec_ and the base64 of 24 to 64 bytes',
  },
  invalid_include_drops: { status: 400, retryable: false, text: 'include_drops must be a boolean' },
  invalid_event: { status: 400, retryable: false, text: 'event is not one of the known names' },
  invalid_message_id: { status: 400, retryable: false, text: 'message_id is not the id of a message' },
  too_many_webhooks: { status: 409, retryable: false, text: 'An account has at most 20 webhooks' },
  // settings
  invalid_brand_name: {
    status: 400,
    retryable: false,
    text: 'brand_name must be a string of at most 100 characters, of a list 255',
  },
  invalid_support_contact: {
    status: 400,
    retryable: false,
    text: 'support_contact must be a string of at most 100 characters',
  },
  invalid_timezone: { status: 400, retryable: false, text: 'timezone must be an IANA zone name or null' },
  invalid_prepend: { status: 400, retryable: false, text: 'prepend must be a string of at most 200 characters' },
  invalid_append: { status: 400, retryable: false, text: 'append must be a string of at most 200 characters' },
  invalid_default_filter_bots: { status: 400, retryable: false, text: 'default_filter_bots must be a boolean' },
  invalid_bot_filter_page: { status: 400, retryable: false, text: 'bot_filter_page must be suspects or everyone' },
  invalid_bad_countries: { status: 400, retryable: false, text: 'bad_countries must be an array of ISO country codes' },
  invalid_blocked_words: { status: 400, retryable: false, text: 'blocked_words must be an array of strings' },
  invalid_dedupe_window_seconds: {
    status: 400,
    retryable: false,
    text: 'dedupe_window_seconds must be an integer from 0 to 86400',
  },
  invalid_optout_scope: { status: 400, retryable: false, text: 'optout_scope must be list or account' },
  invalid_abuse_words_mode: { status: 400, retryable: false, text: 'abuse_words_mode must be stop or label' },
  invalid_soft_failure_threshold: {
    status: 400,
    retryable: false,
    text: 'soft_failure_threshold must be an integer from 1 to 20',
  },
  invalid_shortener_domain: { status: 400, retryable: false, text: 'shortener_domain must be a host name or null' },
  invalid_click_domain: { status: 400, retryable: false, text: 'click_domain must be a host name or null' },
  invalid_rotate_postback_secret: { status: 400, retryable: false, text: 'rotate_postback_secret must be true' },
  invalid_require_postback_secret: { status: 400, retryable: false, text: 'require_postback_secret must be a boolean' },
  invalid_thompson_mode: {
    status: 400,
    retryable: false,
    text: 'thompson_mode must be thompson_single_step or thompson_two_step',
  },
  invalid_thompson_payout_floor: {
    status: 400,
    retryable: false,
    text: 'thompson_payout_floor must be a number of at least 0',
  },
  invalid_thompson_window_days: {
    status: 400,
    retryable: false,
    text: 'thompson_window_days must be an integer from 1 to 365',
  },
  invalid_tune: { status: 400, retryable: false, text: 'tune must be an object or null' },
  // replies and opt-ins
  invalid_class: { status: 400, retryable: false, text: 'class is not one of the known values' },
  missing_list_identifier: { status: 400, retryable: false, text: 'list_number or list_id is required' },
  invalid_list_id: { status: 400, retryable: false, text: 'list_id must be the id of a list' },
  invalid_consent_text: {
    status: 400,
    retryable: false,
    text: 'consent_text must be a string of at most 2000 characters',
  },
  invalid_user_agent: { status: 400, retryable: false, text: 'user_agent must be a string of at most 2000 characters' },
  invalid_form_id: { status: 400, retryable: false, text: 'form_id must be a string of at most 255 characters' },
  invalid_consented_at: { status: 400, retryable: false, text: 'consented_at must be a time that is not ahead' },
  invalid_double_opt_in: { status: 400, retryable: false, text: 'double_opt_in must be a boolean' },
  // carrier callbacks
  invalid_signature: { status: 403, retryable: false, text: 'The callback is not signed by a known sender' },
  invalid_payload: { status: 400, retryable: false, text: 'The callback cannot be read' },
  overloaded: { status: 429, retryable: true, text: 'Too many callbacks at the moment' },
  // ours
  internal_error: { status: 500, retryable: true, text: 'Internal server error' },
  service_unavailable: { status: 503, retryable: true, text: 'Service unavailable' },
} as const satisfies Record<string, { status: number; retryable: boolean; text: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface AppErrorOptions {
  /** Overrides the catalogue's text; must be safe to show. */
  text?: string;
  /** Overrides the catalogue's status (v1 answers some codes with another one). */
  status?: number;
  /** More detail for people, sent as `message`. Never a phone number or a body. */
  message?: string;
  /** When a repeat can succeed, sent as `Retry-After`. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** A failure that the product expects. Anything else that is thrown is a bug and becomes `internal_error`. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly text: string;
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.text ?? ERRORS[code].text, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? ERRORS[code].status;
    this.text = options.text ?? ERRORS[code].text;
    this.detail = options.message;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
