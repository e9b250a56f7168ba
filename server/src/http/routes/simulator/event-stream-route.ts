import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SimulatorEvent } from '../../../carriers/simulator/simulator-events.ts';
import { toSimulatedId } from '../../../carriers/simulator/receipts.ts';
import { SECOND_MS } from '../../../lib/clock.ts';
import { handsetOf, toHandsetMessage } from './handset-message.ts';
import type { SimulatorRoutesDeps } from './simulator-deps.ts';

const KEEP_ALIVE_MS = 15 * SECOND_MS;
/** A reader that is this far behind is cut off; its browser connects again and loads what it missed. */
const MAX_BUFFERED_BYTES = 1_048_576;
const HEADERS = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' };

/** Server-sent events (HTML Living Standard §9.2): `message` and `receipt`, as they happen, nothing from before. */
export function addEventStreamRoute(app: FastifyInstance, { simulator }: SimulatorRoutesDeps): void {
  const open = new Set<ServerResponse>();
  app.addHook('preClose', async () => {
    for (const response of open) response.end();
  });
  app.get('/simulator/events', (request, reply) => {
    if (request.method === 'HEAD') void reply.headers(HEADERS).send();
    else follow(startStream(reply));
  });

  function follow(response: ServerResponse): void {
    open.add(response);
    const unsubscribe = simulator.subscribe((event) => write(response, toEventText(event)));
    const keepAlive = setInterval(() => write(response, ': still here\n\n'), KEEP_ALIVE_MS);
    response.once('close', () => {
      clearInterval(keepAlive);
      unsubscribe();
      open.delete(response);
    });
  }
}

function startStream(reply: FastifyReply): ServerResponse {
  reply.hijack();
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEADERS })) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200);
  reply.raw.write('retry: 1000\n\n');
  return reply.raw;
}

function write(response: ServerResponse, text: string): void {
  if (response.writableEnded || response.destroyed) return;
  if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
  else response.write(text);
}

function toEventText(event: SimulatorEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(toData(event))}\n\n`;
}

function toData(event: SimulatorEvent): object {
  const phone = handsetOf(event.message);
  if (event.type === 'message') return { phone, message: toHandsetMessage(event.message) };
  const { part, state, detail, atMs } = event.report;
  return {
    phone,
    id: toSimulatedId(event.message.seq),
    message_id: event.message.messageId,
    part,
    state,
    detail,
    at: new Date(atMs ?? event.message.lastAtMs).toISOString(),
  };
}
