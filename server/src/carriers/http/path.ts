import { isPlainObject } from '../../lib/fields.ts';

/** Where a value is in an answer or a call: names and positions from the outside in; empty: the whole of it. */
export type Path = readonly string[];

const MAX_DEPTH = 16;

/** `results.0.status`, `results[0].status`, or `.` for the whole. @returns undefined when it is none */
export function parsePath(text: unknown): Path | undefined {
  if (typeof text !== 'string' || text === '' || text.length > 200) return undefined;
  if (text === '.') return [];
  const names = text.replace(/\[(\d+)\]/g, '.$1').split('.');
  return names.length <= MAX_DEPTH && names.every((name) => /^[\w$@:-]+$/.test(name)) ? names : undefined;
}

/** What is there; undefined when nothing is. Only own members are seen. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const name of path) {
    if (Array.isArray(current)) current = /^\d+$/.test(name) ? (current[Number(name)] as unknown) : undefined;
    else current = isPlainObject(current) && Object.hasOwn(current, name) ? current[name] : undefined;
  }
  return current;
}

/** A text, number or boolean there, as a text; null when there is none. */
export function textAt(value: unknown, path: Path | undefined): string | null {
  if (path === undefined) return null;
  const found = valueAt(value, path);
  if (typeof found === 'number' || typeof found === 'boolean') return String(found);
  return typeof found === 'string' && found !== '' ? found : null;
}
