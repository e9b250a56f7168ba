import type { FastifyInstance } from 'fastify';
import type { Caller, Directory } from '../accounts/index.ts';
import type { CallbackAnswer, CallbackRequest } from '../carriers/carrier.ts';
import type { Config } from '../config/config.ts';
import type { ContactVerbs } from '../contacts/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Row } from '../lib/fields.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type { RawMessageQuery } from '../messages/index.ts';
import type { Accept, AcceptItem } from '../pipeline/accept-types.ts';
import type { OptInPages } from '../opt-ins/index.ts';
import type { Pool } from '../store/pool.ts';
import type { AnswerCover } from '../secrets/index.ts';
import type { WebhookVerbs } from '../webhooks/index.ts';
import type { Call, Query } from './api-route.ts';

/** Verbs behind routes, bound to what they need. Each throws `AppError` with the codes of its endpoint. */
export interface HttpVerbs {
  getMessage(caller: Caller, input: { id: string }): Promise<object>;
  listMessages(caller: Caller, input: RawMessageQuery): Promise<object>;
  cancelMessage(caller: Caller, input: { id: string }): Promise<object>;
  /** Takes a message that passed the checks of a send. */
  preflight(caller: Caller, item: AcceptItem): Promise<object>;
  readonly contacts: ContactVerbs;
  validatePhone(caller: Caller, input: Pick<Call, 'body' | 'transaction'>): Promise<object>;
  validatePhoneBatch(caller: Caller, input: Pick<Call, 'body' | 'transaction'>): Promise<object>;
  sendOtp(caller: Caller, input: Pick<Call, 'body' | 'transaction'>): Promise<object>;
  verifyOtp(caller: Caller, input: Pick<Call, 'body' | 'transaction'>): Promise<object>;
  listReplies(caller: Caller, query: Query): Promise<object>;
  takeOptIn(caller: Caller, input: Pick<Call, 'body' | 'transaction'>): Promise<object>;
  listConsents(caller: Caller, input: { phoneNumber: string }): Promise<object>;
  listLists(caller: Caller, query: Query): Promise<object>;
  getList(caller: Caller, input: { id: string }): Promise<object>;
  addList(caller: Caller, input: Pick<Call, 'body' | 'transaction'>): Promise<object>;
  changeList(caller: Caller, input: { id: string; body: Row }): Promise<object>;
  deleteList(caller: Caller, input: { id: string }): Promise<object>;
  verifyList(caller: Caller, input: { id: string; body: Row }): Promise<object>;
  whoAmI(caller: Caller): Promise<object>;
  setupStatus(caller: Caller): Promise<object>;
  getSettings(caller: Caller): Promise<object>;
  updateSettings(caller: Caller, patch: Row): Promise<object>;
  pauseKey(caller: Caller): Promise<object>;
  readonly webhooks: WebhookVerbs;
}

/** Takes what carriers call; durable when it resolves. Throws `AppError` with the codes of the callback routes. */
export interface CallbackTaker {
  serves(carrier: string): boolean;
  receive(carrier: string, accountId: string, request: CallbackRequest): Promise<CallbackAnswer>;
}

/** What the HTTP server needs of everything else; app.ts puts it together. */
export interface HttpDeps {
  readonly config: Pick<Config, 'publicUrl' | 'corsOrigins'> & Partial<Pick<Config, 'trustedProxies'>>;
  readonly directory: Directory;
  readonly accept: Accept;
  /** Of messages. */
  readonly idCodec: IdCodec;
  readonly pool: Pool;
  readonly clock: Clock;
  /** For answers that hold a secret and are kept. */
  readonly cover: AnswerCover;
  readonly verbs: HttpVerbs;
  /** Where people subscribe themselves. */
  readonly optInPages: OptInPages;
  /** What carriers call. */
  readonly callbacks: CallbackTaker;
  /** In the text format of Prometheus. */
  readonly metricsText: () => Promise<string>;
  readonly isReady: () => { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Within which the headers of a request, and all of it, must have arrived. Default 20 s and 120 s. */
  readonly limits?: { readonly headersTimeoutMs?: number; readonly requestTimeoutMs?: number };
  /** Hears of everything that was answered with a 5xx. */
  readonly reportError: (error: unknown, requestId: string) => void;
  /** False: a process without the API, which answers health checks, metrics and added routes only. Default true. */
  readonly servesApi?: boolean;
  /** Adds routes that are no part of the API, such as the pages of the simulator. */
  readonly addRoutes?: (app: FastifyInstance) => void | Promise<void>;
}
