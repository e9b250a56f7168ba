import type { Query } from './api-route.ts';

const NONE: Query = Object.freeze(Object.create(null) as Record<string, string>);

/** Parameters of a query text without `?`; of a repeated one the last counts. */
export function parseQuery(text: string): Record<string, string> {
  if (text.length === 0) return NONE;
  const query = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(text)) query[name] = value;
  return query;
}

/** The path of a request address, without query and without one slash at the end. */
export function pathOf(url: string): string {
  const end = url.search(/[?;#]/);
  const path = end < 0 ? url : url.slice(0, end);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** The path as routes see it: percent-decoded once. What cannot be decoded stays as it is. */
export function decodedPathOf(url: string): string {
  const path = pathOf(url);
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
