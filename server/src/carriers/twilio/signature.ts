import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** What a signature is made of: the address as it was called, and the fields of a form in any order. */
export interface SignedCall {
  readonly url: string;
  readonly fields: Iterable<readonly [name: string, value: string]>;
}

/**
 * `X-Twilio-Signature`: base64 of HMAC-SHA1 with the auth token over the address followed by the fields sorted by name,
 * names and values joined without separators (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
 */
export function signTwilioCall({ url, fields }: SignedCall, authToken: string): string {
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of fields) byName.set(name, (byName.get(name) ?? new Set<string>()).add(value));
  let text = url;
  for (const name of [...byName.keys()].sort()) {
    for (const value of [...(byName.get(name) ?? [])].sort()) text += name + value;
  }
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64');
}

/**
 * Whether a call was signed with the token. The address is tried with and without a port, as Twilio's own
 * libraries do, because it signs some addresses without theirs. A body that is no form is covered by `bodySHA256` in the signed address.
 */
export function isSignedByTwilio(
  { url, body, contentType, signature }: { url: string; body: Buffer; contentType: string; signature: string },
  authToken: string,
): boolean {
  const isForm = contentType.startsWith('application/x-www-form-urlencoded');
  if (!isForm && new URL(url).searchParams.get('bodySHA256')?.toLowerCase() !== hash('sha256', body)) return false;
  const fields = isForm ? [...new URLSearchParams(body.toString('utf8'))] : [];
  return spellings(url).some((spelling) => isSame(signature, signTwilioCall({ url: spelling, fields }, authToken)));
}

function spellings(url: string): string[] {
  const [, scheme = '', host = '', port = '', rest = ''] = /^(https?):\/\/([^/?:]+)(:\d+)?(.*)$/.exec(url) ?? [];
  if (port !== '') return [url, `${scheme}://${host}${rest}`];
  return [url, `${scheme}://${host}:${scheme === 'https' ? 443 : 80}${rest}`];
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
