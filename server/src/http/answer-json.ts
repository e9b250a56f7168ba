import type { ServerResponse } from 'node:http';
import { JSON_CONTENT_TYPE } from './content-types.ts';

/** Writes an answer of JSON text with the headers that every answer has, in the form in which Fastify writes them. */
export function answerJson(
  response: ServerResponse,
  status: number,
  json: string,
  { id, headers }: { readonly id: string; readonly headers: Readonly<Record<string, string | number>> },
): void {
  const fields = ['x-request-id', id, 'cache-control', 'no-store'];
  for (const name in headers) fields.push(name.toLowerCase(), String(headers[name]));
  fields.push('content-type', JSON_CONTENT_TYPE, 'content-length', String(Buffer.byteLength(json)));
  response.writeHead(status, fields);
  response.end(json);
}
