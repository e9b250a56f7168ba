import { createHash } from 'node:crypto';
import { toCanonicalJson } from '../lib/canonical-json.ts';
import { type Clock, HOUR_MS } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { Row } from '../lib/fields.ts';
import {
  deleteIdempotencyKeys,
  findIdempotencyKey,
  insertIdempotencyKey,
  tryLockIdempotencyKey,
  type IdempotencyScope,
} from '../store/idempotency-store.ts';
import type { AnswerCover } from '../secrets/index.ts';
import type { Pool } from '../store/pool.ts';
import { withRepeatedTransaction, withTransaction, type Transaction } from '../store/transaction.ts';
import type { Query, Upload } from './api-route.ts';
import type { RequestFile } from './read-file.ts';

export type { IdempotencyScope } from '../store/idempotency-store.ts';

const KEPT_MS = 72 * HOUR_MS;

export interface IdempotentRequest {
  readonly scope: IdempotencyScope;
  /** undefined when none was sent. */
  readonly body: Row | undefined;
  readonly query: Query;
}

export interface IdempotentAnswer {
  readonly status: number;
  /** JSON text. */
  readonly json: string;
  /** The answer is that of an earlier request. */
  readonly replayed: boolean;
}

export interface IdempotencyDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Seals what is kept. */
  readonly cover?: AnswerCover | undefined;
}

/**
 * The value of the header Idempotency-Key, undefined when there is none.
 * @throws AppError `invalid_idempotency_key`
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(header)) throw new AppError('invalid_idempotency_key');
  return header;
}

export interface Work {
  readonly status: number;
  /** JSON text. */
  readonly json: string;
}

/**
 * Runs `work` at most once a key. Its effect and its answer are stored in the same transaction, so that either both are
 * there or none; when `work` rejects, the key is free again. `work` must put its whole effect into the transaction.
 * @throws AppError `idempotency_in_progress` (another request holds the key now), `idempotency_key_reused`;
 * DatabaseUnavailableError; what `work` throws
 */
export function runOnce(
  deps: IdempotencyDeps,
  request: IdempotentRequest,
  work: (transaction: Transaction) => Promise<Work>,
): Promise<IdempotentAnswer> {
  const requestHash = hashRequest(request);
  return withRepeatedTransaction(deps.pool, async (transaction) => {
    const { cover, clock } = deps;
    const earlier = await findEarlier(transaction, request.scope, { requestHash, nowMs: clock(), cover });
    if (earlier !== undefined) return earlier;
    return await keep(transaction, request.scope, { requestHash, nowMs: clock(), cover }, await work(transaction));
  });
}

/**
 * The same for work that answers the same when it is repeated and has its own transaction, if any. No connection is held
 * while it runs, so any number of such requests cannot starve each other of connections.
 * @throws as `runOnce`
 */
export async function runRepeatable(
  deps: IdempotencyDeps,
  request: IdempotentRequest,
  work: () => Promise<Work>,
): Promise<IdempotentAnswer> {
  const requestHash = hashRequest(request);
  const { cover } = deps;
  const find = (transaction: Transaction) =>
    findEarlier(transaction, request.scope, { requestHash, nowMs: deps.clock(), cover });
  const earlier = await withTransaction(deps.pool, find);
  if (earlier !== undefined) return earlier;
  const answer = await work();
  return await withTransaction(
    deps.pool,
    async (transaction) =>
      (await find(transaction)) ??
      (await keep(transaction, request.scope, { requestHash, nowMs: deps.clock(), cover }, answer)),
  );
}

export interface FileRequest {
  readonly scope: IdempotencyScope;
  readonly query: Query;
  readonly file: RequestFile;
  /** Of a success. */
  readonly status: number;
}

/**
 * The same for work on a file of any size, which is read without a transaction: what `work` does last, and alone has an
 * effect, goes into the one that `commit` opens. The file of a request that was answered before is read to the end, because
 * it has to be the same. Two requests with one key at the same time may both send their files; one of them has an effect.
 * @throws as `runOnce`
 */
