import type { Caller, List } from '../accounts/index.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { isListNumber } from '../lib/e164.ts';
import type { Accept } from '../pipeline/accept-types.ts';
import { SOURCES } from '../pipeline/batch.ts';
import { scanBulk, type ScannedSend, scanSend } from './scan-send.ts';
import type { SendDeps } from './send-messages.ts';
import { findListError, hasLinkDomain } from './validate-send.ts';

export interface SendBytesDeps extends Pick<SendDeps, 'directory'> {
  readonly accept: Pick<Accept, 'acceptRows'>;
  readonly idCodec: Pick<IdCodec, 'encode' | 'encodeJsonArray'>;
}

export interface SendBytesInput {
  /** The request's body. Not to be changed until the promise settles. */
  readonly bytes: Buffer;
  /** `send-raw` reads four fields more than `send`. */
  readonly raw: boolean;
}

/** A good send has at most 1,600 characters of text, escaped or not; what is larger is mostly white space. */
const MAX_ONE_BYTES = 16_384;

/**
 * The fast road of `sendMessage`, for requests that are plain and good: accepts their bytes as they came and resolves with
 * the JSON text of what `sendMessage` would answer. undefined: nothing was done, because the message may be wrong or says
 * something that has to be looked at; `sendMessage` judges then. A property test holds the two roads equal.
 * @throws LogFullError, LogUnavailableError, DatabaseUnavailableError
 */
export async function sendMessageBytes(
  deps: SendBytesDeps,
  caller: Caller,
  { bytes, raw }: SendBytesInput,
): Promise<string | undefined> {
  const send = bytes.length > MAX_ONE_BYTES ? undefined : scanSend(bytes, raw);
  const accepting = send && acceptScanned(deps, caller, send);
  if (accepting === undefined) return undefined;
  const id = deps.idCodec.encode(await accepting);
  return `{"success":true,"message_id":"${prefixOf(caller)}${id}","status":"queued"}`;
}

/** The same of `sendBulk`, for requests in which every row is plain and good. */
export async function sendBulkBytes(
  deps: SendBytesDeps,
  caller: Caller,
  { bytes, raw }: SendBytesInput,
): Promise<string | undefined> {
  const send = scanBulk(bytes, raw);
  const accepting = send && acceptScanned(deps, caller, send);
  if (accepting === undefined) return undefined;
  const { count } = send as ScannedSend;
  const ids = deps.idCodec.encodeJsonArray(await accepting, count, prefixOf(caller));
  return `{"queued_count":${count},"error_count":0,"errors":[],"message_ids":${ids}}`;
}

/** Resolves with the number of the first message. undefined: nothing was done. */
function acceptScanned(deps: SendBytesDeps, caller: Caller, send: ScannedSend): Promise<number> | undefined {
  const list = findSender(deps, caller, send);
  if (list === undefined) return undefined;
  const { lane, count, rows: json } = send;
  return deps.accept.acceptRows(SOURCES.api, caller.key.sandbox, { listId: list.id, lane, dueMs: 0, count, json });
}

/** The list that all rows leave from, if nothing about it could refuse one of them. */
function findSender({ directory }: SendBytesDeps, caller: Caller, send: ScannedSend): List | undefined {
  if (!isListNumber(send.listNumber)) return undefined;
  const list = directory.listByNumber(send.listNumber);
  if (list === undefined || list.accountId !== caller.account.id) return undefined;
  if (findListError(list, caller, true) !== undefined) return undefined;
  return send.wrapsLinks && !hasLinkDomain(list, caller) ? undefined : list;
}

function prefixOf({ key }: Caller): string {
  return key.sandbox ? 'sandbox_' : '';
}
