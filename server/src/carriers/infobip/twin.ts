import { isPlainObject } from '../../lib/fields.ts';
import { normaliseCarrierNumber } from '../../lib/e164.ts';
import { objectIn, objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import type { TwinBooks } from '../twin/twin-books.ts';
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
} from '../twin/twin-dialect.ts';

const API_KEY = 'twin-api-key';

const REJECTED = { groupId: 5, groupName: 'REJECTED' };
const UNDELIVERABLE = { groupId: 2, groupName: 'UNDELIVERABLE' };

/** Statuses that the twin says our words with. */
const STATUSES: Readonly<Record<string, object>> = {
  PENDING: { groupId: 1, groupName: 'PENDING', id: 26, name: 'PENDING_ACCEPTED' },
  DELIVERED_TO_HANDSET: { groupId: 3, groupName: 'DELIVERED', id: 5, name: 'DELIVERED_TO_HANDSET' },
  REJECTED_DESTINATION: { ...REJECTED, id: 52, name: 'REJECTED_DESTINATION' },
  REJECTED_OPTED_OUT: { ...REJECTED, id: 53, name: 'REJECTED_DND' },
  REJECTED_DUPLICATE: { ...REJECTED, id: 63, name: 'REJECTED_DUPLICATE_MESSAGE_ID' },
  REJECTED_ABSENT_SUBSCRIBER: { ...REJECTED, id: 51, name: 'REJECTED_ABSENT_SUBSCRIBER' },
  REJECTED_OPERATOR: { ...UNDELIVERABLE, id: 4, name: 'UNDELIVERABLE_REJECTED_OPERATOR' },
  REJECTED_SPAM: { ...REJECTED, id: 56, name: 'REJECTED_SPAM' },
  EXPIRED: { groupId: 4, groupName: 'EXPIRED', id: 15, name: 'EXPIRED_EXPIRED' },
};
const NO_ERROR = { groupId: 0, groupName: 'OK', id: 0, name: 'NO_ERROR', permanent: false };

const ERRORS = {
  unauthorised: [401, 'UNAUTHORIZED', 'Invalid login details'],
  throttled: [429, 'TOO_MANY_REQUESTS', 'Too many requests'],
  unreadable: [400, 'BAD_REQUEST', 'Bad Request'],
  server_error: [500, 'GENERAL_ERROR', 'Something went wrong. Please contact support.'],
} as const;

export function createInfobipTwin(): TwinDialect {
  return {
    credentials: { api_key: API_KEY, callback_secret: 'twin-callback-secret' },
    deduplicates: true,
    isAuthorised: ({ headers }) => headers['authorization'] === `App ${API_KEY}`,
    readSubmits: ({ method, path, body }) =>
      method === 'POST' && path === '/sms/3/messages' ? readSubmits(body) : undefined,
    answerSubmits: (results) => jsonAnswer(200, { bulkId: `bulk-${Date.now()}`, messages: results.map(toAnswerRow) }),
    answerError(kind) {
      const [status, errorCode, description] = ERRORS[kind];
      return jsonAnswer(status, { errorCode, description, action: '', violations: [], resources: [] });
    },
    answerOther: answerLogs,
    toStatusCall: (message, status, url) => toCall(url, { results: [toRow(message, status)] }),
    toInboundCall(text, url) {
      const { id, body, atMs } = text;
      const [from, to] = [withoutPlus(text.from), withoutPlus(text.to)];
      const row = { messageId: id, from, to, text: body, cleanText: body, keyword: '', receivedAt: toTime(atMs) };
      return toCall(url, { results: [{ ...row, smsCount: 1 }], messageCount: 1, pendingMessageCount: 0 });
    },
  };
}

/** @throws Error when a message lacks something that Infobip requires */
function readSubmits(body: string): TwinSubmit[] {
  return objectsIn(readJsonObject(body) ?? {}, 'messages').flatMap((message) => {
    const [from, text] = [textIn(message, 'sender'), textIn(objectIn(message, 'content'), 'text')];
    const callbackUrl = textIn(objectIn(objectIn(message, 'webhooks'), 'delivery'), 'url');
    return objectsIn(message, 'destinations').map((destination): TwinSubmit => {
      const [to, ownId] = [textIn(destination, 'to'), textIn(destination, 'messageId')];
      if (from === null || text === null || to === null || ownId === null || to.startsWith('+'))
        throw new Error('A field is missing');
      const [sender, recipient] = [normaliseCarrierNumber(from), normaliseCarrierNumber(to)];
      return { ownId, from: sender, to: recipient, body: text, callbackUrl };
    });
  });
}

function toAnswerRow(result: TwinResult): object {
  const { ownId, to } = result.kind === 'accepted' ? result.message : result.submit;
  const status = STATUSES[result.kind === 'accepted' ? 'PENDING' : result.word];
  return { messageId: ownId, destination: withoutPlus(to), status };
}

function answerLogs({ method, path, query }: TwinRequest, books: TwinBooks): TwinAnswer | undefined {
  if (method !== 'GET' || path !== '/sms/3/logs') return undefined;
  const id = query.get('messageId');
  const message = id === null ? undefined : books.findByOwnId(id);
  return jsonAnswer(200, { results: message === undefined ? [] : [toRow(message, message.status)] });
}

function toRow(message: TwinMessage, { word, atMs }: TwinStatus): JsonObject {
  const status = STATUSES[word] ?? STATUSES['PENDING'];
  return {
    bulkId: 'bulk',
    messageId: message.ownId,
    to: withoutPlus(message.to),
    from: withoutPlus(message.from),
    sentAt: toTime(message.takenAtMs),
    doneAt: toTime(atMs),
    smsCount: 1,
    mccMnc: '310260',
    callbackData: message.ownId,
    price: { pricePerMessage: 0.01, currency: 'EUR' },
    status,
    error:
      isPlainObject(status) && status['groupId'] === 5
        ? { ...NO_ERROR, permanent: word !== 'REJECTED_ABSENT_SUBSCRIBER' }
        : NO_ERROR,
  };
}

function toCall(url: string, payload: object): TwinCall {
  return { url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) };
}

function withoutPlus(number: string): string {
  return number.startsWith('+') ? number.slice(1) : number;
}

function toTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '+0000');
}
