import { Type, type TSchema } from 'typebox';
import type { ErrorCode } from './errors.ts';

/** What a kind of value looks like: the fragment that documents it and the check that judges it, in one place. */
export interface FieldKind {
  /** JSON Schema for `openapi.json`. */
  readonly schema: TSchema;
  /** Counts as absent where a value is required. `null` and absence are seen to elsewhere. */
  readonly isEmpty: (value: unknown) => boolean;
  /** Type and form. Never sees null or undefined. */
  readonly isValid: (value: unknown, nowMs: number) => boolean;
}

export interface FieldLimit {
  readonly code: ErrorCode;
  /** Sees only what passed `isValid`. */
  readonly exceeds: (value: unknown) => boolean;
}

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly description: string;
  readonly invalid: ErrorCode;
  /** What is wrong with a value, for people, where the text of `invalid` does not say it. */
  readonly explain?: (value: unknown) => string | undefined;
  /** Set: the field is required, and this code answers its absence. */
  readonly missing?: ErrorCode;
  readonly limit?: FieldLimit;
}

/** Fields in the order of the contract's request table, prepared for `findFieldError`. */
export interface FieldTable {
  readonly all: readonly Field[];
  readonly required: readonly RequiredField[];
  readonly limited: readonly LimitedField[];
}

type RequiredField = Field & { readonly missing: ErrorCode };
type LimitedField = Field & { readonly limit: FieldLimit };

export type Row = Readonly<Record<string, unknown>>;

export function createFieldTable(all: readonly Field[]): FieldTable {
  return {
    all,
    required: all.filter((field): field is RequiredField => field.missing !== undefined),
    limited: all.filter((field): field is LimitedField => field.limit !== undefined),
  };
}

/**
 * The first thing that is wrong with a row, in the contract's order: presence of all required fields, then the form of
 * all fields, then limits. Undefined when nothing is. Unknown fields are not looked at. Costs some 0.2 µs for ten fields.
 */
export function findFieldError(table: FieldTable, row: Row, nowMs: number): ErrorCode | undefined {
  for (const field of table.required) {
    if (isMissing(field.kind, row[field.name])) return field.missing;
  }
  for (const field of table.all) {
    const value = row[field.name];
    if (value !== undefined && value !== null && !field.kind.isValid(value, nowMs)) return field.invalid;
  }
  for (const field of table.limited) {
    const value = row[field.name];
    if (value !== undefined && value !== null && field.limit.exceeds(value)) return field.limit.code;
  }
  return undefined;
}

export function isMissing(kind: FieldKind, value: unknown): boolean {
  return value === undefined || value === null || kind.isEmpty(value);
}

/** JSON Schema of an object with these fields. */
export function toObjectSchema(table: FieldTable, optional: readonly string[] = []): TSchema {
  const properties: Record<string, TSchema> = {};
  for (const field of table.all) {
    const schema = { ...field.kind.schema, description: field.description } as TSchema;
    const isRequired = field.missing !== undefined && !optional.includes(field.name);
    properties[field.name] = isRequired ? schema : Type.Optional(schema);
  }
  return Type.Object(properties);
}

/** No U+0000 and no surrogate without its other half: what every text and every key of ours must be. */
export function isCleanText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** The same for every string and every key inside a JSON value. */
export function isCleanJson(value: unknown): boolean {
  if (typeof value === 'string') return isCleanText(value);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isCleanJson);
  for (const key in value) {
    if (!isCleanText(key) || !isCleanJson((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmptyString(value: unknown): boolean {
  return value === '';
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

export interface TextOptions {
  readonly maxLength: number;
  /** White space alone counts as absent. */
  readonly blankIsEmpty?: boolean;
  /** The limit has a code of its own, so that a text over it still has the right form. */
  readonly limitedElsewhere?: boolean;
}

/** Text of at most `maxLength` UTF-16 units. */
export function textKind({ maxLength, blankIsEmpty = false, limitedElsewhere = false }: TextOptions): FieldKind {
  const formLength = limitedElsewhere ? Number.POSITIVE_INFINITY : maxLength;
  return {
    schema: Type.String({ maxLength }),
    isEmpty: blankIsEmpty ? isBlank : isEmptyString,
    isValid: (value) => typeof value === 'string' && value.length <= formLength && isCleanText(value),
  };
}

/** Text that `matches` accepts, such as a phone number. `pattern` documents it. */
export function patternKind(pattern: string, example: string, matches: (text: string) => boolean): FieldKind {
  return {
    schema: Type.String({ pattern, examples: [example] }),
    isEmpty: isEmptyString,
    isValid: (value) => typeof value === 'string' && matches(value),
  };
}

export function booleanKind(byDefault?: boolean): FieldKind {
  return {
    schema: Type.Boolean(byDefault === undefined ? {} : { default: byDefault }),
    isEmpty: () => false,
    isValid: (value) => typeof value === 'boolean',
  };
}

/** JSON Schema of one of some words. */
export function wordSchema(values: readonly string[], options: object = {}): TSchema {
  return Type.Unsafe<string>({ type: 'string', enum: [...values], ...options });
}

export function enumKind(values: readonly string[], byDefault?: string): FieldKind {
  return {
    schema: wordSchema(values, byDefault === undefined ? {} : { default: byDefault }),
    isEmpty: isEmptyString,
    isValid: (value) => typeof value === 'string' && values.includes(value),
  };
}

/** `min` and `max` are inclusive. */
export function integerKind(min: number, max: number): FieldKind {
  return {
    schema: Type.Integer({ minimum: min, maximum: max }),
    isEmpty: () => false,
    isValid: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A kind of its own: the schema and the check that belongs to it. */
export function customKind(schema: TSchema, isValid: FieldKind['isValid'], isEmpty = isEmptyString): FieldKind {
  return { schema, isEmpty, isValid };
}
