import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { MINUTE_MS, SECOND_MS } from '../../lib/clock.ts';

/** A call may be older or newer by this, inclusive. */
const TOLERANCE_MS = 5 * MINUTE_MS;
const KEY_BYTES = 32;

export interface TelnyxSignedCall {
  readonly body: Buffer;
  /** `telnyx-timestamp`, Unix seconds. */
  readonly timestamp: string;
  /** `telnyx-signature-ed25519`, base64. */
  readonly signature: string;
  readonly nowMs: number;
}

/**
 * Ed25519 (RFC 8032) over `{timestamp}|{body}` with the account's public key, 32 bytes in base64
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 */
export function isSignedByTelnyx({ body, timestamp, signature, nowMs }: TelnyxSignedCall, publicKey: string): boolean {
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(nowMs - Number(timestamp) * SECOND_MS) > TOLERANCE_MS) return false;
  const key = toKey(publicKey);
  const signed = Buffer.concat([Buffer.from(`${timestamp}|`), body]);
  return key !== undefined && verify(null, signed, key, Buffer.from(signature, 'base64'));
}

/** The text is 32 bytes in base64. */
export function isTelnyxPublicKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, 'base64').length === KEY_BYTES;
}

function toKey(publicKey: string): KeyObject | undefined {
  if (!isTelnyxPublicKey(publicKey)) return undefined;
  const x = Buffer.from(publicKey, 'base64').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
