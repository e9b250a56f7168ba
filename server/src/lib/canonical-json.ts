/**
 * Compact JSON with sorted keys at every level: equal for requests that mean the same. For values of `JSON.parse`;
 * `undefined` (no body) gives the empty text.
 */
export function toCanonicalJson(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`;
  const record = value as Record<string, unknown>;
  const members = Object.keys(record)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${toCanonicalJson(record[key])}`);
  return `{${members.join(',')}}`;
}
