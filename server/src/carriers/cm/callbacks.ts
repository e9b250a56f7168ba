import { hash } from 'node:crypto';
import { isPlainObject } from '../../lib/fields.ts';
import type { CallbackContent, CallbackRequest, CarrierCallbacks, InboundText } from '../carrier.ts';
import { objectIn, objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import { verifyPathSecret } from '../path-secret.ts';
import { readDescription } from './codes.ts';

export const CM_CALLBACKS = {
  answer: { contentType: 'application/json; charset=utf-8', body: '{"success":true}' },
  verify: verifyPathSecret,
  parse,
} satisfies CarrierCallbacks;

type Report = CallbackContent['reports'][number];
type Told = Pick<Report, 'state' | 'detail' | 'permanent'>;

/** Status calls and inbound texts come to the same address; only the former have `messages`. */
function parse({ body, nowMs }: CallbackRequest): CallbackContent | undefined {
  const call = readJsonObject(body.toString('utf8'));
  if (call === undefined) return undefined;
  if (isPlainObject(call['messages'])) {
    const reports = objectsIn(call['messages'], 'msg').map(toReport);
    return { reports: reports.filter((report) => report !== undefined), inbound: [] };
  }
  const inbound = toInbound(call, nowMs);
  return inbound === undefined ? undefined : { reports: [], inbound: [inbound] };
}

/** @returns undefined without our reference or a known status: what a call holds is set up at the carrier */
function toReport(message: JsonObject): Report | undefined {
  const status = objectIn(message, 'status');
  const messageId = textIn(message, 'reference');
  const told = toState(textIn(status, 'code'), textIn(status, 'errorDescription') ?? '');
  if (messageId === null || told === undefined) return undefined;
  return {
    messageId,
    carrierId: null,
    part: null,
    ...told,
    code: textIn(status, 'errorCode'),
    atMs: parseUtc(textIn(message, 'received')),
    ownNumber: null,
  };
}

const SURE: Readonly<Record<string, Told>> = {
  '0': { state: 'sent', detail: 'DELIVERED_TO_OPERATOR', permanent: null },
  '2': { state: 'delivered', detail: 'DELIVERED_TO_HANDSET', permanent: null },
  // Read.
  '4': { state: 'delivered', detail: 'DELIVERED_TO_HANDSET', permanent: null },
};

function toState(code: string | null, description: string): Told | undefined {
  if (code === '1') return { state: 'failed', ...readDescription(description, 'REJECTED_SYSTEM_ERROR') };
  if (code === '3') return { state: 'undelivered', ...readDescription(description, 'UNDELIVERABLE_NOT_DELIVERED') };
  return SURE[code ?? ''];
}

/** CM gives texts no id: sender, recipient, time and text make one, so that a repeat is known. */
function toInbound(call: JsonObject, nowMs: number): InboundText | undefined {
  const [from, to] = [textIn(objectIn(call, 'from'), 'number'), textIn(objectIn(call, 'to'), 'number')];
  if (from === null || to === null) return undefined;
  const text = textIn(objectIn(call, 'message'), 'text') ?? '';
  const time = textIn(call, 'timeUtc');
  const id = hash('sha256', JSON.stringify([from, to, time, text])).slice(0, 32);
  return { id, from, to, text, atMs: parseUtc(time) ?? nowMs };
}

/** CM's times are UTC and do not say so. */
function parseUtc(time: string | null): number | null {
  if (time === null) return null;
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(time) ? time : `${time}Z`);
  return Number.isNaN(ms) ? null : ms;
}
