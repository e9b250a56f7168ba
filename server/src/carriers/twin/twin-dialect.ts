import type { Credentials } from '../../lib/credentials.ts';
import type { TwinBooks } from './twin-books.ts';

export interface TwinRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface TwinAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** One message of a submit. Numbers in E.164. */
export interface TwinSubmit {
  /** The sender's own id, wherever the carrier's form has room for it. */
  readonly ownId: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  /** Where its receipts go; null: where the operator of the twin said. */
  readonly callbackUrl: string | null;
}

/** What a message is told to have become. */
export interface TwinStatus {
  readonly state: 'sent' | 'delivered' | 'undelivered';
  /** Our word. */
  readonly word: string;
  readonly atMs: number;
}

/** A message that the twin took. */
export interface TwinMessage extends TwinSubmit {
  readonly carrierId: string;
  readonly takenAtMs: number;
  status: TwinStatus;
}

export type TwinResult =
  | { readonly kind: 'accepted'; readonly message: TwinMessage }
  | { readonly kind: 'refused'; readonly submit: TwinSubmit; readonly word: string };

export interface TwinText {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly atMs: number;
}

/** A call that the twin makes. */
export interface TwinCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How one carrier speaks; everything else of a twin is the same for all. */
export interface TwinDialect {
  /** What a list needs to send here, without the address. */
  readonly credentials: Credentials;
  /** The same with the address, where it is no `base_url`. */
  toCredentials?(url: string): Credentials;
  /** Refuses a repeated own id instead of sending twice. */
  readonly deduplicates: boolean;
  isAuthorised(request: TwinRequest): boolean;
  /** undefined: it submits nothing. Throws: it cannot be read. */
  readSubmits(request: TwinRequest): readonly TwinSubmit[] | undefined;
  answerSubmits(results: readonly TwinResult[]): TwinAnswer;
  answerError(kind: 'unauthorised' | 'throttled' | 'server_error' | 'unreadable'): TwinAnswer;
  /** Look-ups and checks; undefined: there is no such thing. */
  answerOther(request: TwinRequest, books: TwinBooks): TwinAnswer | undefined;
  toStatusCall(message: TwinMessage, status: TwinStatus, url: string): TwinCall;
  toInboundCall(text: TwinText, url: string): TwinCall;
}

export function jsonAnswer(status: number, value: unknown): TwinAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}
