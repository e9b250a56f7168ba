import type { TSchema } from 'typebox';
import type { Caller } from '../accounts/index.ts';
import type { ErrorCode } from '../lib/errors.ts';
import type { Row } from '../lib/fields.ts';
import type { Transaction } from '../store/transaction.ts';

/** One request that passed the checks every endpoint shares. */
export interface Call {
  readonly caller: Caller;
  /** The JSON object of the body; empty where none was sent and none is needed. */
  readonly body: Row;
  /** The body as it came, for endpoints that read it in a way of their own. */
  readonly bodyBytes: Buffer;
  /** Where the endpoint takes a file. */
  readonly upload: Upload | null;
  readonly params: Readonly<Record<string, string>>;
  /** The last value of each parameter. */
  readonly query: Query;
  /** Set for a request with an Idempotency-Key whose route says so: the effect belongs into it. */
  readonly transaction: Transaction | null;
}

/** A file that comes as the body of a request. */
export interface Upload {
  /** It can be read once. @throws AppError `invalid_request` when the connection ends before the file does */
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * Runs the last step of the work on the file, which makes the answer: in one transaction with what is kept for the
   * request's Idempotency-Key. It rejects, and does not run `step`, when a request with the same key was answered in the
   * meantime.
   */
  readonly commit: <T extends object>(step: (transaction: Transaction) => Promise<T>) => Promise<T>;
}

export type Query = Readonly<Record<string, string>>;

/** What the reference page and `openapi.json` say about an endpoint. */
export interface ApiRouteDocs {
  readonly operationId: string;
  readonly tag: 'Messages' | 'Contacts' | 'Phone' | 'Lists' | 'Webhooks' | 'Account' | 'Version 1';
  readonly summary: string;
  readonly description?: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly bodyExample?: object;
  readonly response: TSchema;
  readonly responseExample?: object;
  /** Beside those of every endpoint, in check order. */
  readonly errors: readonly ErrorCode[];
  /** Codes that this endpoint answers with another status than the catalogue's. */
  readonly statusOf?: Readonly<Partial<Record<ErrorCode, number>>>;
}

/** A success with a status of its own. */
export class Answer {
  readonly status: 200 | 201;
  readonly body: object;

  constructor(status: 200 | 201, body: object) {
    this.status = status;
    this.body = body;
  }
}

/** A success that is a CSV file, streamed. */
export class CsvAnswer {
  readonly text: AsyncIterable<string>;

  constructor(text: AsyncIterable<string>) {
    this.text = text;
  }
}

/** The same before its body is read as JSON, for endpoints that can do with its bytes. */
export type BytesCall = Pick<Call, 'caller' | 'bodyBytes'>;

/** An endpoint under `/api/v1` or `/api/v2`: schema, call, status. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** In Fastify's form, such as `/api/v2/messages/:id`. */
  readonly path: string;
  /** Of a success. */
  readonly status: 200 | 201;
  /** Of a success that `handle` answers with an `Answer`. */
  readonly otherStatus?: 200 | 201;
  /** Whether the endpoint reads a body; an optional one may be empty. `csv`: a file of any size, which is streamed. */
  readonly body: 'none' | 'optional' | 'required' | 'csv';
  /** It answers with a file. */
  readonly answersCsv?: true;
  /**
   * For POST: how a request with an Idempotency-Key runs. `transaction`: the effect goes into `call.transaction`;
   * `repeatable`: the verb answers the same when it is repeated.
   */
  readonly effect?: 'transaction' | 'repeatable';
  /** The answer holds a secret: where it is kept for a request with an Idempotency-Key it is sealed. */
  readonly answerIsSecret?: true;
  /** The product that must be on for the account. */
  readonly product?: 'sms';
  readonly docs: ApiRouteDocs;
  /**
   * A faster road for requests without an Idempotency-Key (`send-road.ts`): resolves with the JSON text of the success, or
   * with undefined when it did nothing, and then `handle` runs.
   */
  readonly handleBytes?: (call: BytesCall) => Promise<string | undefined>;
  /** Resolves with the body of the success, or with an `Answer` where its status is another one. */
  readonly handle: (call: Call) => Promise<object>;
}
