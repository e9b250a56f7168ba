import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  CallbackRequest,
  Carrier,
  CarrierConnection,
  SubmitMessage,
  SubmitOutcome,
} from '../../src/carriers/carrier.ts';
import { submitAll } from '../../src/carriers/contract-suite.ts';
import type { HttpCarrierDeps } from '../../src/carriers/http-road/http-carrier.ts';
import { createHttpRoads } from '../../src/carriers/http-road/http-road.ts';
import type { Credentials } from '../../src/lib/credentials.ts';
import { ACCOUNT_ID, OWN_NUMBER } from './carrier-subject.ts';

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RecordedAnswer {
  readonly status: number;
  /** JSON unless it is a text. */
  readonly body: unknown;
  readonly contentType?: string;
}

/** A carrier whose peer says over a real socket what was recorded. */
export interface RecordedCarrier extends AsyncDisposable {
  readonly requests: readonly RecordedRequest[];
  readonly connection: CarrierConnection;
  /** What the next requests are answered with. */
  answerWith(answer: RecordedAnswer): void;
  submit(...messages: readonly SubmitMessage[]): Promise<(SubmitOutcome | undefined)[]>;
}

export const PUBLIC_URL = 'https://sms.example.net';

export async function openRecordedCarrier(
  createCarrier: (deps: HttpCarrierDeps) => Carrier,
  toCredentials: (url: string) => Credentials,
): Promise<RecordedCarrier> {
  const requests: RecordedRequest[] = [];
  let answer: RecordedAnswer = { status: 200, body: {} };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      const isText = typeof answer.body === 'string';
      response.writeHead(answer.status, {
        'content-type': answer.contentType ?? (isText ? 'text/plain' : 'application/json'),
      });
      response.end(isText ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const roads = createHttpRoads();
  const list = { id: 1, accountId: ACCOUNT_ID, number: OWN_NUMBER, credentials: toCredentials(url) };
  const connection = createCarrier({ roads, publicUrl: PUBLIC_URL }).connect(list);
  return {
    requests,
    connection,
    answerWith: (next) => void (answer = next),
    submit: async (...messages) => [...(await submitAll(connection, messages)).outcomes],
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await roads[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A call as the server hands it to a carrier. */
export function toCallback(body: unknown, changes: Partial<CallbackRequest> = {}): CallbackRequest {
  return {
    url: `${PUBLIC_URL}/api/webhook-feedbacks/x?account=${ACCOUNT_ID}`,
    secret: null,
    query: { account: ACCOUNT_ID },
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    nowMs: 1_793_638_449_000,
    ...changes,
  };
}
