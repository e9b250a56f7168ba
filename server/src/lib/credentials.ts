import { isCleanText, isPlainObject } from './fields.ts';

/** What a list needs to reach its carrier, as it was entered. */
export type Credentials = Readonly<Record<string, unknown>>;

export interface CredentialField {
  readonly name: string;
  readonly required: boolean;
  /** `url`: http or https without user, query and fragment. `integer` is one from `least`. `object` is checked by its carrier. */
  readonly kind: 'text' | 'url' | 'integer' | 'boolean' | 'object';
  /** For text: the allowed values, or what it looks like. */
  readonly oneOf?: readonly string[];
  readonly pattern?: RegExp;
  /** For integers: the lowest allowed value. Default 1. */
  readonly least?: number;
  /** What is wrong with a value of the right kind; undefined: nothing. */
  readonly problem?: (value: unknown) => string | undefined;
}

const MAX_TEXT = 4_096;

/**
 * What is wrong with credentials, in words that name the key and never show a value; undefined when nothing is. Keys that
 * the table does not know are refused: most are misspelt.
 */
export function findCredentialError(fields: readonly CredentialField[], credentials: Credentials): string | undefined {
  for (const { name, required } of fields) {
    if (required && isAbsent(credentials[name])) return `${name} is required`;
  }
  for (const name of Object.keys(credentials)) {
    if (!fields.some((field) => field.name === name)) return `${name} is not known; there are ${namesOf(fields)}`;
  }
  for (const field of fields) {
    const value = credentials[field.name];
    const problem = isAbsent(value) ? undefined : findValueError(field, value);
    if (problem !== undefined) return `${field.name} ${problem}`;
  }
  return undefined;
}

/** A text credential; undefined when it is absent. */
export function textOf(credentials: Credentials, name: string): string | undefined {
  const value = credentials[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function namesOf(fields: readonly CredentialField[]): string {
  return fields.length === 0 ? 'none' : fields.map((field) => field.name).join(', ');
}

function findValueError(field: CredentialField, value: unknown): string | undefined {
  switch (field.kind) {
    case 'text':
      return findTextError(field, value) ?? field.problem?.(value);
    case 'url':
      return isBaseUrl(value) ? undefined : 'must be an http or https address without user, query and fragment';
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= (field.least ?? 1)
        ? field.problem?.(value)
        : 'must be a whole number';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'object':
      return isPlainObject(value) ? field.problem?.(value) : 'must be an object';
    default:
      return field.kind satisfies never;
  }
}

function findTextError({ oneOf, pattern }: CredentialField, value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_TEXT || !isCleanText(value) || /[\r\n]/.test(value)) {
    return `must be a text of one line with at most ${MAX_TEXT} characters`;
  }
  if (oneOf !== undefined && !oneOf.includes(value)) return `must be one of ${oneOf.join(', ')}`;
  if (pattern !== undefined && !pattern.test(value)) return `must match ${pattern.source}`;
  return undefined;
}

function isBaseUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return (protocol === 'http:' || protocol === 'https:') && `${username}${password}${search}${hash}` === '';
}
