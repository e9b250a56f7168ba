import type { ErrorCode } from './generated/types.ts';

/** What the API answered instead of a success. */
export class TracklyError extends Error {
  override readonly name = 'TracklyError';
  /** HTTP status. */
  readonly status: number;
  /** Stable; branch on it. `unknown` when the answer was not one of the API's. */
  readonly code: ErrorCode | 'unknown' | (string & {});
  /** Name it when you ask for help. */
  readonly requestId: string | null;

  constructor(message: string, details: { status: number; code: string; requestId: string | null }) {
    super(message);
    this.status = details.status;
    this.code = details.code;
    this.requestId = details.requestId;
  }
}

/** Reads an error answer, also one of a proxy that is no JSON. */
export async function toTracklyError(response: Response): Promise<TracklyError> {
  const body = parseObject(await response.text());
  const { error, message, code } = body;
  const text = typeof error === 'string' ? error : `HTTP ${response.status}`;
  return new TracklyError(typeof message === 'string' ? `${text}: ${message}` : text, {
    status: response.status,
    code: typeof code === 'string' ? code : 'unknown',
    requestId: response.headers.get('x-request-id'),
  });
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
