/** One sentence for the operator, without a stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  if (code === 'EADDRINUSE') return describeBusyPort(error);
  if (syscall === 'listen') return `${error.message}: choose another place with --host and --port.`;
  if (error.name === 'TracklyError') return describeRefusal(error);
  if (error instanceof TypeError && error.message === 'fetch failed') return describeNoAnswer(error);
  if (isUnreachable(error)) return describeUnreachable(error);
  return error.message === '' ? error.name : error.message;
}

function describeBusyPort(error: Error): string {
  const { address, port } = error as Error & { address?: string; port?: number };
  return `Port ${port ?? '?'} on ${address ?? '?'} is in use: stop what listens there or choose another with --port or PORT.`;
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'ECONNRESET', 'ENOENT']);

function isUnreachable(error: Error): boolean {
  return UNREACHABLE.has(String(codeOf(error))) || error.name === 'DatabaseUnavailableError';
}

/** A host with several addresses fails with one error each. */
function codeOf(error: Error): unknown {
  const { code, errors } = error as Error & { code?: unknown; errors?: readonly (Error & { code?: unknown })[] };
  return code ?? errors?.[0]?.code;
}

function describeUnreachable(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  const { path, syscall } = cause as Error & { path?: unknown; syscall?: unknown };
  if (typeof path === 'string' && syscall === 'open') return cause.message;
  const reason = cause.message === '' ? String(codeOf(cause)) : cause.message;
  return `The database cannot be reached (${reason}): check DATABASE_URL and that it runs.`;
}

function describeRefusal(error: Error): string {
  const { code, requestId } = error as Error & { code?: string; requestId?: string | null };
  return `${error.message} (${code ?? 'unknown'}${typeof requestId === 'string' ? `, request ${requestId}` : ''})`;
}

function describeNoAnswer({ cause }: Error): string {
  const reason = cause instanceof Error ? cause.message || String(codeOf(cause)) : 'no answer';
  return `The server cannot be reached (${reason}): check --url and that it runs.`;
}
