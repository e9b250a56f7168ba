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
import { type SeenRequest, startRecordedPeer } from './recorded-peer.ts';

export interface RecordedAnswer {
  readonly status: number;
  /** JSON unless it is a text. */
  readonly body: unknown;
  readonly contentType?: string;
}

/** A carrier whose peer says over a real socket what was recorded. */
export interface RecordedCarrier extends AsyncDisposable {
  readonly requests: readonly SeenRequest[];
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
  const peer = await startRecordedPeer();
  const roads = createHttpRoads();
  const list = { id: 1, accountId: ACCOUNT_ID, number: OWN_NUMBER, credentials: toCredentials(peer.url) };
  const connection = createCarrier({ roads, publicUrl: PUBLIC_URL }).connect(list);
  return {
    requests: peer.seen,
    connection,
    answerWith({ status, body, contentType }) {
      const isText = typeof body === 'string';
      const text = isText ? body : JSON.stringify(body);
      const type = contentType ?? (isText ? 'text/plain' : 'application/json');
      peer.answer = () => ({ status, body: text, contentType: type });
    },
    submit: async (...messages) => [...(await submitAll(connection, messages)).outcomes],
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await roads[Symbol.asyncDispose]();
      await peer[Symbol.asyncDispose]();
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
