import type { IdCodec } from '../lib/public-id.ts';
import type { MessagePlace } from '../store/message-store.ts';

/** Changes with the meaning of a cursor, so that old ones are refused instead of misread. */
const VERSION = 'm2.';

/** A place in a walk over messages, newest first: after this message. Tells nothing about the number. */
export function toCursor(messageIds: Pick<IdCodec, 'encode'>, { createdMs, number }: MessagePlace): string {
  return Buffer.from(`${VERSION}${createdMs}.${messageIds.encode(number)}`, 'latin1').toString('base64url');
}

/** Undefined for everything that `toCursor` did not write. */
export function parseCursor(messageIds: Pick<IdCodec, 'decode'>, cursor: string): MessagePlace | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!text.startsWith(VERSION) || Buffer.from(text, 'latin1').toString('base64url') !== cursor) return undefined;
  const [time = '', id = ''] = text.slice(VERSION.length).split('.');
  const number = messageIds.decode(id);
  const isWritten = number !== undefined && /^[0-9]{1,15}$/.test(time);
  return isWritten ? { createdMs: Number(time), number } : undefined;
}
