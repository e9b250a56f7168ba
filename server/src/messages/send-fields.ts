import { Type } from 'typebox';
import { DAY_MS, MINUTE_MS } from '../lib/clock.ts';
import {
  booleanKind,
  createFieldTable,
  customKind,
  enumKind,
  isCleanJson,
  isCleanText,
  isPlainObject,
  textKind,
  type Field,
  type FieldKind,
} from '../lib/fields.ts';
import { parseTimeMs } from '../lib/parse-time.ts';
import { isTimeZone } from '../lib/time-zone.ts';
import { customFieldsSchema, isCustomFields, listNumberKind, phoneKind } from '../lib/value-kinds.ts';

export const MAX_BODY_LENGTH = 1_600;
export const MAX_METADATA_BYTES = 4_096;
/** Messages of one bulk request. */
export const MAX_BULK_MESSAGES = 1_000;
const MAX_NAME_LENGTH = 255;
const SEND_AT_HORIZON_MS = 35 * DAY_MS;
const SEND_AT_LATE_MS = 5 * MINUTE_MS;

/** Text of a message before macros are filled; its length has a code of its own. */
export const bodyKind: FieldKind = textKind({ maxLength: MAX_BODY_LENGTH, blankIsEmpty: true, limitedElsewhere: true });

export const bodyLimit = {
  code: 'body_too_long',
  exceeds: (value: unknown) => (value as string).length > MAX_BODY_LENGTH,
} as const;

export const metadataKind: FieldKind = customKind(
  Type.Record(Type.String(), Type.Unknown()),
  (value) => isPlainObject(value) && isCleanJson(value),
);

export const metadataLimit = { code: 'metadata_too_large', exceeds: isMetadataTooLarge } as const;

function isMetadataTooLarge(value: unknown): boolean {
  const json = JSON.stringify(value);
  if (json.length * 3 <= MAX_METADATA_BYTES) return false;
  return Buffer.byteLength(json) > MAX_METADATA_BYTES;
}

const contactDataKind: FieldKind = customKind(
  Type.Object({
    first_name: Type.Optional(Type.String({ maxLength: MAX_NAME_LENGTH })),
    last_name: Type.Optional(Type.String({ maxLength: MAX_NAME_LENGTH })),
    custom_fields: Type.Optional(customFieldsSchema({ nulls: false })),
    timezone: Type.Optional(Type.String({ description: 'IANA zone name', examples: ['America/Chicago'] })),
  }),
  isContactData,
);

function isContactData(value: unknown): boolean {
  return (
    isPlainObject(value) &&
    isName(value['first_name']) &&
    isName(value['last_name']) &&
    isFields(value['custom_fields']) &&
    isZone(value['timezone'])
  );
}

function isName(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH && isCleanText(value);
}

function isFields(value: unknown): boolean {
  return value === undefined || value === null || isCustomFields(value, { nulls: false });
}

function isZone(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && isTimeZone(value));
}

const sendAtKind: FieldKind = customKind(
  Type.String({ examples: ['2026-11-02T17:04:09Z'] }),
  (value, nowMs) => typeof value === 'string' && parseSendAt(value, nowMs) !== undefined,
);

/** Epoch milliseconds, 0 for a time that is past but not by more than 5 minutes, undefined outside of the window. */
export function parseSendAt(text: string, nowMs: number): number | undefined {
  const atMs = parseTimeMs(text);
  if (atMs === undefined || atMs < nowMs - SEND_AT_LATE_MS || atMs > nowMs + SEND_AT_HORIZON_MS) return undefined;
  return atMs <= nowMs ? 0 : atMs;
}

function flag(name: 'wrap_links' | 'skip_affixes' | SkipFlag, description: string): Field {
  return { name, kind: booleanKind(false), description, invalid: `invalid_${name}` };
}

type SkipFlag = 'skip_duplicate_check' | 'skip_rate_limit' | 'skip_contact_validation' | 'skip_journey_check';

const SEND_FIELDS: readonly Field[] = [
  { name: 'to', kind: phoneKind, description: 'Recipient, E.164.', missing: 'missing_to', invalid: 'invalid_phone' },
  {
    name: 'list_number',
    kind: listNumberKind,
    description: 'Number of the list to send from: E.164 or a short code of 5 or 6 digits.',
    missing: 'missing_list_number',
    invalid: 'invalid_list_number',
  },
  {
    name: 'body',
    kind: bodyKind,
    description: 'Text, 1 to 1,600 UTF-16 units before macros such as {{first_name}} are filled.',
    missing: 'missing_body',
    invalid: 'invalid_body',
    limit: bodyLimit,
  },
  flag('wrap_links', 'Makes every http(s) URL in the body a tracked short link.'),
  {
    name: 'contact_data',
    kind: contactDataKind,
    description: 'Values for macros and the zone for quiet hours, for this message only.',
    invalid: 'invalid_contact_data',
  },
  {
    name: 'metadata',
    kind: metadataKind,
    description: 'Kept with the message; at most 4,096 bytes as compact JSON.',
    invalid: 'invalid_metadata',
    limit: metadataLimit,
  },
  {
    name: 'send_at',
    kind: sendAtKind,
    description: 'When to send, at most 35 days ahead. No zone means UTC; up to 5 minutes ago means now.',
    invalid: 'invalid_send_at',
  },
  {
    name: 'category',
    kind: enumKind(['transactional', 'marketing'], 'transactional'),
    description: 'Marketing messages keep quiet hours and carry the texts of the list before and behind the body.',
    invalid: 'invalid_category',
  },
  flag('skip_affixes', 'Nothing is put before or behind the body.'),
];

const RAW_FIELDS: readonly Field[] = [
  ...SEND_FIELDS,
  flag('skip_duplicate_check', 'The same text may go to the same recipient again.'),
  flag('skip_rate_limit', 'Neither waits for nor uses the rate of the list.'),
  flag('skip_contact_validation', 'Does not look at opt-outs and blocks.'),
  flag('skip_journey_check', 'Does not look whether the recipient is in an active journey.'),
];

/** Fields of `POST /api/v2/send`. */
export const sendFields = createFieldTable(SEND_FIELDS);

/** Fields of `POST /api/v2/send-raw` and of preflight. */
export const rawSendFields = createFieldTable(RAW_FIELDS);
