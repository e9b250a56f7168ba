import { HOUR_MS } from '../../lib/clock.ts';
import { textOf, type CredentialField } from '../../lib/credentials.ts';
import type {
  Carrier,
  CarrierConnection,
  CarrierList,
  LookUpResult,
  SubmitMessage,
  SubmitOutcome,
} from '../carrier.ts';
import { outcomeOfStatus, refusedWith } from '../code-table.ts';
import { checkOverHttp } from '../http-road/check.ts';
import type { Answered, RoadRequest } from '../http-road/exchange.ts';
import type { HttpCarrierDeps } from '../http-road/http-carrier.ts';
import type { HttpRoad } from '../http-road/http-road.ts';
import { objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import { submitOverHttp, type SubmitDialect, type SubmitVerdict } from '../http-road/submit.ts';
import { INFOBIP_CALLBACKS, toReport } from './callbacks.ts';
import { readInfobipStatus } from './statuses.ts';

const CREDENTIALS: readonly CredentialField[] = [
  { name: 'base_url', required: true, kind: 'url' },
  { name: 'api_key', required: true, kind: 'text' },
  { name: 'callback_secret', required: false, kind: 'text', pattern: /^[A-Za-z0-9_-]{16,128}$/ },
];

const BATCH_SIZE = 100;
/** Logs older than this are gone, so that not finding a message proves nothing. */
const LOGS_KEPT_MS = 47 * HOUR_MS;

/** Infobip's SMS API v3, up to 100 messages a request (https://www.infobip.com/docs/api/channels/sms). */
export function createInfobipCarrier(deps: HttpCarrierDeps): Carrier {
  return {
    type: 'infobip',
    deduplicatesOwnId: true,
    credentials: CREDENTIALS,
    callbacks: INFOBIP_CALLBACKS,
    connect: (list) => connect(deps, list),
  };
}

function connect({ roads, publicUrl }: HttpCarrierDeps, { accountId, credentials }: CarrierList): CarrierConnection {
  const road = roads.open(textOf(credentials, 'base_url') ?? '');
  const authorization = `App ${textOf(credentials, 'api_key') ?? ''}`;
  const headers = { authorization, accept: 'application/json' };
  const secret = textOf(credentials, 'callback_secret');
  const callbackPath = secret === undefined ? 'infobip' : `infobip/${secret}`;
  const callbackUrl = `${publicUrl}/api/webhook-feedbacks/${callbackPath}?account=${accountId}`;
  const get = (path: string): RoadRequest => ({ method: 'GET', path, headers });
  const dialect: SubmitDialect = {
    batchSize: BATCH_SIZE,
    toRequest: (messages) => ({
      method: 'POST',
      path: '/sms/3/messages',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: messages.map((message) => toMessage(message, callbackUrl)) }),
    }),
    toOutcomes,
  };
  return {
    submit: (messages, settle, signal) => submitOverHttp(road, dialect, messages, settle, signal),
    lookUp: ({ id }, submittedAtMs) => lookUp(road, get(`/sms/3/logs?messageId=${id}`), id, submittedAtMs),
    check: () => checkOverHttp(road, get('/sms/3/logs?limit=1')),
    [Symbol.asyncDispose]: () => road[Symbol.asyncDispose](),
  };
}

function toMessage({ id, from, to, body, validityMinutes }: SubmitMessage, callbackUrl: string): object {
  return {
    sender: withoutPlus(from),
    destinations: [{ to: withoutPlus(to), messageId: id }],
    content: { text: body },
    options: { validityPeriod: { amount: validityMinutes, timeUnit: 'MINUTES' } },
    webhooks: {
      delivery: { url: callbackUrl, intermediateReport: true, contentType: 'application/json' },
      callbackData: id,
    },
  };
}

function withoutPlus(number: string): string {
  return number.startsWith('+') ? number.slice(1) : number;
}

/** The answer is per message; an order is not promised, so they are told apart by our ids. */
function toOutcomes(messages: readonly SubmitMessage[], { status, text }: Answered): SubmitVerdict {
  if (status === 400) {
    // One message that cannot be read refuses all: they go alone, and it is refused alone.
    return messages.length > 1 ? 'one_by_one' : [{ ...REFUSED_CONTENT }];
  }
  if (status < 200 || status > 299) return messages.map(() => outcomeOfStatus(status));
  const rows = new Map(objectsIn(readJsonObject(text) ?? {}, 'messages').map((row) => [textIn(row, 'messageId'), row]));
  return messages.map(({ id }) => {
    const row = rows.get(id);
    return row === undefined ? undefined : toOutcome(row, id);
  });
}

const REFUSED_CONTENT: SubmitOutcome = {
  kind: 'refused',
  detail: 'REJECTED_CONTENT',
  permanent: true,
  code: 'HTTP_400',
};

function toOutcome(row: JsonObject, id: string): SubmitOutcome | undefined {
  const status = readInfobipStatus(row);
  if (status === undefined) return undefined;
  const accepted = { kind: 'accepted', carrierIds: [id], detail: 'PENDING', echoesOwnId: true } as const;
  if (status.kind !== 'rejected' && status.kind !== 'undelivered') return accepted;
  // The id was used before, which proves that it was taken then.
  if (status.meaning.detail === 'REJECTED_DUPLICATE') return accepted;
  return refusedWith(status.meaning, status.code);
}

const UNKNOWN: LookUpResult = { kind: 'unknown' };

/** The search by our id is complete as long as logs are kept. */
async function lookUp(road: HttpRoad, request: RoadRequest, id: string, submittedAtMs: number): Promise<LookUpResult> {
  const answer = await road.send(request);
  const page = answer.kind === 'answered' && answer.status === 200 ? readJsonObject(answer.text) : undefined;
  if (page === undefined || !Array.isArray(page['results'])) return UNKNOWN;
  const rows = objectsIn(page, 'results').filter((row) => textIn(row, 'messageId') === id);
  if (rows.length === 0) return Date.now() - submittedAtMs < LOGS_KEPT_MS ? { kind: 'absent' } : UNKNOWN;
  // A refused repeat is a row of its own; the first one is the message.
  const reports = rows.map(toReport).filter((report) => report !== undefined);
  const [report] = [...reports.filter(({ code }) => code?.includes('DUPLICATE') !== true), ...reports];
  return report === undefined ? UNKNOWN : { kind: 'found', report: { ...report, messageId: id }, carrierIds: [id] };
}
