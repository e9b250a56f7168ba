import { objectsIn, readJsonObject, textIn } from '../http-road/read-json.ts';
import { jsonAnswer, type TwinCall, type TwinDialect, type TwinSubmit } from '../twin/twin-dialect.ts';

const TOKEN = 'twin-token';
const CALLBACK_SECRET = 'http-twin-secret';
const PATH = '/messages';

/** What the list of `credentials` reads the twin with: an example of every part of the settings. */
const SETTINGS = {
  accepted_when: {
    path: 'messages.0.status',
    in: ['accepted'],
    code_path: 'messages.0.error',
    codes: { 'bad-number': 'REJECTED_DESTINATION', 'opted-out': 'REJECTED_OPTED_OUT' },
  },
  message_id_path: 'messages.0.id',
  receipt: {
    items: 'reports',
    message_id: 'reference',
    carrier_id: 'id',
    state: 'status',
    states: { SENT: 'sent', DELIVRD: 'delivered', UNDELIV: 'undelivered' },
    code: 'error',
    codes: {
      absent: 'REJECTED_ABSENT_SUBSCRIBER',
      operator: 'REJECTED_OPERATOR',
      spam: 'REJECTED_SPAM',
      expired: 'EXPIRED',
    },
    at: 'time',
    from: 'sender',
  },
  inbound: { items: 'texts', id: 'id', from: 'from', to: 'to', text: 'body', at: 'time' },
  callback_secret: CALLBACK_SECRET,
} as const;

const CODES: Readonly<Record<string, string>> = {
  REJECTED_DESTINATION: 'bad-number',
  REJECTED_OPTED_OUT: 'opted-out',
  REJECTED_ABSENT_SUBSCRIBER: 'absent',
  REJECTED_OPERATOR: 'operator',
  REJECTED_SPAM: 'spam',
  EXPIRED: 'expired',
};

/** A made-up carrier of the usual kind: JSON, a token in a header, receipts with our own id. */
export function createHttpTwin(): TwinDialect {
  return {
    credentials: SETTINGS,
    toCredentials: (url) => ({ submit: toSubmit(url), ...SETTINGS }),
    deduplicates: false,
    isAuthorised: ({ headers }) => headers['authorization'] === `Bearer ${TOKEN}`,
    readSubmits: ({ method, path, body }) => (method === 'POST' && path === PATH ? readSubmits(body) : undefined),
    answerSubmits: (results) =>
      jsonAnswer(200, {
        messages: results.map((result) =>
          result.kind === 'accepted'
            ? { id: result.message.carrierId, status: 'accepted' }
            : { status: 'rejected', error: CODES[result.word] ?? 'bad-number' },
        ),
      }),
    answerError(kind) {
      if (kind === 'unauthorised') return jsonAnswer(401, { error: 'unknown token' });
      if (kind === 'unreadable') return jsonAnswer(400, { error: 'malformed' });
      return { status: kind === 'throttled' ? 429 : 500, contentType: 'text/plain', body: kind };
    },
    answerOther: () => undefined,
    toStatusCall: (message, { state, word, atMs }, url) =>
      toCall(url, {
        reports: [
          {
            id: message.carrierId,
            reference: message.ownId,
            status: { sent: 'SENT', delivered: 'DELIVRD', undelivered: 'UNDELIV' }[state],
            error: state === 'undelivered' ? (CODES[word] ?? 'unknown') : null,
            time: new Date(atMs).toISOString(),
            sender: message.from.replace('+', ''),
          },
        ],
      }),
    toInboundCall: ({ id, from, to, body, atMs }, url) =>
      toCall(url, {
        texts: [{ id, from: from.replace('+', ''), to: to.replace('+', ''), body, time: Math.floor(atMs / 1_000) }],
      }),
  };
}

function toSubmit(url: string): object {
  return {
    method: 'POST',
    url: `${url}${PATH}`,
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    body: {
      messages: [
        {
          sender: '{{from|digits}}',
          recipient: '{{to|zeros}}',
          text: '{{text}}',
          reference: '{{id}}',
          callback: '{{callback_url}}',
        },
      ],
    },
  };
}

/** @throws Error when a message lacks something */
function readSubmits(body: string): TwinSubmit[] {
  return objectsIn(readJsonObject(body) ?? {}, 'messages').map((message) => {
    const [from, to] = [textIn(message, 'sender'), textIn(message, 'recipient')];
    const [text, ownId] = [textIn(message, 'text'), textIn(message, 'reference')];
    if (from === null || to === null || !to.startsWith('00') || text === null || ownId === null) {
      throw new Error('A field is missing');
    }
    return { ownId, from: `+${from}`, to: `+${to.slice(2)}`, body: text, callbackUrl: textIn(message, 'callback') };
  });
}

function toCall(url: string, body: object): TwinCall {
  return { url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
