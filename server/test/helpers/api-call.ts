export interface ApiAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly elapsedMs: number;
  /** As it came. */
  readonly text: string;
  readonly json: {
    message_id?: string;
    message_ids?: string[];
    account?: { id: string };
    state?: string;
    code?: string;
  };
}

export interface ApiCall {
  readonly key: string;
  /** Makes it a POST. */
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

/** @throws TypeError of fetch when the connection is gone or was never made */
export async function callApi(url: string, { key, body, idempotencyKey }: ApiCall): Promise<ApiAnswer> {
  const startMs = performance.now();
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'X-Api-Key': key,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    elapsedMs: performance.now() - startMs,
    text,
    json: JSON.parse(text) as ApiAnswer['json'],
  };
}

/** The ids that a send was answered with; [] when it was refused. */
export function idsOf({ json }: ApiAnswer): string[] {
  return json.message_ids ?? (json.message_id === undefined ? [] : [json.message_id]);
}
