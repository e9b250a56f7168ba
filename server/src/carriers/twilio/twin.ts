import {
  jsonAnswer,
  type TwinAnswer,
  type TwinCall,
  type TwinDialect,
  type TwinMessage,
  type TwinRequest,
  type TwinStatus,
  type TwinSubmit,
} from '../twin/twin-dialect.ts';
import { signTwilioCall } from './signature.ts';

const ACCOUNT_SID = 'AC00000000000000000000000000000001';
const AUTH_TOKEN = '0123456789abcdef0123456789abcdef';
const AUTHORIZATION = `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}`;
const PATH = `/2010-04-01/Accounts/${ACCOUNT_SID}/Messages.json`;

/** Codes that the twin says our words with. */
const CODES: Readonly<Record<string, number>> = {
  REJECTED_DESTINATION: 21211,
  REJECTED_OPTED_OUT: 21610,
  REJECTED_ABSENT_SUBSCRIBER: 30003,
  REJECTED_OPERATOR: 30004,
  // Twilio has no word for reports of spam.
  REJECTED_SPAM: 30007,
  EXPIRED: 30036,
};

const ERRORS = {
  unauthorised: [401, 20003, 'Authenticate'],
  throttled: [429, 20429, 'Too Many Requests'],
  unreadable: [400, 21602, 'Message body is required.'],
} as const;

export function createTwilioTwin(): TwinDialect {
  return {
    credentials: { account_sid: ACCOUNT_SID, auth_token: AUTH_TOKEN },
    deduplicates: false,
    isAuthorised: ({ headers }) => headers['authorization'] === AUTHORIZATION,
    readSubmits: ({ method, path, body }) => (method === 'POST' && path === PATH ? [readSubmit(body)] : undefined),
    answerSubmits([result]) {
      if (result === undefined) return answerError('server_error');
      if (result.kind === 'accepted') return jsonAnswer(201, toResource(result.message));
      const code = CODES[result.word] ?? 21211;
      return toError(400, code, result.word);
    },
    answerError,
    answerOther: (request, books) => list(request, [...books.all()]),
    toStatusCall: (message, status, url) => sign(url, toStatusFields(message, status)),
    toInboundCall(text, url) {
      const common = { MessageSid: text.id, SmsSid: text.id, AccountSid: ACCOUNT_SID, NumMedia: '0', NumSegments: '1' };
      return sign(url, { ...common, From: text.from, To: text.to, Body: text.body, SmsStatus: 'received' });
    },
  };
}

/** @throws Error when the form lacks something that Twilio requires */
function readSubmit(body: string): TwinSubmit {
  const form = new URLSearchParams(body);
  const [to, text, callback] = [form.get('To'), form.get('Body'), form.get('StatusCallback')];
  const from = form.get('From') ?? form.get('MessagingServiceSid');
  if (to === null || from === null || text === null || callback === null) throw new Error('A field is missing');
  const ownId = new URL(callback).searchParams.get('m') ?? '';
  return { ownId, from, to, body: text, callbackUrl: callback };
}

function answerError(kind: 'unauthorised' | 'throttled' | 'server_error' | 'unreadable'): TwinAnswer {
  if (kind === 'server_error') return { status: 500, contentType: 'text/html', body: '<h1>Internal Server Error</h1>' };
  const [status, code, message] = ERRORS[kind];
  return toError(status, code, message);
}

function toError(status: number, code: number, message: string): TwinAnswer {
  return jsonAnswer(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}

/** `GET Messages.json` with the filters that a look-up uses. */
function list({ method, path, query }: TwinRequest, messages: readonly TwinMessage[]): TwinAnswer | undefined {
  if (method !== 'GET' || path !== PATH) return undefined;
  const [to, from, since] = [query.get('To'), query.get('From'), query.get('DateSent>')];
  const found = messages.filter(
    (message) =>
      (to === null || message.to === to) &&
      (from === null || message.from === from) &&
      (since === null || message.takenAtMs >= Date.parse(since)),
  );
  const limit = Number(query.get('PageSize') ?? 50);
  return jsonAnswer(200, { messages: found.slice(0, limit).map(toResource), next_page_uri: null });
}

const STATUSES = { sent: 'queued', delivered: 'delivered', undelivered: 'undelivered' } as const;

function toResource(message: TwinMessage): object {
  const { state, word } = message.status;
  return {
    sid: toSid(message),
    status: STATUSES[state],
    body: message.body,
    to: message.to,
    from: message.from,
    num_segments: '1',
    date_created: new Date(message.takenAtMs).toUTCString().replace('GMT', '+0000'),
    error_code: state === 'undelivered' ? (CODES[word] ?? null) : null,
    price: null,
  };
}

function toSid({ carrierId }: TwinMessage): string {
  return `SM${carrierId}`;
}

function toStatusFields(message: TwinMessage, { state, word }: TwinStatus): Record<string, string> {
  const status = STATUSES[state];
  return {
    MessageSid: toSid(message),
    SmsSid: toSid(message),
    MessageStatus: status,
    SmsStatus: status,
    To: message.to,
    From: message.from,
    AccountSid: ACCOUNT_SID,
    ...(state === 'undelivered' ? { ErrorCode: String(CODES[word] ?? 30008) } : {}),
  };
}

function sign(url: string, fields: Record<string, string>): TwinCall {
  const signature = signTwilioCall({ url, fields: Object.entries(fields) }, AUTH_TOKEN);
  return {
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8', 'x-twilio-signature': signature },
    body: new URLSearchParams(fields).toString(),
  };
}
