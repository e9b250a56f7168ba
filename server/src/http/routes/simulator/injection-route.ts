import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CarrierEvents, CarrierReport } from '../../../carriers/carrier.ts';
import type { SimulatedMessage, SimulatorStore } from '../../../carriers/simulator/simulator-store.ts';
import { isE164 } from '../../../lib/e164.ts';
import { AppError } from '../../../lib/errors.ts';
import { isCleanText } from '../../../lib/fields.ts';
import { parseTimeMs } from '../../../lib/parse-time.ts';
import { parseJsonObject, readBody } from '../../read-body.ts';
import { lastValue } from './cursor-paging.ts';
import type { SimulatorList, SimulatorRoutesDeps } from './simulator-deps.ts';

type Payload = Readonly<Record<string, unknown>>;

const STATES: readonly unknown[] = ['sent', 'delivered', 'undelivered', 'failed'];
const OWN_ID = /^[0-9A-Za-z]{8}$/;
const MAX_ID_LENGTH = 128;

/** Events of somebody's own making, as if the carrier had called. Answered when they are durable. */
export function addInjectionRoute(app: FastifyInstance, deps: SimulatorRoutesDeps): void {
  app.post('/api/webhook-feedbacks/simulator', (request) => inject(request, deps));
}

async function inject(request: FastifyRequest, deps: SimulatorRoutesDeps): Promise<object> {
  const accountId = lastValue(request.query, 'account')?.toLowerCase() ?? '';
  if (!deps.hasAccount(accountId)) throw new AppError('invalid_signature');
  const lists = deps.simulatorLists().filter((list) => list.accountId === accountId);
  const payload = parsePayload(await readBody(request.raw));
  await deps.simulator.inject(toEvents(payload, lists, deps));
  return { success: true };
}

function parsePayload(bytes: Buffer): Payload {
  try {
    return parseJsonObject(bytes);
  } catch (cause) {
    throw new AppError('invalid_payload', { cause });
  }
}

function toEvents(payload: Payload, lists: readonly SimulatorList[], deps: SimulatorRoutesDeps): CarrierEvents {
  const atMs = toTimeMs(payload['at'], deps.clock());
  if (payload['type'] === 'inbound') return toInboundEvents(payload, lists, atMs);
  if (payload['type'] === 'status') return toStatusEvents(payload, lists, deps.simulator.store, atMs);
  throw new AppError('invalid_payload');
}

function toInboundEvents(payload: Payload, lists: readonly SimulatorList[], atMs: number): CarrierEvents {
  const { from, to, text } = payload;
  const list = lists.find(({ number }) => number === to);
  if (list === undefined || typeof from !== 'string' || !isE164(from) || !isText(text))
    throw new AppError('invalid_payload');
  const inbound = [{ id: toId(payload['id']), from, to: list.number, text, atMs }];
  return { listId: list.id, reports: [], inbound };
}

/** A status of a message that the simulator does not know goes to the account's first list: it may become known. */
function toStatusEvents(
  payload: Payload,
  lists: readonly SimulatorList[],
  store: SimulatorStore,
  atMs: number,
): CarrierEvents {
  const id = toId(payload['id']);
  const message = store.messageByOwnId(id) ?? store.messageByCarrierId(id);
  const list = message === undefined ? lists[0] : lists.find((own) => own.id === message.listId);
  if (list === undefined) throw new AppError('invalid_payload');
  return { listId: list.id, reports: [toReport(payload, id, message, atMs)], inbound: [] };
}

function toReport(payload: Payload, id: string, message: SimulatedMessage | undefined, atMs: number): CarrierReport {
  const { state, detail = null, permanent = null } = payload;
  if (!STATES.includes(state)) throw new AppError('invalid_payload');
  if (detail !== null && (typeof detail !== 'string' || !/^[A-Z0-9_]{1,64}$/.test(detail)))
    throw new AppError('invalid_payload');
  if (permanent !== null && typeof permanent !== 'boolean') throw new AppError('invalid_payload');
  const isOwnId = message === undefined ? OWN_ID.test(id) : message.messageId === id;
  return {
    messageId: isOwnId ? id : (message?.messageId ?? null),
    carrierId: isOwnId ? null : id,
    part: toPart(payload['part'], isOwnId ? null : id, message),
    state: state as CarrierReport['state'],
    detail,
    permanent,
    code: null,
    atMs,
  };
}

/** The part that was named, or the one that the carrier's id stands for; a message of one part needs none. */
function toPart(given: unknown, carrierId: string | null, message: SimulatedMessage | undefined): number | null {
  if (
    given !== undefined &&
    given !== null &&
    !(Number.isSafeInteger(given) && Number(given) >= 1 && Number(given) <= 255)
  )
    throw new AppError('invalid_payload');
  if (message?.parts === 1) return null;
  if (typeof given === 'number') return given;
  return message === undefined || carrierId === null ? null : Number(carrierId) - message.firstCarrierId + 1;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && isCleanText(value);
}

function toId(value: unknown): string {
  if (!isText(value) || value === '' || value.length > MAX_ID_LENGTH) throw new AppError('invalid_payload');
  return value;
}

function toTimeMs(value: unknown, nowMs: number): number {
  if (value === undefined || value === null) return nowMs;
  const atMs = typeof value === 'string' ? parseTimeMs(value) : undefined;
  if (atMs === undefined) throw new AppError('invalid_payload');
  return atMs;
}
