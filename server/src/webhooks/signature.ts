import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;
const NEW_BYTES = 32;

/** What the bytes of one request are signed with. */
export interface SigningKeys {
  readonly secret: string;
  /** The secret before, while receivers change over. */
  readonly oldSecret: string | null;
}

export function createSecret(): string {
  return PREFIX + randomBytes(NEW_BYTES).toString('base64');
}

/** `whsec_` and the base64 of 24 to 64 bytes, padded. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES && bytes.toString('base64') === encoded;
}

/**
 * The headers of one try. `webhook-*` are those of Standard Webhooks 1.0 (standardwebhooks.com), with both signatures
 * while there are two secrets; `X-Trackly-Signature` is the HMAC-SHA256 of the body alone, its key the text of the secret.
 * @param eventId 24 hexadecimal digits
 */
export function signedHeaders(
  body: string,
  eventId: string,
  { secret, oldSecret }: SigningKeys,
  nowMs: number,
): Record<string, string> {
  const id = toWebhookId(eventId);
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signed = `${id}.${timestamp}.${body}`;
  const secrets = oldSecret === null ? [secret] : [secret, oldSecret];
  return {
    'content-type': 'application/json',
    'user-agent': 'Trackly-Webhooks/1',
    'x-trackly-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((key) => `v1,${sign(key, signed)}`).join(' '),
  };
}

/** What receivers know an event by. */
export function toWebhookId(eventId: string): string {
  return `evt_${eventId}`;
}

function sign(secret: string, text: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return createHmac('sha256', key).update(text).digest('base64');
}
