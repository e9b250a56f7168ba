import { hash } from 'node:crypto';
import { isPlainObject } from '../../lib/fields.ts';
import type { CallbackContent, CallbackRequest, CarrierReport, InboundText } from '../carrier.ts';
import { textAt, valueAt, type Path } from './path.ts';
import type { InboundRules, ReceiptRules } from './settings.ts';
import { meaningOfCode } from './words.ts';

export interface CallbackRules {
  readonly receipt: ReceiptRules | null;
  readonly inbound: InboundRules | null;
}

/** JSON, a form, or the parameters of the address; undefined: it cannot be read. */
export function readPayload({ headers, body, query }: CallbackRequest): unknown {
  const contentType = String(headers['content-type'] ?? '').toLowerCase();
  const text = body.toString('utf8');
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  if (text.trim() === '') return query;
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) || Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What a call says by the rules of one list; undefined: nothing that they know. */
export function readCall(rules: CallbackRules, request: CallbackRequest): CallbackContent | undefined {
  const payload = readPayload(request);
  if (payload === undefined) return undefined;
  const { receipt, inbound } = rules;
  const receipts =
    receipt === null ? [] : itemsAt(payload, receipt.items).map((item) => toReport(receipt, item, request));
  const reports = receipts.filter((report) => report !== undefined);
  if (reports.length > 0 || inbound === null) return reports.length > 0 ? { reports, inbound: [] } : undefined;
  const texts = itemsAt(payload, inbound.items).map((item) => toInbound(inbound, item, request));
  const found = texts.filter((text) => text !== undefined);
  return found.length > 0 ? { reports: [], inbound: found } : undefined;
}

function itemsAt(payload: unknown, path: Path): readonly unknown[] {
  const found = valueAt(payload, path);
  return Array.isArray(found) ? found : [found];
}

/** @returns undefined without an id, or with a status that the rules do not know */
function toReport(
  rules: ReceiptRules,
  item: unknown,
  { query }: CallbackRequest,
): (CarrierReport & { readonly ownNumber: string | null }) | undefined {
  const status = textAt(item, rules.state);
  const told = status === null ? undefined : rules.states.get(status);
  const messageId = textAt(item, rules.messageId) ?? query['m'] ?? null;
  const carrierId = textAt(item, rules.carrierId);
  if (told === undefined || (messageId === null && carrierId === null)) return undefined;
  const code = textAt(item, rules.code);
  return {
    messageId,
    carrierId,
    part: null,
    state: told.state,
    ...toReason(rules, told, code),
    code,
    atMs: parseTime(textAt(item, rules.at)),
    ownNumber: textAt(item, rules.from),
  };
}

function toReason(
  { codes }: ReceiptRules,
  { state, detail }: { readonly state: CarrierReport['state']; readonly detail: string | null },
  code: string | null,
): Pick<CarrierReport, 'detail' | 'permanent'> {
  if (state === 'delivered') return { detail: 'DELIVERED_TO_HANDSET', permanent: null };
  if (state === 'sent') return { detail: detail ?? 'PENDING', permanent: null };
  const word = (code === null ? undefined : codes.get(code)) ?? detail;
  if (word !== null) return { detail: word, permanent: meaningOfCode(new Map([[word, word]]), word).permanent };
  if (code !== null && code !== '0') return { detail: meaningOfCode(codes, code).detail, permanent: false };
  return { detail: 'UNDELIVERABLE_NOT_DELIVERED', permanent: false };
}

/** Without an id of the carrier, sender, recipient, time and text make one, so that a repeat is known. */
function toInbound(rules: InboundRules, item: unknown, { nowMs }: CallbackRequest): InboundText | undefined {
  const [from, text] = [textAt(item, rules.from), textAt(item, rules.text)];
  if (from === null || text === null) return undefined;
  const [to, time] = [textAt(item, rules.to) ?? '', textAt(item, rules.at)];
  const id = textAt(item, rules.id) ?? hash('sha256', JSON.stringify([from, to, time, text])).slice(0, 32);
  return { id, from, to, text, atMs: parseTime(time) ?? nowMs };
}

/** ISO 8601 (without a zone: UTC), or seconds or milliseconds since 1970. */
function parseTime(time: string | null): number | null {
  if (time === null) return null;
  if (/^\d{9,10}(\.\d+)?$/.test(time)) return Math.floor(Number(time) * 1_000);
  if (/^\d{12,13}$/.test(time)) return Number(time);
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(time)) return null;
  const iso = time.replace(' ', 'T');
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(iso) ? iso : `${iso}Z`);
  return Number.isNaN(ms) ? null : ms;
}
