import { textOf } from '../../lib/credentials.ts';
import type { Authenticity, CallbackContent, CallbackRequest, CarrierCallbacks, CarrierReport } from '../carrier.ts';
import { meaningOf } from '../code-table.ts';
import { TWILIO_CODES } from './codes.ts';
import { isSignedByTwilio } from './signature.ts';

export const TWILIO_CALLBACKS = {
  answer: { contentType: 'text/xml; charset=utf-8', body: '<Response/>' },
  verify,
  parse,
} satisfies CarrierCallbacks;

function verify(
  { url, headers, body }: CallbackRequest,
  credentials: Parameters<CarrierCallbacks['verify']>[1],
): Authenticity {
  const signature = headers['x-twilio-signature'];
  const authToken = textOf(credentials, 'auth_token');
  if (typeof signature !== 'string' || authToken === undefined) return 'forged';
  const contentType = String(headers['content-type'] ?? '').toLowerCase();
  return isSignedByTwilio({ url, body, contentType, signature }, authToken) ? 'genuine' : 'forged';
}

/** Status calls and inbound texts come to the same address; a text has the status `received`. */
function parse({ body, query, nowMs }: CallbackRequest): CallbackContent | undefined {
  const form = new URLSearchParams(body.toString('utf8'));
  const sid = form.get('MessageSid') ?? form.get('SmsSid');
  const status = form.get('MessageStatus') ?? form.get('SmsStatus');
  const [from, to, text] = [form.get('From'), form.get('To'), form.get('Body')];
  if (sid === null || sid === '') return undefined;
  if (text !== null && (status === null || status === 'received' || status === 'receiving')) {
    if (from === null || to === null) return undefined;
    return { reports: [], inbound: [{ id: sid, from, to, text, atMs: nowMs, ...keywordOf(form.get('OptOutType')) }] };
  }
  const code = form.get('ErrorCode');
  const report = status === null ? undefined : toReport(status, code === '' || code === '0' ? null : code);
  if (report === undefined) return undefined;
  return { reports: [{ ...report, messageId: query['m'] ?? null, carrierId: sid, ownNumber: from }], inbound: [] };
}

type Keyword = NonNullable<CallbackContent['inbound'][number]['keyword']>;
const KEYWORDS: Readonly<Record<string, Keyword>> = { STOP: 'stop', START: 'start', HELP: 'help' };

/** What Twilio took the text for, by keywords that may be its customer's own. */
function keywordOf(optOutType: string | null): { keyword?: Keyword } {
  const keyword = optOutType === null ? undefined : KEYWORDS[optOutType.toUpperCase()];
  return keyword === undefined ? {} : { keyword };
}

type Told = Omit<CarrierReport, 'messageId' | 'carrierId'>;

const ON_THE_WAY: Told = { part: null, state: 'sent', detail: 'PENDING', permanent: null, code: null, atMs: null };
const DELIVERED: Told = { ...ON_THE_WAY, state: 'delivered', detail: 'DELIVERED_TO_HANDSET' };

const STATES: Readonly<Record<string, 'sent' | 'delivered' | 'undelivered' | 'failed'>> = {
  accepted: 'sent',
  scheduled: 'sent',
  queued: 'sent',
  sending: 'sent',
  sent: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'undelivered',
  failed: 'failed',
  canceled: 'failed',
};

/**
 * What a status says, of a call or of a look-up; undefined when there is no such status. Calls are not ordered and carry
 * no time: an intermediate one that comes late changes nothing, because it is told in the same word.
 */
export function toReport(status: string, code: string | null): Told | undefined {
  const state = STATES[status];
  if (state === undefined) return undefined;
  if (state === 'sent') return ON_THE_WAY;
  if (state === 'delivered') return DELIVERED;
  const meaning = code === null ? undefined : meaningOf(TWILIO_CODES, code);
  const detail = meaning?.detail ?? 'UNDELIVERABLE_NOT_DELIVERED';
  return { ...ON_THE_WAY, state, detail, permanent: meaning?.permanent ?? false, code };
}
