import { textOf, type CredentialField, type Credentials } from '../../lib/credentials.ts';
import type { Carrier, CarrierConnection, CheckResult, SubmitMessage, SubmitOutcome } from '../carrier.ts';
import { meaningOf, outcomeOfStatus, refusedWith } from '../code-table.ts';
import type { Answered, RoadRequest } from '../http-road/exchange.ts';
import type { HttpCarrierDeps } from '../http-road/http-carrier.ts';
import type { HttpRoad } from '../http-road/http-road.ts';
import { objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import { submitOverHttp, type SubmitDialect } from '../http-road/submit.ts';
import { CM_CALLBACKS } from './callbacks.ts';
import { CM_CODES, CM_EACH_TELLS, CM_FAULTS } from './codes.ts';

const CREDENTIALS: readonly CredentialField[] = [
  { name: 'product_token', required: true, kind: 'text' },
  { name: 'callback_secret', required: false, kind: 'text' },
  { name: 'base_url', required: false, kind: 'url' },
];

const BASE_URL = 'https://gw.messaging.cm.com';
const PATH = '/v1.0/message';
/** CM takes up to 1,000; a lost answer puts all of a request in doubt, and only receipts settle them. */
const BATCH = 100;

/** CM.com Business Messaging over HTTP (https://developers.cm.com/messaging/docs/sms). */
export function createCmCarrier(deps: HttpCarrierDeps): Carrier {
  return {
    type: 'cm',
    deduplicatesOwnId: false,
    credentials: CREDENTIALS,
    callbacks: CM_CALLBACKS,
    connect: ({ credentials }) => connect(deps, credentials),
  };
}

function connect({ roads }: HttpCarrierDeps, credentials: Credentials): CarrierConnection {
  const road = roads.open(textOf(credentials, 'base_url') ?? BASE_URL);
  const headers = {
    'content-type': 'application/json',
    'x-cm-producttoken': textOf(credentials, 'product_token') ?? '',
  };
  const post = (messages: readonly SubmitMessage[]): RoadRequest => ({
    method: 'POST',
    path: PATH,
    headers,
    body: JSON.stringify({ messages: { msg: messages.map(toMsg) } }),
  });
  const dialect: SubmitDialect = { batchSize: BATCH, toRequest: post, toOutcomes };
  return {
    submit: (messages, settle, signal) => submitOverHttp(road, dialect, messages, settle, signal),
    check: () => check(road, post([])),
    [Symbol.asyncDispose]: () => road[Symbol.asyncDispose](),
  };
}

function toMsg(message: SubmitMessage): object {
  return {
    from: message.from.replace(/^\+/, ''),
    to: [{ number: message.to.replace(/^\+/, '00') }],
    body: { type: 'auto', content: message.body },
    reference: message.id,
    allowedChannels: ['SMS'],
    minimumNumberOfMessageParts: 1,
    maximumNumberOfMessageParts: message.segments,
    validity: toValidity(message.validityMinutes),
  };
}

function toValidity(minutes: number): string {
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** CM answers for each message by our reference, with any HTTP status. */
function toOutcomes(messages: readonly SubmitMessage[], answer: Answered): (SubmitOutcome | undefined)[] {
  const said = readJsonObject(answer.text);
  if (said === undefined) {
    const outcome = toTextOutcome(answer);
    return messages.map(() => outcome);
  }
  const byReference = new Map(objectsIn(said, 'messages').map((entry) => [textIn(entry, 'reference'), entry]));
  const ofAll = toRequestOutcome(said, answer.status);
  return messages.map(({ id }) => toOutcome(id, byReference.get(id)) ?? ofAll);
}

/** @returns undefined when CM says nothing definite of the message */
function toOutcome(id: string, entry: JsonObject | undefined): SubmitOutcome | undefined {
  if (entry === undefined) return undefined;
  const code = textIn(entry, 'messageErrorCode') ?? '0';
  const isRejected = textIn(entry, 'status')?.toLowerCase() === 'rejected';
  if (code === '0') {
    if (isRejected) return refusedWith({ detail: 'REJECTED_SYSTEM_ERROR', permanent: false, temporary: false }, code);
    return { kind: 'accepted', carrierIds: [id], detail: 'PENDING', echoesOwnId: true };
  }
  if (!CM_FAULTS.has(code)) return refusedWith(meaningOf(CM_CODES, code), code);
  if (!isRejected) return { kind: 'in_doubt', code };
  return refusedWith({ detail: 'REJECTED_SYSTEM_ERROR', permanent: false, temporary: false }, code);
}

/** For messages that the answer does not name. */
function toRequestOutcome(said: JsonObject, status: number): SubmitOutcome | undefined {
  const code = textIn(said, 'errorCode');
  if (code === null) return outcomeOfStatus(status);
  if (CM_EACH_TELLS.has(code) || CM_FAULTS.has(code)) return { kind: 'in_doubt', code };
  return refusedWith(meaningOf(CM_CODES, code), code);
}

/** The gateway's old manner: a 200 whose text begins with `Error: ERROR` refuses the whole request. */
function toTextOutcome({ status, text }: Answered): SubmitOutcome | undefined {
  if (status !== 200) return outcomeOfStatus(status);
  if (!text.startsWith('Error: ERROR')) return undefined;
  if (/account|authenti|token/i.test(text)) return refusedWith(meaningOf(CM_CODES, '101'), 'ERROR');
  if (/balance|credit/i.test(text)) return refusedWith(meaningOf(CM_CODES, '102'), 'ERROR');
  return refusedWith({ detail: 'REJECTED_SYSTEM_ERROR', permanent: false, temporary: false }, 'ERROR');
}

/** CM has nothing to read; a request without messages is refused for its token first, else for being empty. */
async function check(road: HttpRoad, empty: RoadRequest): Promise<CheckResult> {
  const answer = await road.send(empty);
  if (answer.kind !== 'answered') return { passed: false, detail: answer.code };
  const code = textIn(readJsonObject(answer.text) ?? {}, 'errorCode');
  const isUnknown = code === null ? answer.status === 401 || answer.status === 403 : code === '101' || code === '103';
  if (isUnknown) return { passed: false, detail: 'REJECTED_CREDENTIALS' };
  return answer.status < 500 && code !== null
    ? { passed: true, detail: null }
    : { passed: false, detail: `HTTP_${answer.status}` };
}
