/**
 * True when a parsed JSON value has more than `max` levels; each object and each array is one. Looks no deeper than
 * `max`, so a value of any depth is safe.
 */
export function depthOver(value: unknown, max: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (max === 0) return true;
  if (Array.isArray(value)) return value.some((item) => depthOver(item, max - 1));
  for (const key in value) {
    if (depthOver((value as Record<string, unknown>)[key], max - 1)) return true;
  }
  return false;
}

/** Size of a JSON value written without white space, in UTF-8 bytes. */
export function compactJsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '', 'utf8');
}
