/** Successors of version 1 by the start of the path behind `/api/v1`; the first that fits counts. */
const SUCCESSORS: readonly (readonly [pattern: RegExp, successor: string])[] = [
  [/^\/messages\/bulk\/?$/, '/send/bulk'],
  [/^\/messages\/?$/, '/send'],
  [/^\/contacts(?:\/|$)/, '/contacts'],
  [/^\/opt-outs\/?$/, '/contacts'],
  [/^\/phone\/validate\/batch\/?$/, '/phone/validate/batch'],
  [/^\/phone\/validate\/?$/, '/phone/validate'],
];

export function isV1Path(path: string): boolean {
  return path === '/api/v1' || path.startsWith('/api/v1/');
}

/** Headers of every answer of version 1 (RFC 9745 in an early form, RFC 8288). `path` starts with `/api/v1`. */
export function v1Headers(path: string, publicUrl: string): Record<string, string> {
  const rest = path.slice('/api/v1'.length);
  const successor = SUCCESSORS.find(([pattern]) => pattern.test(rest))?.[1] ?? '';
  return {
    'X-API-Deprecated': 'v1 is deprecated',
    Deprecation: 'true',
    Link: `<${publicUrl}/api/v2${successor}>; rel="successor-version"`,
  };
}
