import { numberToPhone } from '../lib/e164.ts';

/** What endpoints can be told of. */
export const EVENT_NAMES = ['delivery', 'unsubscribe', 'reply', 'sent', 'click', 'conversion', 'resubscribe'] as const;

export type EventName = (typeof EVENT_NAMES)[number];

/** What all events have. */
interface Happening {
  /** When it happened; shown as `timestamp`. */
  readonly atMs: number;
  /** It is of the sandbox. */
  readonly simulated?: boolean | undefined;
}

/** Something that happened to a message. */
interface MessageHappening extends Happening {
  /** Inner number; deliveries are found by it. */
  readonly number: number;
  /** Public id. */
  readonly messageId: string;
  /** Digits of the recipient. */
  readonly phone: number;
  readonly listNumber: string;
}

export type DeliveryStatus = 'delivered' | 'undeliverable' | 'expired' | 'rejected' | 'pending';

/** What is known of a message has changed, or it ended without being sent. */
export interface DeliveryEvent extends MessageHappening {
  readonly event: 'delivery';
  readonly status: DeliveryStatus;
  readonly statusDetail: string | null;
  /** Type of the list; null: no carrier was asked. */
  readonly provider: string | null;
  /** Endpoints may leave out what never got to a carrier. */
  readonly isDrop?: boolean | undefined;
}

/** The carrier took a message. */
export interface SentEvent extends MessageHappening {
  readonly event: 'sent';
  readonly segments: number;
  readonly provider: string;
}

/** A list contact became inactive. */
export interface UnsubscribeEvent extends Happening {
  readonly event: 'unsubscribe';
  readonly phone: number;
  readonly listNumber: string;
  /** The word that was understood, as it was written; null when it was not by text. */
  readonly keyword: string | null;
  readonly reason: string;
}

/** A list contact became active again, or a new one subscribed by itself. */
export interface ResubscribeEvent extends Happening {
  readonly event: 'resubscribe';
  readonly phone: number;
  readonly listNumber: string;
  readonly keyword: string | null;
  /** Such as `keyword`, `form`, `api`. */
  readonly source: string;
}

/** A text that is no keyword. */
export interface ReplyEvent extends Happening {
  readonly event: 'reply';
  readonly replyId: string;
  readonly phone: number;
  readonly listNumber: string;
  readonly body: string;
  /** Inner number and public id of the message that was answered. */
  readonly inReplyTo: { readonly number: number; readonly messageId: string } | null;
  readonly kind: 'text' | 'reaction' | 'abuse' | 'yes_no';
  readonly label: string | null;
}

export interface ClickEvent extends MessageHappening {
  readonly event: 'click';
  readonly linkId: string;
  readonly clickId: string;
  readonly offerId: string | null;
  readonly url: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface ConversionEvent extends Happening {
  readonly event: 'conversion';
  readonly conversionId: string;
  readonly type: string;
  readonly message: { readonly number: number; readonly messageId: string } | null;
  readonly phone: number | null;
  readonly offerId: string | null;
  /** In whole units of the currency. */
  readonly revenue: number | null;
  readonly txnId: string | null;
  readonly attributed: boolean;
}

export type WebhookEvent =
  | DeliveryEvent
  | SentEvent
  | UnsubscribeEvent
  | ResubscribeEvent
  | ReplyEvent
  | ClickEvent
  | ConversionEvent;

/** Of a body in bytes, under 20 kB. */
const MAX_BODY_BYTES = 19_999;
const MAX_KEYWORD_LENGTH = 160;
/** Around a text in JSON. */
const QUOTES = 2;

/** The message that deliveries of the event are found by. */
export function messageNumberOf(event: WebhookEvent): number | null {
  if (event.event === 'reply') return event.inReplyTo?.number ?? null;
  if (event.event === 'conversion') return event.message?.number ?? null;
  return 'number' in event ? event.number : null;
}

/** The JSON text that is sent, under 20 kB: the text of a reply is cut for it. Every key is always there. */
export function toEventBody(event: WebhookEvent): string {
  const json = JSON.stringify(toPayload(event));
  if (event.event !== 'reply' || Buffer.byteLength(json) <= MAX_BODY_BYTES) return json;
  return toEventBody({ ...event, body: cut(event.body, Buffer.byteLength(json) - MAX_BODY_BYTES) });
}

/** Takes away at least `bytes` of its JSON form, and never half a character. */
function cut(text: string, bytes: number): string {
  let removed = 0;
  let end = text.length;
  while (removed < bytes && end > 0) {
    const start = end - (isPairAt(text, end - 2) ? 2 : 1);
    removed += Buffer.byteLength(JSON.stringify(text.slice(start, end))) - QUOTES;
    end = start;
  }
  return text.slice(0, end);
}

function isPairAt(text: string, index: number): boolean {
  return index >= 0 && (text.codePointAt(index) ?? 0) > 0xff_ff;
}

/** The body of the contract, in its order of keys. */
function toPayload(event: WebhookEvent): Record<string, unknown> {
  const payload = { event: event.event, ...toFacts(event) };
  return event.simulated === true ? { ...payload, simulated: true } : payload;
}

function toFacts(event: WebhookEvent): Record<string, unknown> {
  const timestamp = new Date(event.atMs).toISOString();
  switch (event.event) {
    case 'delivery':
      return {
        message_id: event.messageId,
        to: numberToPhone(event.phone),
        list_number: event.listNumber,
        status: event.status,
        status_detail: event.statusDetail,
        provider: event.provider,
        timestamp,
      };
    case 'sent':
      return {
        message_id: event.messageId,
        to: numberToPhone(event.phone),
        list_number: event.listNumber,
        segments: event.segments,
        provider: event.provider,
        timestamp,
      };
    case 'unsubscribe':
      return {
        phone_number: numberToPhone(event.phone),
        list_number: event.listNumber,
        keyword: event.keyword?.toUpperCase().slice(0, MAX_KEYWORD_LENGTH) ?? null,
        timestamp,
        reason: event.reason,
      };
    case 'resubscribe':
      return {
        phone_number: numberToPhone(event.phone),
        list_number: event.listNumber,
        keyword: event.keyword?.toUpperCase().slice(0, MAX_KEYWORD_LENGTH) ?? null,
        source: event.source,
        timestamp,
      };
    case 'reply':
      return {
        reply_id: event.replyId,
        phone_number: numberToPhone(event.phone),
        list_number: event.listNumber,
        body: event.body,
        in_reply_to: event.inReplyTo?.messageId ?? null,
        kind: event.kind,
        label: event.label,
        timestamp,
      };
    case 'click':
      return {
        message_id: event.messageId,
        phone_number: numberToPhone(event.phone),
        list_number: event.listNumber,
        link_id: event.linkId,
        click_id: event.clickId,
        offer_id: event.offerId,
        url: event.url,
        metadata: event.metadata,
        timestamp,
      };
    case 'conversion':
      return {
        conversion_id: event.conversionId,
        type: event.type,
        message_id: event.message?.messageId ?? null,
        phone_number: event.phone === null ? null : numberToPhone(event.phone),
        offer_id: event.offerId,
        revenue: event.revenue,
        txn_id: event.txnId,
        attributed: event.attributed,
        timestamp,
      };
    default:
      return event satisfies never;
  }
}
