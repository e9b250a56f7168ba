import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

export interface HttpRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names and values as they came, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly text: string;
}

/** A client over one real connection, for what `inject` passes by. */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpAnswer>;
  [Symbol.dispose](): void;
}

export async function openHttpClient(app: FastifyInstance): Promise<HttpClient> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    send: ({ method = 'POST', path, headers, body }) =>
      new Promise((resolve, reject) => {
        const sending = request({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () => {
            const { rawHeaders } = answer;
            const names = rawHeaders.filter((_, at) => at % 2 === 0);
            const fields = names.map((name, at) => [name, rawHeaders[at * 2 + 1] ?? ''] as const);
            resolve({ status: answer.statusCode ?? 0, headers: fields, text: Buffer.concat(chunks).toString() });
          });
        });
        sending.once('error', reject);
        sending.end(body);
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}
