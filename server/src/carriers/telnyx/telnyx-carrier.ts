import { textOf, type CredentialField } from '../../lib/credentials.ts';
import type { Carrier, CarrierConnection, CarrierList, SubmitMessage, SubmitOutcome } from '../carrier.ts';
import { outcomeOfCode } from '../code-table.ts';
import { checkOverHttp } from '../http-road/check.ts';
import type { Answered } from '../http-road/exchange.ts';
import type { HttpCarrierDeps } from '../http-road/http-carrier.ts';
import { objectIn, objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import { submitOverHttp, type SubmitDialect } from '../http-road/submit.ts';
import { TELNYX_CALLBACKS, toState } from './callbacks.ts';
import { TELNYX_CODES, TELNYX_FAULTS } from './codes.ts';
import { isTelnyxPublicKey } from './signature.ts';

const CREDENTIALS: readonly CredentialField[] = [
  { name: 'api_key', required: true, kind: 'text' },
  { name: 'public_key', required: true, kind: 'text', problem: findKeyError },
  { name: 'messaging_profile_id', required: false, kind: 'text' },
  { name: 'base_url', required: false, kind: 'url' },
];

/** https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out */
const ANSWERED_KEYWORDS = new Set(['stop', 'stopall', 'stop all', 'unsubscribe', 'cancel', 'end', 'quit']);

const BASE_URL = 'https://api.telnyx.com';

/** Telnyx messaging, version 2, one request a message (https://developers.telnyx.com/api/messaging/send-message). */
export function createTelnyxCarrier(deps: HttpCarrierDeps): Carrier {
  return {
    type: 'telnyx',
    deduplicatesOwnId: false,
    answeredKeywords: ANSWERED_KEYWORDS,
    sendsMms: true,
    credentials: CREDENTIALS,
    callbacks: TELNYX_CALLBACKS,
    connect: (list) => connect(deps, list),
  };
}

function findKeyError(key: unknown): string | undefined {
  return isTelnyxPublicKey(String(key)) ? undefined : 'must be 32 bytes in base64, as the portal shows it';
}

function connect({ roads, publicUrl }: HttpCarrierDeps, { accountId, credentials }: CarrierList): CarrierConnection {
  const road = roads.open(textOf(credentials, 'base_url') ?? BASE_URL);
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${textOf(credentials, 'api_key') ?? ''}`,
  };
  const profileId = textOf(credentials, 'messaging_profile_id');
  const callback = `${publicUrl}/api/webhook-feedbacks/telnyx?account=${accountId}&m=`;
  const dialect: SubmitDialect = {
    batchSize: 1,
    toRequest: ([message]) => ({
      method: 'POST',
      path: '/v2/messages',
      headers,
      body: JSON.stringify(toBody(message as SubmitMessage, profileId, callback)),
    }),
    toOutcomes: (_messages, answer) => [toOutcome(answer)],
  };
  return {
    submit: (messages, settle, signal) => submitOverHttp(road, dialect, messages, settle, signal),
    check: () => checkOverHttp(road, { method: 'GET', path: '/v2/messaging_profiles?page%5Bsize%5D=1', headers }),
    [Symbol.asyncDispose]: () => road[Symbol.asyncDispose](),
  };
}

function toBody(message: SubmitMessage, profileId: string | undefined, callback: string): object {
  const { mediaUrls = [] } = message;
  return {
    from: message.from,
    to: message.to,
    text: message.body,
    ...(mediaUrls.length === 0 ? { type: 'SMS' } : { type: 'MMS', media_urls: mediaUrls }),
    ...(profileId === undefined ? {} : { messaging_profile_id: profileId }),
    webhook_url: callback + message.id,
    use_profile_webhooks: false,
    auto_detect: false,
  };
}

/** @returns undefined when the answer proves nothing */
function toOutcome({ status, text }: Answered): SubmitOutcome | undefined {
  const answer = readJsonObject(text) ?? {};
  if (status < 200 || status > 299) {
    const code = codeIn(answer);
    if (code !== null && TELNYX_FAULTS.has(code)) return { kind: 'in_doubt', code };
    return outcomeOfCode(TELNYX_CODES, code, status);
  }
  const data = objectIn(answer, 'data');
  const id = textIn(data, 'id');
  if (id === null) return undefined;
  return toRefusal(data) ?? { kind: 'accepted', carrierIds: [id], detail: 'PENDING', echoesOwnId: true };
}

/** The message was made and has failed at once: whatever its code says, it is not sent again. */
function toRefusal(data: JsonObject): SubmitOutcome | undefined {
  const code = codeIn(data);
  const [recipient] = objectsIn(data, 'to');
  const told = recipient === undefined ? undefined : toState(textIn(recipient, 'status'), code);
  if (told === undefined || told.state === 'sent' || told.state === 'delivered') return undefined;
  return {
    kind: 'refused',
    detail: told.detail ?? 'UNDELIVERABLE_NOT_DELIVERED',
    permanent: told.permanent ?? false,
    code,
  };
}

function codeIn(value: JsonObject): string | null {
  const [error] = objectsIn(value, 'errors');
  return error === undefined ? null : textIn(error, 'code');
}
