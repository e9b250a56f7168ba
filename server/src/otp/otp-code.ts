import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { deriveKey } from '../lib/sealed.ts';

/** Decimal digits from a cryptographic source, each as likely as any other. */
export function newCode(length: number): string {
  return Array.from({ length }, () => randomInt(10)).join('');
}

/** HMAC-SHA256 over the code and its id, so that equal codes have different hashes. */
export function hashCode(secretKey: Buffer, otpId: string, code: string): Buffer {
  return createHmac('sha256', deriveKey(secretKey, 'trackly one-time codes')).update(`${otpId} ${code}`).digest();
}

/** In constant time. */
export function isSameHash(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
