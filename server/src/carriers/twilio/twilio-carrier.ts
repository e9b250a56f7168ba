import { textOf, type CredentialField, type Credentials } from '../../lib/credentials.ts';
import type { Carrier, CarrierConnection, CarrierList, SubmitMessage, SubmitOutcome } from '../carrier.ts';
import { meaningOf, outcomeOfCode } from '../code-table.ts';
import { checkOverHttp } from '../http-road/check.ts';
import type { Answered, RoadRequest } from '../http-road/exchange.ts';
import type { HttpCarrierDeps } from '../http-road/http-carrier.ts';
import { readJsonObject, textIn } from '../http-road/read-json.ts';
import { submitOverHttp, type SubmitDialect } from '../http-road/submit.ts';
import { TWILIO_CALLBACKS } from './callbacks.ts';
import { TWILIO_CODES } from './codes.ts';
import { lookUpAtTwilio } from './look-up.ts';

const CREDENTIALS: readonly CredentialField[] = [
  { name: 'account_sid', required: true, kind: 'text', pattern: /^AC[0-9a-fA-F]{32}$/ },
  { name: 'auth_token', required: true, kind: 'text' },
  { name: 'api_key_sid', required: false, kind: 'text', pattern: /^SK[0-9a-fA-F]{32}$/ },
  { name: 'api_key_secret', required: false, kind: 'text' },
  { name: 'messaging_service_sid', required: false, kind: 'text', pattern: /^MG[0-9a-fA-F]{32}$/ },
  { name: 'base_url', required: false, kind: 'url' },
];

const BASE_URL = 'https://api.twilio.com';
const MAX_VALIDITY_SECONDS = 36_000;

/** Twilio Programmable Messaging, one request a message (https://www.twilio.com/docs/messaging/api/message-resource). */
export function createTwilioCarrier(deps: HttpCarrierDeps): Carrier {
  return {
    type: 'twilio',
    deduplicatesOwnId: false,
    sendsMms: true,
    credentials: CREDENTIALS,
    callbacks: TWILIO_CALLBACKS,
    connect: (list) => connect(deps, list),
  };
}

function connect({ roads, publicUrl }: HttpCarrierDeps, { accountId, credentials }: CarrierList): CarrierConnection {
  const road = roads.open(textOf(credentials, 'base_url') ?? BASE_URL);
  const path = `/2010-04-01/Accounts/${textOf(credentials, 'account_sid') ?? ''}/Messages.json`;
  const serviceSid = textOf(credentials, 'messaging_service_sid') ?? null;
  const authorization = toAuthorization(credentials);
  const get = (query: string): RoadRequest => ({ method: 'GET', path: `${path}?${query}`, headers: { authorization } });
  const callback = `${publicUrl}/api/webhook-feedbacks/twilio?account=${accountId}&m=`;
  const dialect: SubmitDialect = {
    batchSize: 1,
    toRequest: ([message]) => ({
      method: 'POST',
      path,
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: toForm(message as SubmitMessage, serviceSid, callback),
    }),
    toOutcomes: (_messages, answer) => [toOutcome(answer)],
  };
  return {
    submit: (messages, settle, signal) => submitOverHttp(road, dialect, messages, settle, signal),
    lookUp: (message, submittedAtMs) => lookUpAtTwilio({ road, get, serviceSid }, message, submittedAtMs),
    check: () => checkOverHttp(road, get('PageSize=1')),
    [Symbol.asyncDispose]: () => road[Symbol.asyncDispose](),
  };
}

function toAuthorization(credentials: Credentials): string {
  const [key, secret] = [textOf(credentials, 'api_key_sid'), textOf(credentials, 'api_key_secret')];
  const isKey = key !== undefined && secret !== undefined;
  const user = isKey ? key : textOf(credentials, 'account_sid');
  const password = isKey ? secret : textOf(credentials, 'auth_token');
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function toForm(message: SubmitMessage, serviceSid: string | null, callback: string): string {
  const sender = serviceSid === null ? `From=${encodeURIComponent(message.from)}` : `MessagingServiceSid=${serviceSid}`;
  const validity = Math.min(message.validityMinutes * 60, MAX_VALIDITY_SECONDS);
  const media = message.mediaUrls?.map((url) => `&MediaUrl=${encodeURIComponent(url)}`).join('') ?? '';
  return (
    `To=${encodeURIComponent(message.to)}&${sender}&Body=${encodeURIComponent(message.body)}` +
    `&StatusCallback=${encodeURIComponent(callback + message.id)}&ValidityPeriod=${validity}&SmartEncoded=false${media}`
  );
}

/** States of a message that Twilio made and then gave up at once. */
const REFUSED: ReadonlySet<string | null> = new Set(['failed', 'undelivered', 'canceled']);

/** @returns undefined when the answer proves nothing */
function toOutcome({ status, text }: Answered): SubmitOutcome | undefined {
  const answer = readJsonObject(text) ?? {};
  if (status < 200 || status > 299) return outcomeOfCode(TWILIO_CODES, textIn(answer, 'code'), status);
  const [sid, word, code] = [textIn(answer, 'sid'), textIn(answer, 'status'), textIn(answer, 'error_code')];
  if (sid === null) return undefined;
  if (REFUSED.has(word)) return toRefusal(code);
  return { kind: 'accepted', carrierIds: [sid], detail: 'PENDING', echoesOwnId: true };
}

/** The message exists and has failed: whatever its code says, it is not sent again. */
function toRefusal(code: string | null): SubmitOutcome {
  if (code === null) return { kind: 'refused', detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false, code };
  const { detail, permanent } = meaningOf(TWILIO_CODES, code);
  return { kind: 'refused', detail, permanent, code };
}
