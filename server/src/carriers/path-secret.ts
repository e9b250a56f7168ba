import { hash, timingSafeEqual } from 'node:crypto';
import { textOf, type Credentials } from '../lib/credentials.ts';
import type { Authenticity, CallbackRequest } from './carrier.ts';

/** For carriers that sign nothing: the path holds the list's `callback_secret`. */
export function verifyPathSecret({ secret }: CallbackRequest, credentials: Credentials): Authenticity {
  const expected = textOf(credentials, 'callback_secret');
  if (expected === undefined) return secret === null ? 'unsigned' : 'forged';
  return secret !== null && isSameSecret(secret, expected) ? 'genuine' : 'forged';
}

/** Takes as long for a wrong secret as for the right one, whatever their lengths. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}
