import { isPlainObject } from '../../lib/fields.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object of a text; undefined when it is none. */
export function readJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A member that is an object; an empty one when it is not. */
export function objectIn(value: JsonObject, name: string): JsonObject {
  const member = value[name];
  return isPlainObject(member) ? member : NOTHING;
}

/** Members of an array that are objects; a single object counts as an array of one. */
export function objectsIn(value: JsonObject, name: string): readonly JsonObject[] {
  const member = value[name];
  if (isPlainObject(member)) return [member];
  return Array.isArray(member) ? member.filter(isPlainObject) : [];
}

/** A member that is a text, or a number as its text; null when it is absent, empty or something else. */
export function textIn(value: JsonObject, name: string): string | null {
  const member = value[name];
  if (typeof member === 'number') return String(member);
  return typeof member === 'string' && member !== '' ? member : null;
}

const NOTHING: JsonObject = Object.freeze({});
