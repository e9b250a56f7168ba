import type { Encoding } from '../lib/segments.ts';

/** `message.encoding`: a code is the place of its word. Append only. */
const ENCODINGS: readonly Encoding[] = ['GSM-7', 'UCS-2'];

export function toEncodingCode(encoding: Encoding): number {
  return ENCODINGS.indexOf(encoding);
}

export function toEncoding(code: number): Encoding {
  const encoding = ENCODINGS[code];
  if (encoding === undefined) throw new RangeError(`no encoding ${code}`);
  return encoding;
}
