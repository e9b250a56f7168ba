import { Type } from 'typebox';
import type { Caller } from '../accounts/index.ts';
import { AppError } from '../lib/errors.ts';
import { wordSchema, type Row } from '../lib/fields.ts';
import { createTimedId } from '../lib/timed-id.ts';
import { parseMessageId } from '../messages/index.ts';
import type { Transaction } from '../store/transaction.ts';
import {
  DELIVERY_STATES,
  insertFinished,
  replayDelivery as replayStored,
  type DeliveryState,
} from '../store/webhook-delivery-store.ts';
import { listDeliveries as listStored, type DeliveryFilter } from '../store/webhook-delivery-list-store.ts';
import { isSuccess } from './dispatcher.ts';
import { EVENT_NAMES, type EventName } from './events.ts';
import { toSampleBody } from './sample-events.ts';
import { signedHeaders } from './signature.ts';
import { openSigningKeys } from './signing-keys.ts';
import { checkFields, needEndpoint, parseHexId, type WebhookDeps } from './webhook-deps.ts';
import { STATE_WORDS, toDeliveryView, type DeliveryPage, type TestedWebhook } from './webhook-view.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;
const CURSOR_PREFIX = 'w1.';

/** For `openapi.json`; `parseQuery` is what judges. */
export const deliveryQueryFields = {
  state: wordSchema(STATE_WORDS),
  event: wordSchema(EVENT_NAMES),
  message_id: Type.String({ description: 'What was told of this message' }),
  limit: Type.String({ description: `1 to ${MAX_LIMIT}, default ${DEFAULT_LIMIT}; more counts as ${MAX_LIMIT}` }),
  cursor: Type.String({ description: 'next_cursor of the page before' }),
};

type RawQuery = Readonly<Record<string, string | undefined>>;

/**
 * Deliveries of an endpoint, newest first, of the last 30 days.
 * @throws AppError `not_found`, `invalid_limit`, `invalid_cursor`, `invalid_state`, `invalid_event`, `invalid_message_id`
 */
export async function listDeliveries(
  deps: WebhookDeps,
  caller: Caller,
  { id, query }: { id: string; query: RawQuery },
): Promise<DeliveryPage> {
  const endpointId = parseHexId(id);
  const { limit, ...filter } = parseQuery(deps, query);
  await needEndpoint(deps.pool, caller, endpointId);
  const rows = await listStored(deps.pool, endpointId, filter, limit + 1);
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    deliveries: shown.map(toDeliveryView),
    pagination: { limit, next_cursor: last === undefined ? null : toCursor(last.id) },
  };
}

function parseQuery(
  { messageIds }: Pick<WebhookDeps, 'messageIds'>,
  query: RawQuery,
): DeliveryFilter & { readonly limit: number } {
  const limit = query['limit'] ?? String(DEFAULT_LIMIT);
  if (!/^[0-9]+$/.test(limit) || Number(limit) < 1) throw new AppError('invalid_limit');
  const before = query['cursor'] === undefined ? null : parseCursor(query['cursor']);
  const state = query['state'];
  if (state !== undefined && !STATE_WORDS.includes(state)) throw new AppError('invalid_state');
  const event = query['event'];
  if (event !== undefined && !(EVENT_NAMES as readonly string[]).includes(event)) throw new AppError('invalid_event');
  const message = query['message_id'] === undefined ? null : parseMessageId(messageIds, query['message_id']);
  if (message === undefined) throw new AppError('invalid_message_id');
  return {
    limit: Math.min(Number(limit), MAX_LIMIT),
    before,
    kinds: toKinds(state as DeliveryState | undefined, event),
    messageNumber: message?.number ?? null,
  };
}

function toKinds(state: DeliveryState | undefined, event: string | undefined): DeliveryFilter['kinds'] {
  if (state === undefined && event === undefined) return null;
  return {
    states: state === undefined ? Object.values(DELIVERY_STATES) : [DELIVERY_STATES[state]],
    events: event === undefined ? EVENT_NAMES : [event],
  };
}

function toCursor(id: string): string {
  return Buffer.from(CURSOR_PREFIX + id, 'latin1').toString('base64url');
}

function parseCursor(cursor: string): string {
  const id = /^w1\.([0-9a-f]{24})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  if (id === undefined || toCursor(id) !== cursor) throw new AppError('invalid_cursor');
  return id;
}

/**
 * Sends the event of a delivery once more, as a delivery of its own with the same `webhook-id` and body.
 * @throws AppError `not_found`
 */
export async function replayDelivery(
  deps: WebhookDeps,
  caller: Caller,
  input: { id: string; deliveryId: string; transaction: Transaction | null },
): Promise<{ success: true; delivery_id: string }> {
  const [endpointId, deliveryId] = [parseHexId(input.id), parseHexId(input.deliveryId)];
  const db = input.transaction ?? deps.pool;
  await needEndpoint(db, caller, endpointId);
  const nowMs = deps.clock();
  const id = createTimedId(nowMs);
  if (!(await replayStored(db, endpointId, deliveryId, { id, nowMs }))) throw new AppError('not_found');
  return { success: true, delivery_id: id };
}

/**
 * One try with a sample body, whatever the endpoint's status. It is kept as a delivery and not repeated.
 * @throws AppError `invalid_event`, `not_found`
 */
export async function testWebhook(
  deps: WebhookDeps,
  caller: Caller,
  input: { id: string; body: Row },
): Promise<TestedWebhook> {
  const endpointId = parseHexId(input.id);
  checkFields(deps, deps.fields.test, input.body);
  const endpoint = await needEndpoint(deps.pool, caller, endpointId);
  const event = (input.body['event'] as EventName | null | undefined) ?? 'delivery';
  const nowMs = deps.clock();
  const id = createTimedId(nowMs);
  const body = toSampleBody(event, nowMs);
  const keys = await openSigningKeys(deps.vault, endpointId, endpoint, nowMs);
  if (keys === undefined) throw new Error(`the secret of webhook ${endpointId} cannot be opened`);
  const headers = signedHeaders(body, id, keys, nowMs);
  const { statusCode, durationMs, error, excerpt } = await deps.sender.post(endpoint.url, headers, body);
  const delivered = isSuccess(statusCode);
  await insertFinished(deps.pool, {
    endpointId,
    id,
    event,
    body,
    state: delivered ? 'delivered' : 'failed',
    attempt: { at_ms: nowMs, status_code: statusCode, duration_ms: durationMs, error, response_excerpt: excerpt },
  });
  return { success: true, delivery_id: id, delivered, status_code: statusCode, duration_ms: durationMs, error };
}
