import { createPrivateKey, createPublicKey, hash, randomUUID, sign } from 'node:crypto';
import { SECOND_MS } from '../../lib/clock.ts';
import { readJsonObject, textIn } from '../http-road/read-json.ts';
import {
  jsonAnswer,
  type TwinAnswer,
  type TwinCall,
  type TwinDialect,
  type TwinMessage,
  type TwinRequest,
  type TwinStatus,
  type TwinSubmit,
  type TwinText,
} from '../twin/twin-dialect.ts';

const API_KEY = 'KEY00000000000000000000000000000001';
/** PKCS #8 of an Ed25519 key (RFC 8410 §7): this and the 32 bytes of the key, which are the same at every start. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const PRIVATE_KEY = createPrivateKey({
  key: Buffer.concat([PKCS8, hash('sha256', 'trackly telnyx twin', 'buffer')]),
  format: 'der',
  type: 'pkcs8',
});
const PUBLIC_KEY = Buffer.from(createPublicKey(PRIVATE_KEY).export({ format: 'jwk' }).x ?? '', 'base64url');

/** Codes that the twin says our words with. */
const CODES: Readonly<Record<string, string>> = {
  REJECTED_DESTINATION: '40310',
  REJECTED_OPTED_OUT: '40300',
  REJECTED_ABSENT_SUBSCRIBER: '40006',
  REJECTED_OPERATOR: '40004',
  // Telnyx has no word for reports of spam.
  REJECTED_SPAM: '40002',
  EXPIRED: '40005',
};

const ERRORS = {
  unauthorised: [401, '10009', 'Authentication failed'],
  throttled: [429, '10011', 'Too many requests'],
  unreadable: [422, '40316', 'No content provided'],
} as const;

export function createTelnyxTwin(): TwinDialect {
  return {
    credentials: { api_key: API_KEY, public_key: PUBLIC_KEY.toString('base64') },
    deduplicates: false,
    isAuthorised: ({ headers }) => headers['authorization'] === `Bearer ${API_KEY}`,
    readSubmits: ({ method, path, body }) =>
      method === 'POST' && path === '/v2/messages' ? [readSubmit(body)] : undefined,
    answerSubmits([result]) {
      if (result === undefined) return answerError('server_error');
      if (result.kind === 'accepted') return jsonAnswer(200, { data: toResource(result.message, 'queued') });
      return toError(400, CODES[result.word] ?? '40310', result.word);
    },
    answerError,
    answerOther: ({ method, path }: TwinRequest) =>
      method === 'GET' && path === '/v2/messaging_profiles' ? jsonAnswer(200, { data: [], meta: {} }) : undefined,
    toStatusCall,
    toInboundCall,
  };
}

/** @throws Error when the body lacks something that Telnyx requires */
function readSubmit(body: string): TwinSubmit {
  const request = readJsonObject(body) ?? {};
  const [from, to, text] = [textIn(request, 'from'), textIn(request, 'to'), textIn(request, 'text')];
  const callback = textIn(request, 'webhook_url');
  if (from === null || to === null || text === null || callback === null) throw new Error('A field is missing');
  return { ownId: new URL(callback).searchParams.get('m') ?? '', from, to, body: text, callbackUrl: callback };
}

function answerError(kind: Parameters<TwinDialect['answerError']>[0]): TwinAnswer {
  if (kind === 'server_error') return { status: 500, contentType: 'text/html', body: '<h1>Internal Server Error</h1>' };
  const [status, code, title] = ERRORS[kind];
  return toError(status, code, title);
}

function toError(status: number, code: string, title: string): TwinAnswer {
  return jsonAnswer(status, { errors: [{ code, title, detail: title }] });
}

function toResource(message: TwinMessage, status: string, code?: string): object {
  return {
    id: message.carrierId,
    direction: 'outbound',
    type: 'SMS',
    from: { phone_number: message.from, carrier: '', line_type: '' },
    to: [{ phone_number: message.to, status, carrier: '', line_type: '' }],
    text: message.body,
    parts: 1,
    encoding: 'GSM-7',
    errors: code === undefined ? [] : [{ code, title: code }],
  };
}

const STATUSES = { sent: 'sent', delivered: 'delivered', undelivered: 'delivery_failed' } as const;

function toStatusCall(message: TwinMessage, { state, word, atMs }: TwinStatus, url: string): TwinCall {
  const code = state === 'undelivered' ? (CODES[word] ?? '40008') : undefined;
  const event = state === 'sent' ? 'message.sent' : 'message.finalized';
  return toCall(url, atMs, event, toResource(message, STATUSES[state], code));
}

function toInboundCall(text: TwinText, url: string): TwinCall {
  return toCall(url, text.atMs, 'message.received', {
    id: text.id,
    direction: 'inbound',
    type: 'SMS',
    from: { phone_number: text.from },
    to: [{ phone_number: text.to, status: 'webhook_delivered' }],
    text: text.body,
    media: [],
    errors: [],
  });
}

function toCall(url: string, atMs: number, event: string, payload: object): TwinCall {
  const data = { event_type: event, id: randomUUID(), occurred_at: new Date(atMs).toISOString(), payload };
  const body = JSON.stringify({ data, meta: { attempt: 1, delivered_to: url } });
  const timestamp = String(Math.floor(Date.now() / SECOND_MS));
  const signature = sign(null, Buffer.from(`${timestamp}|${body}`), PRIVATE_KEY).toString('base64');
  const headers = { 'telnyx-signature-ed25519': signature, 'telnyx-timestamp': timestamp };
  return { url, headers: { 'content-type': 'application/json', ...headers }, body };
}
