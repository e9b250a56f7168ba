const MAX_LENGTH = 253;
/** Labels of letters, digits and inner hyphens (RFC 1123 §2.1), with an optional port for local use. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[0-9]{1,5})?$/i;

/** True for a host name, with or without a port. */
export function isHost(text: string): boolean {
  return text.length <= MAX_LENGTH && HOST.test(text);
}