export async function runUpload(
  deps: IdempotencyDeps,
  { scope, query, file, status }: FileRequest,
  work: (commit: Upload['commit']) => Promise<unknown>,
): Promise<IdempotentAnswer> {
  let requestHash: Buffer | undefined;
  const find = async (transaction: Transaction): Promise<IdempotentAnswer | undefined> => {
    requestHash ??= hashFile(file, query);
    return await findEarlier(transaction, scope, { requestHash, nowMs: deps.clock(), cover: undefined });
  };
  const isKnown = await withTransaction(deps.pool, (transaction) => isAnswered(transaction, scope, deps.clock()));
  if (isKnown) {
    for await (const _ of file.bytes);
    const earlier = await withTransaction(deps.pool, find);
    if (earlier !== undefined) return earlier;
    throw new AppError('idempotency_in_progress');
  }
  let answer: IdempotentAnswer | undefined;
  const commit: Upload['commit'] = (step) =>
    withTransaction(deps.pool, async (transaction) => {
      answer = await find(transaction);
      if (answer !== undefined) throw new AnsweredBefore();
      const result = await step(transaction);
      const moment = { requestHash: requestHash as Buffer, nowMs: deps.clock(), cover: undefined };
      answer = await keep(transaction, scope, moment, { status, json: JSON.stringify(result) });
      return result;
    });
  await work(commit).catch((error: unknown) => {
    if (!(error instanceof AnsweredBefore)) throw error;
  });
  if (answer === undefined) throw new Error('an upload ended without an answer');
  return answer;
}

/** Ends work that another request with the same key has done. */
class AnsweredBefore extends Error {
  override readonly name = 'AnsweredBefore';
}

async function isAnswered(transaction: Transaction, scope: IdempotencyScope, nowMs: number): Promise<boolean> {
  return (await findIdempotencyKey(transaction, scope, nowMs - KEPT_MS)) !== undefined;
}

interface Moment {
  readonly requestHash: Buffer;
  readonly nowMs: number;
  readonly cover: AnswerCover | undefined;
}

async function findEarlier(
  transaction: Transaction,
  scope: IdempotencyScope,
  { requestHash, nowMs, cover }: Moment,
): Promise<IdempotentAnswer | undefined> {
  if (!(await tryLockIdempotencyKey(transaction, scope))) throw new AppError('idempotency_in_progress');
  const stored = await findIdempotencyKey(transaction, scope, nowMs - KEPT_MS);
  if (stored === undefined) return undefined;
  if (!stored.requestHash.equals(requestHash)) throw new AppError('idempotency_key_reused');
  const json = cover === undefined ? stored.body : cover.open(stored.body, toPlace(scope));
  if (json === undefined) throw new Error('The kept answer cannot be opened: the secret key was replaced');
  return { status: stored.status, json, replayed: true };
}

async function keep(
  transaction: Transaction,
  scope: IdempotencyScope,
  { requestHash, nowMs, cover }: Moment,
  { status, json }: Work,
): Promise<IdempotentAnswer> {
  const body = cover === undefined ? json : cover.seal(json, toPlace(scope));
  await insertIdempotencyKey(transaction, scope, { requestHash, status, body, createdMs: nowMs });
  return { status, json, replayed: false };
}

/** What a kept answer is sealed for. */
function toPlace({ accountId, path, key }: IdempotencyScope): string {
  return `answer ${accountId} ${path} ${key}`;
}

function hashRequest({ body, query }: IdempotentRequest): Buffer {
  return createHash('sha256')
    .update(`${toCanonicalJson(body)}\n${toCanonicalJson(query)}`)
    .digest();
}

function hashFile(file: RequestFile, query: Query): Buffer {
  return createHash('sha256')
    .update(`file ${file.digest()}\n${toCanonicalJson(query)}`)
    .digest();
}

/** Forgets answers older than 72 hours; resolves with how many. For the scheduler, any number of times. */
export function purgeIdempotencyKeys(pool: Pool, nowMs: number): Promise<number> {
  return deleteIdempotencyKeys(pool, nowMs - KEPT_MS);
}
