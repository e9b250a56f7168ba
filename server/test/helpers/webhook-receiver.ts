import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as a receiver got it. */
export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A receiver over a real socket on loopback. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  /** In order. */
  readonly received: Received[];
  /** How it answers from now on; `hang`: not at all. */
  answer: number | 'hang' | ((request: Received, response: ServerResponse) => void);
}

/** @param tls https instead of http */
export async function startReceiver(tls?: ServerOptions): Promise<WebhookReceiver> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => void take(request, response);
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  const receiver: WebhookReceiver = {
    port: 0,
    server,
    received: [],
    answer: 204,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received = {
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
    };
    receiver.received.push(received);
    const { answer } = receiver;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else if (answer !== 'hang') answer(received, response);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(receiver, { port: (server.address() as AddressInfo).port });
}
