import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { answerClientError } from './client-error.ts';

/** The request of a connection that came last. */
interface Arrival {
  request: IncomingMessage | null;
  /** When it began, or a file last moved, to a second. */
  sinceMs: number;
  bytesRead: number;
}

const CHECK_MS = 1_000;

/** Requests whose body is a file. */
const files = new WeakSet<IncomingMessage>();

/** The body of the request may take as long as it moves: nothing may stand still for longer than requests may take. */
export function allowFile(request: IncomingMessage): void {
  files.add(request);
}

/**
 * Refuses requests whose body has not arrived `limitMs` after its headers, and closes their connections. Node's own
 * `requestTimeout` does the same but knows no exceptions; `allowFile` makes one. Looks once a second.
 * @returns what has to be told of each request
 */
export function limitArrivals(server: Server, limitMs: number): (request: IncomingMessage) => void {
  const arrivals = new Map<Socket, Arrival>();
  let lookedMs = performance.now();
  server.on('connection', (socket) => {
    arrivals.set(socket, { request: null, sinceMs: lookedMs, bytesRead: 0 });
    socket.once('close', () => arrivals.delete(socket));
  });
  const timer = setInterval(() => {
    lookedMs = performance.now();
    for (const [socket, arrival] of arrivals) {
      if (hasArrived(arrival) || moves(socket, arrival)) arrival.sinceMs = lookedMs;
      else if (lookedMs - arrival.sinceMs > limitMs) answerClientError(new Error('too slow'), socket);
    }
  }, CHECK_MS).unref();
  server.once('close', () => clearInterval(timer));
  return (request) => {
    const arrival = arrivals.get(request.socket);
    if (arrival === undefined) return;
    arrival.request = request;
    arrival.sinceMs = lookedMs;
  };
}

function hasArrived({ request }: Arrival): boolean {
  return request === null || request.complete;
}

/** Of files only. What waits to be read by us stands still by our own fault. */
function moves(socket: Socket, arrival: Arrival): boolean {
  const { request, bytesRead } = arrival;
  if (request === null || !files.has(request)) return false;
  arrival.bytesRead = socket.bytesRead;
  // The server's own would cut it off without a word.
  socket.setTimeout(0);
  return socket.bytesRead > bytesRead || request.readableLength > 0;
}
