import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection that writes what and when it likes. */
export interface RawClient {
  readonly socket: Socket;
  /** What it was answered so far. */
  answer(): string;
  isClosed(): boolean;
}

export async function openRawClient(url: string, options: { allowHalfOpen?: boolean } = {}): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ...options });
  let answer = '';
  let closed = false;
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  // The server may cut it off at any moment: that is what is looked at.
  socket.on('error', () => {});
  socket.once('close', () => (closed = true));
  await once(socket, 'connect');
  return { socket, answer: () => answer, isClosed: () => closed };
}

/** The head of a POST with a body of so many bytes. */
export function toHead(path: string, key: string, sizeBytes: number): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: test\r\nX-Api-Key: ${key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${sizeBytes}\r\n\r\n`
  );
}
