import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { ERRORS } from '../lib/errors.ts';

/** Answers bytes that are no HTTP request, and requests that do not arrive in time, and closes the connection. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ error: ERRORS.invalid_request.text, code: 'invalid_request' });
  socket.end(
    'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\n' +
      `X-Request-Id: ${randomUUID()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
