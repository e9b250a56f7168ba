import type { Caller, List } from '../accounts/index.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { isListNumber } from '../lib/e164.ts';
import type { Accept } from '../pipeline/accept-types.ts';
import { SOURCES } from '../pipeline/batch.ts';
import { scanBulk, type ScannedBulk } from './scan-bulk.ts';
import type { SendDeps } from './send-messages.ts';
import { findListError, hasLinkDomain } from './validate-send.ts';

export interface SendBytesDeps extends Pick<SendDeps, 'directory'> {
  readonly accept: Pick<Accept, 'acceptRows'>;
  readonly idCodec: Pick<IdCodec, 'encodeRange'>;
}

export interface SendBytesInput {
  /** The request's body. Not to be changed until the promise settles. */
  readonly bytes: Buffer;
  /** `send-raw` reads four fields more than `send`. */
  readonly raw: boolean;
}

/**
 * The fast road of `sendBulk`, for requests in which every row is good: accepts their bytes as they came and resolves with
 * the JSON text of what `sendBulk` would answer. undefined: nothing was done, because a row may be wrong or says something
 * that has to be looked at; `sendBulk` judges then. A property test holds the two roads equal.
 * @throws LogFullError, LogUnavailableError, DatabaseUnavailableError
 */
export async function sendBulkBytes(
  deps: SendBytesDeps,
  caller: Caller,
  { bytes, raw }: SendBytesInput,
): Promise<string | undefined> {
  const bulk = scanBulk(bytes, raw);
  if (bulk === undefined) return undefined;
  const list = findSender(deps, caller, bulk);
  if (list === undefined) return undefined;
  const { lane, count, rows } = bulk;
  const { sandbox } = caller.key;
  const accepted = { listId: list.id, lane, dueMs: 0, count, json: rows };
  const first = await deps.accept.acceptRows(SOURCES.api, sandbox, accepted);
  return toAnswer(deps.idCodec.encodeRange(first, count), sandbox ? 'sandbox_' : '');
}

/** The list that all rows leave from, if nothing about it could refuse one of them. */
function findSender({ directory }: SendBytesDeps, caller: Caller, bulk: ScannedBulk): List | undefined {
  if (!isListNumber(bulk.listNumber)) return undefined;
  const list = directory.listByNumber(bulk.listNumber);
  if (list === undefined || list.accountId !== caller.account.id) return undefined;
  if (findListError(list, caller, true) !== undefined) return undefined;
  return bulk.wrapsLinks && !hasLinkDomain(list, caller) ? undefined : list;
}

function toAnswer(ids: readonly string[], prefix: string): string {
  const list = ids.join(`","${prefix}`);
  return `{"queued_count":${ids.length},"error_count":0,"errors":[],"message_ids":["${prefix}${list}"]}`;
}
