import { DAY_MS, MINUTE_MS } from '../../lib/clock.ts';
import type { LookUpResult, SubmitMessage } from '../carrier.ts';
import type { RoadRequest } from '../http-road/exchange.ts';
import type { HttpRoad } from '../http-road/http-road.ts';
import { objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import { toReport } from './callbacks.ts';

export interface TwilioReader {
  readonly road: HttpRoad;
  readonly get: (query: string) => RoadRequest;
  /** Set: Twilio chooses the sender. */
  readonly serviceSid: string | null;
}

/** A message was made within this of our submit. */
const NEARNESS_MS = 2 * MINUTE_MS;
const UNKNOWN: LookUpResult = { kind: 'unknown' };

/**
 * Twilio knows nothing of our ids: the messages to the recipient since that day are read, and exactly one with the text,
 * made within 2 minutes of our submit, is it. Anything else decides nothing, and absence is never proved.
 */
export async function lookUpAtTwilio(
  { road, get, serviceSid }: TwilioReader,
  message: SubmitMessage,
  submittedAtMs: number,
): Promise<LookUpResult> {
  const from = serviceSid === null ? `&From=${encodeURIComponent(message.from)}` : '';
  const day = new Date(submittedAtMs - (submittedAtMs % DAY_MS < NEARNESS_MS ? DAY_MS : 0)).toISOString().slice(0, 10);
  const answer = await road.send(get(`To=${encodeURIComponent(message.to)}${from}&DateSent%3E=${day}&PageSize=1000`));
  const page = answer.kind === 'answered' && answer.status === 200 ? readJsonObject(answer.text) : undefined;
  if (page === undefined || textIn(page, 'next_page_uri') !== null) return UNKNOWN;
  const alike = objectsIn(page, 'messages').filter((found) => isAlike(found, message, submittedAtMs));
  const [only] = alike;
  return only === undefined || alike.length > 1 ? UNKNOWN : toResult(only, message.id);
}

function isAlike(found: JsonObject, message: SubmitMessage, submittedAtMs: number): boolean {
  const madeMs = Date.parse(textIn(found, 'date_created') ?? '');
  return found['body'] === message.body && Math.abs(madeMs - submittedAtMs) <= NEARNESS_MS;
}

function toResult(found: JsonObject, messageId: string): LookUpResult {
  const [sid, status] = [textIn(found, 'sid'), textIn(found, 'status')];
  const told = status === null ? undefined : toReport(status, textIn(found, 'error_code'));
  if (sid === null || told === undefined) return UNKNOWN;
  return { kind: 'found', report: { ...told, messageId, carrierId: sid }, carrierIds: [sid] };
}
