import { isIP } from 'node:net';
import { type TSchema, Type } from 'typebox';
import { DAY_MS } from './clock.ts';
import { isE164, isListNumber } from './e164.ts';
import { customKind, type FieldKind, isCleanText, isPlainObject, patternKind } from './fields.ts';
import { parseTimeMs } from './parse-time.ts';
import { isTimeZone } from './time-zone.ts';

/* Kinds of values that many endpoints take (conventions.md 9 of the contract). */

const MAX_CUSTOM_FIELDS = 100;
const MAX_CUSTOM_KEY_LENGTH = 64;
const MAX_CUSTOM_TEXT_LENGTH = 1_000;
const MAX_URL_LENGTH = 2_048;
const MAX_EMAIL_LENGTH = 255;

const PHONE_PATTERN = String.raw`^\+[1-9][0-9]{6,14}$`;
const LIST_NUMBER_PATTERN = String.raw`^(\+[1-9][0-9]{6,14}|[0-9]{5,6})$`;

export const phoneKind: FieldKind = patternKind(PHONE_PATTERN, '+13125550142', isE164);
export const listNumberKind: FieldKind = patternKind(LIST_NUMBER_PATTERN, '+18005551000', isListNumber);

/** JSON Schema of custom fields, of which a null takes its key away where a change is asked for. */
export function customFieldsSchema({ nulls }: { readonly nulls: boolean }): TSchema {
  const values: TSchema[] = [Type.String({ maxLength: MAX_CUSTOM_TEXT_LENGTH }), Type.Number(), Type.Boolean()];
  if (nulls) values.push(Type.Null());
  return Type.Record(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$' }), Type.Union(values), {
    maxProperties: MAX_CUSTOM_FIELDS,
  });
}

/** At most 100 keys with texts, numbers and booleans. */
export function isCustomFields(value: unknown, { nulls }: { readonly nulls: boolean }): boolean {
  if (!isPlainObject(value)) return false;
  let count = 0;
  for (const key in value) {
    if (++count > MAX_CUSTOM_FIELDS || !isCustomKey(key)) return false;
    if (!(nulls && value[key] === null) && !isCustomValue(value[key])) return false;
  }
  return true;
}

/** `^[A-Za-z0-9_.-]{1,64}$` */
export function isCustomKey(key: string): boolean {
  if (key.length === 0 || key.length > MAX_CUSTOM_KEY_LENGTH) return false;
  for (let i = 0; i < key.length; i++) {
    if (!isKeyUnit(key.charCodeAt(i))) return false;
  }
  return true;
}

function isKeyUnit(unit: number): boolean {
  const letter = unit | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a && unit < 0x7b) ||
    (unit >= 0x30 && unit <= 0x39) ||
    unit === 0x5f ||
    unit === 0x2e ||
    unit === 0x2d
  );
}

export function isCustomValue(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_CUSTOM_TEXT_LENGTH && isCleanText(value);
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

export const customFieldsKind: FieldKind = customKind(
  customFieldsSchema({ nulls: true }),
  (value) => isCustomFields(value, { nulls: true }),
  () => false,
);

/** A time that may be up to a day ahead, because clocks and zones differ. */
export const pastTimeKind: FieldKind = customKind(
  Type.String({ examples: ['2026-11-02T17:04:09Z'] }),
  (value, nowMs) => typeof value === 'string' && (parseTimeMs(value) ?? Number.POSITIVE_INFINITY) <= nowMs + DAY_MS,
);

export const zoneKind: FieldKind = customKind(
  Type.String({ description: 'IANA zone name', examples: ['America/Chicago'] }),
  (value) => typeof value === 'string' && isTimeZone(value),
);

export const ipAddressKind: FieldKind = customKind(
  Type.String({ examples: ['203.0.113.7'] }),
  (value) => typeof value === 'string' && isIP(value) !== 0,
);

/** Absolute http or https, with a host and no user info. */
export const urlKind: FieldKind = customKind(
  Type.String({ maxLength: MAX_URL_LENGTH, examples: ['https://shop.example/join'] }),
  (value) => typeof value === 'string' && isHttpUrl(value),
);

function isHttpUrl(text: string): boolean {
  if (text.length > MAX_URL_LENGTH || !isCleanText(text) || !/^https?:\/\/[^\s/?#\\]\S*$/i.test(text)) return false;
  try {
    const url = new URL(text);
    return url.hostname !== '' && url.username === '' && url.password === '';
  } catch {
    return false;
  }
}

export const emailKind: FieldKind = customKind(
  Type.String({ maxLength: MAX_EMAIL_LENGTH, examples: ['zoe@nwp.example'] }),
  (value) => typeof value === 'string' && isEmail(value),
);

/** Something, an @, and a host with a dot; who reads it finds out the rest. */
export function isEmail(text: string): boolean {
  return text.length <= MAX_EMAIL_LENGTH && isCleanText(text) && /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(text);
}
