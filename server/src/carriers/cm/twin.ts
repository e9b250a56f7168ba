import { objectIn, objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import {
  jsonAnswer,
  type TwinAnswer,
  type TwinCall,
  type TwinDialect,
  type TwinMessage,
  type TwinRequest,
  type TwinResult,
  type TwinStatus,
  type TwinSubmit,
  type TwinText,
} from '../twin/twin-dialect.ts';

const PRODUCT_TOKEN = '00000000-0000-4000-8000-000000000001';
const CALLBACK_SECRET = 'cm-twin-secret';
const PATH = '/v1.0/message';

/** Codes that the twin refuses with, by our words. */
const CODES: Readonly<Record<string, number>> = { REJECTED_DESTINATION: 303, REJECTED_OPTED_OUT: 402 };

/** What a status call says of a message that did not arrive, by our words. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  REJECTED_ABSENT_SUBSCRIBER: 'Absent subscriber',
  REJECTED_OPERATOR: 'Insufficient credit on the handset',
  // CM has no word for reports of spam.
  REJECTED_SPAM: 'Message was filtered as spam',
  EXPIRED: 'Message expired',
};

export function createCmTwin(): TwinDialect {
  return {
    credentials: { product_token: PRODUCT_TOKEN, callback_secret: CALLBACK_SECRET },
    deduplicates: false,
    isAuthorised: ({ headers }) => headers['x-cm-producttoken'] === PRODUCT_TOKEN,
    readSubmits,
    answerSubmits,
    answerError,
    answerOther: ({ method, path }) =>
      method === 'POST' && path === PATH ? toError(400, 202, 'No messages found in the request.') : undefined,
    toStatusCall,
    toInboundCall,
  };
}

/** @throws Error when a message lacks something that CM requires */
function readSubmits({ method, path, body }: TwinRequest): TwinSubmit[] | undefined {
  if (method !== 'POST' || path !== PATH) return undefined;
  const request = readJsonObject(body);
  if (request === undefined) throw new Error('No JSON');
  const messages = objectsIn(objectIn(request, 'messages'), 'msg');
  return messages.length === 0 ? undefined : messages.map(readSubmit);
}

function readSubmit(message: JsonObject): TwinSubmit {
  const [recipient] = objectsIn(message, 'to');
  const number = recipient === undefined ? null : textIn(recipient, 'number');
  const [from, reference] = [textIn(message, 'from'), textIn(message, 'reference')];
  const text = textIn(objectIn(message, 'body'), 'content');
  if (number === null || !/^00[1-9]\d+$/.test(number)) throw new Error('The number has no 00');
  if (from === null || from.startsWith('+') || text === null) throw new Error('A field is missing');
  if (reference === null || !/^[0-9A-Za-z]{1,32}$/.test(reference)) throw new Error('The reference is wrong');
  if (!/^\d+[hm]$/.test(textIn(message, 'validity') ?? '')) throw new Error('The validity is wrong');
  const sender = /^\d{3,8}$/.test(from) ? from : `+${from}`;
  return { ownId: reference, from: sender, to: `+${number.slice(2)}`, body: text, callbackUrl: null };
}

function answerSubmits(results: readonly TwinResult[]): TwinAnswer {
  const isGood = results.every(({ kind }) => kind === 'accepted');
  return jsonAnswer(isGood ? 200 : 400, {
    details: isGood ? `Created ${results.length} message(s)` : 'One or more messages are invalid',
    errorCode: isGood ? 0 : 201,
    messages: results.map(toEntry),
  });
}

function toEntry(result: TwinResult): object {
  const { to, ownId } = result.kind === 'accepted' ? result.message : result.submit;
  const common = { to: to.replace('+', '00'), reference: ownId, parts: 1 };
  if (result.kind === 'accepted') return { ...common, status: 'Accepted', messageDetails: null, messageErrorCode: 0 };
  return { ...common, status: 'Rejected', messageDetails: result.word, messageErrorCode: CODES[result.word] ?? 303 };
}

function answerError(kind: Parameters<TwinDialect['answerError']>[0]): TwinAnswer {
  if (kind === 'unauthorised') return toError(401, 101, 'Authentication of the request failed.');
  if (kind === 'unreadable') return toError(400, 203, 'The request is malformed.');
  const status = kind === 'throttled' ? 429 : 500;
  return { status, contentType: 'text/html', body: `<h1>${status}</h1>` };
}

function toError(status: number, errorCode: number, details: string): TwinAnswer {
  return jsonAnswer(status, { details, errorCode, messages: [] });
}

function toStatusCall(message: TwinMessage, status: TwinStatus, url: string): TwinCall {
  const msg = {
    received: toTime(status.atMs),
    to: message.to.replace('+', '00'),
    reference: message.ownId,
    status: toStatus(status),
    operator: 'Twin',
  };
  return toCall(url, { messages: { msg } });
}

function toStatus({ state, word }: TwinStatus): object {
  if (state === 'sent') return { code: '0', errorCode: '', errorDescription: '' };
  if (state === 'delivered') return { code: '2', errorCode: '', errorDescription: '' };
  return { code: '3', errorCode: '27', errorDescription: DESCRIPTIONS[word] ?? '' };
}

function toInboundCall(text: TwinText, url: string): TwinCall {
  return toCall(url, {
    from: { number: text.from.replace('+', '00'), name: '' },
    to: { number: text.to.replace('+', '00') },
    message: { text: text.body, media: {} },
    reference: text.id,
    groupings: ['', '', ''],
    timeUtc: toTime(text.atMs),
    channel: 'SMS',
  });
}

function toTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19);
}

function toCall(url: string, body: object): TwinCall {
  return { url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
