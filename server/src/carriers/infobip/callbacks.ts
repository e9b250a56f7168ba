import type { CallbackContent, CallbackRequest, CarrierCallbacks, CarrierReport, InboundText } from '../carrier.ts';
import { objectIn, objectsIn, readJsonObject, textIn, type JsonObject } from '../http-road/read-json.ts';
import { verifyPathSecret } from '../path-secret.ts';
import { readInfobipStatus, type InfobipStatus } from './statuses.ts';

export const INFOBIP_CALLBACKS = {
  answer: { contentType: 'application/json; charset=utf-8', body: '{"success":true}' },
  verify: verifyPathSecret,
  parse,
} satisfies CarrierCallbacks;

/** Receipts and inbound texts have the same envelope; a receipt has a status. */
function parse({ body, nowMs }: CallbackRequest): CallbackContent | undefined {
  const payload = readJsonObject(body.toString('utf8'));
  if (payload === undefined || !Array.isArray(payload['results'])) return undefined;
  const rows = objectsIn(payload, 'results');
  const reports = rows.filter(isReceipt).flatMap((row) => {
    const report = toReport(row);
    return report === undefined ? [] : [{ ...report, ownNumber: textIn(row, 'from') }];
  });
  const texts = rows.filter((row) => !isReceipt(row)).map((row) => toText(row, nowMs));
  const inbound = texts.filter((text) => text !== undefined);
  if (inbound.length === texts.length) return { reports, inbound };
  // An opt-out must not wait for what stands beside it in the call.
  return reports.length + inbound.length === 0 ? undefined : { reports, inbound, isPartial: true };
}

function isReceipt(row: JsonObject): boolean {
  return Object.keys(objectIn(row, 'status')).length > 0;
}

function toText(row: JsonObject, nowMs: number): InboundText | undefined {
  const [id, from, to, text] = [textIn(row, 'messageId'), textIn(row, 'from'), textIn(row, 'to'), row['text']];
  if (id === null || from === null || to === null || typeof text !== 'string') return undefined;
  return { id, from, to, text, atMs: parseInfobipTime(textIn(row, 'receivedAt')) ?? nowMs };
}

/** What a receipt or a row of the log says; undefined when it names no message or a status of no known group. */
export function toReport(row: JsonObject): CarrierReport | undefined {
  const [id, status] = [textIn(row, 'messageId'), readInfobipStatus(row)];
  if (id === null || status === undefined) return undefined;
  const common = { messageId: textIn(row, 'callbackData') ?? id, carrierId: id, part: null };
  return { ...common, ...toState(status), atMs: parseInfobipTime(textIn(row, 'doneAt')) };
}

const NO_FAILURE = { permanent: null, code: null } as const;

function toState(status: InfobipStatus): Pick<CarrierReport, 'state' | 'detail' | 'permanent' | 'code'> {
  switch (status.kind) {
    case 'pending':
      return { state: 'sent', detail: 'PENDING', ...NO_FAILURE };
    case 'delivered_to_operator':
      return { state: 'sent', detail: 'DELIVERED_TO_OPERATOR', ...NO_FAILURE };
    case 'delivered':
      return { state: 'delivered', detail: 'DELIVERED_TO_HANDSET', ...NO_FAILURE };
    case 'undelivered':
    case 'rejected':
      return toFailure(status);
    default:
      return status satisfies never;
  }
}

function toFailure({
  meaning: { detail, permanent },
  code,
}: Extract<InfobipStatus, { meaning: unknown }>): Pick<CarrierReport, 'state' | 'detail' | 'permanent' | 'code'> {
  // The id was used before: the carrier has the message.
  if (detail === 'REJECTED_DUPLICATE') return { state: 'sent', detail: 'PENDING', permanent: null, code };
  return { state: 'undelivered', detail, permanent, code };
}

/** `2026-11-02T17:04:22.900+0000`, an offset without a colon; null when it is no time. */
export function parseInfobipTime(text: string | null): number | null {
  const timeMs = Date.parse((text ?? '').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(timeMs) ? null : timeMs;
}
