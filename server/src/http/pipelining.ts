import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A connection that asks on without having got so many answers is closed: each of them is kept in memory. */
const MAX_PIPELINED = 4;

const unanswered = new WeakMap<Socket, number>();

/** Counts the request; false, and its connection is closed, when too many of that wait for their answers. */
export function mayPipeline({ socket }: IncomingMessage, response: ServerResponse): boolean {
  const count = (unanswered.get(socket) ?? 0) + 1;
  if (count > MAX_PIPELINED) {
    // No answer: it would wait in memory behind those that are not read.
    socket.destroy();
    return false;
  }
  unanswered.set(socket, count);
  response.on('close', countAnswered);
  return true;
}

function countAnswered(this: ServerResponse): void {
  const { socket } = this.req;
  unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1);
}
