/** What became of tries that got no answer, as deliveries show it, by the codes and names of errors of Node and undici. */
const ERROR_WORDS: Readonly<Record<string, string>> = {
  address_refused: 'address_refused',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ETIMEDOUT: 'connect_timeout',
  ENOTFOUND: 'name_not_found',
  ENODATA: 'name_not_found',
  EBADNAME: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  ESERVFAIL: 'name_server_failed',
  EREFUSED: 'name_server_failed',
  EBADRESP: 'name_server_failed',
  ETIMEOUT: 'name_server_failed',
  ECONNREFUSED: 'connection_refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  UND_ERR_SOCKET: 'connection_closed',
  ECONNRESET: 'connection_closed',
  EPIPE: 'connection_closed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate_not_trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate_not_trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate_not_trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate_not_trusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate_not_trusted',
  CERT_UNTRUSTED: 'certificate_not_trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate_of_another_name',
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'certificate_not_yet_valid',
  EPROTO: 'tls_failed',
  UND_ERR_HEADERS_OVERFLOW: 'no_http',
  HTTPParserError: 'no_http',
  ERR_INVALID_URL: 'invalid_url',
};

/** Codes of one kind, by how they begin. */
const FAMILIES: readonly [prefix: string, word: string][] = [
  ['ERR_SSL_', 'tls_failed'],
  ['ERR_TLS_', 'tls_failed'],
  ['HPE_', 'no_http'],
];

export function toErrorWord(error: Error): string {
  const code = codeOf(error);
  return ERROR_WORDS[code] ?? FAMILIES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? code.toLowerCase();
}

function codeOf(error: Error & { readonly code?: unknown }): string {
  if (typeof error.code === 'string') return error.code;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return inner instanceof Error ? codeOf(inner) : error.name;
}
