import { textOf, type Credentials } from '../../lib/credentials.ts';
import type { Authenticity, CallbackContent, CallbackRequest, CarrierCallbacks, InboundText } from '../carrier.ts';
import { meaningOf } from '../code-table.ts';
import { objectIn, objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import { TELNYX_CODES } from './codes.ts';
import { isSignedByTelnyx } from './signature.ts';

export const TELNYX_CALLBACKS = {
  answer: { contentType: 'application/json; charset=utf-8', body: '{"success":true}' },
  verify,
  parse,
} satisfies CarrierCallbacks;

function verify({ headers, body, nowMs }: CallbackRequest, credentials: Credentials): Authenticity {
  const publicKey = textOf(credentials, 'public_key');
  const [signature, timestamp] = [headers['telnyx-signature-ed25519'], headers['telnyx-timestamp']];
  if (publicKey === undefined || typeof signature !== 'string' || typeof timestamp !== 'string') return 'forged';
  return isSignedByTelnyx({ body, timestamp, signature, nowMs }, publicKey) ? 'genuine' : 'forged';
}

const NOTHING: CallbackContent = { reports: [], inbound: [] };

/** Events come repeated, in any order and several at once; the carrier's time puts them in order. */
function parse({ body, query, nowMs }: CallbackRequest): CallbackContent | undefined {
  const call = readJsonObject(body.toString('utf8'));
  const data = call === undefined ? undefined : objectIn(call, 'data');
  const event = data === undefined ? null : textIn(data, 'event_type');
  if (data === undefined || event === null) return undefined;
  const payload = objectIn(data, 'payload');
  const atMs = parseTime(textIn(data, 'occurred_at'));
  if (event === 'message.received') {
    const inbound = toInbound(payload, atMs ?? nowMs);
    return inbound === undefined ? undefined : { reports: [], inbound: [inbound] };
  }
  if (event !== 'message.sent' && event !== 'message.finalized') return NOTHING;
  const report = toReport(payload, query['m'] ?? null, atMs);
  return report === undefined ? undefined : { reports: [report], inbound: [] };
}

type Report = CallbackContent['reports'][number];

function toReport(payload: JsonObject, messageId: string | null, atMs: number | null): Report | undefined {
  const carrierId = textIn(payload, 'id');
  const [recipient] = objectsIn(payload, 'to');
  const [error] = objectsIn(payload, 'errors');
  const code = error === undefined ? null : textIn(error, 'code');
  const told = recipient === undefined ? undefined : toState(textIn(recipient, 'status'), code);
  if (carrierId === null || told === undefined) return undefined;
  const ownNumber = textIn(objectIn(payload, 'from'), 'phone_number');
  return { messageId, carrierId, part: null, ...told, code, atMs, ownNumber };
}

type Told = Pick<Report, 'state' | 'detail' | 'permanent'>;

const ON_THE_WAY: Told = { state: 'sent', detail: 'PENDING', permanent: null };
const EXPIRED: Told = { state: 'undelivered', detail: 'EXPIRED', permanent: false };
const SURE: Readonly<Record<string, Told>> = {
  queued: ON_THE_WAY,
  sending: ON_THE_WAY,
  sent: ON_THE_WAY,
  delivered: { state: 'delivered', detail: 'DELIVERED_TO_HANDSET', permanent: null },
  delivery_unconfirmed: { state: 'sent', detail: 'DELIVERED_TO_OPERATOR', permanent: null },
  expired: EXPIRED,
  gw_timeout: EXPIRED,
};

/** `to[].status` of an answer or a call; undefined when there is no such status. */
export function toState(status: string | null, code: string | null): Told | undefined {
  if (status === 'sending_failed') return { state: 'failed', ...toReason(code) };
  if (status === 'delivery_failed') return { state: 'undelivered', ...toReason(code) };
  return SURE[status ?? ''];
}

function toReason(code: string | null): Pick<Told, 'detail' | 'permanent'> {
  if (code === null) return { detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false };
  const { detail, permanent } = meaningOf(TELNYX_CODES, code);
  return { detail, permanent };
}

function toInbound(payload: JsonObject, atMs: number): InboundText | undefined {
  const id = textIn(payload, 'id');
  const from = textIn(objectIn(payload, 'from'), 'phone_number');
  const [recipient] = objectsIn(payload, 'to');
  const to = recipient === undefined ? null : textIn(recipient, 'phone_number');
  if (id === null || from === null || to === null) return undefined;
  return { id, from, to, text: textIn(payload, 'text') ?? '', atMs };
}

function parseTime(time: string | null): number | null {
  const ms = time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}
