import type { Account, List } from '../accounts/index.ts';
import { parseRuleName } from '../compliance/index.ts';
import { HOUR_MS, type Clock } from '../lib/clock.ts';
import { numberToPhone } from '../lib/e164.ts';
import type { IdCodec } from '../lib/public-id.ts';
import { LANES, SOURCES, type Source } from '../pipeline/batch.ts';
import { type Decision, toDecisions } from '../pipeline/decisions.ts';
import { toEncoding } from '../pipeline/encoding-code.ts';
import { type Flag, hasFlag, SKIP_FLAGS } from '../pipeline/flags.ts';
import { type MessageState, toMessageState, toMessageStatus } from '../pipeline/message-state.ts';
import type { StoredEvent, StoredMessage, StoredPart } from '../store/message-store.ts';
import { maskCode } from './mask-code.ts';
import { toMessageId, toV1MessageId } from './message-id.ts';
import type { MessageRow, MessageView, ShownState } from './message-view-schemas.ts';

const MICROS = 1_000_000;
const CURRENCY = 'USD';
const SOURCE_WORDS = Object.keys(SOURCES) as readonly Source[];
const SHOWN_SKIPS: readonly Flag[] = ['skip_affixes', ...SKIP_FLAGS];

/** States of messages that the carrier was paid for. */
const CHARGED: ReadonlySet<MessageState> = new Set(['sent', 'in_doubt', 'unknown', 'delivered', 'undelivered']);
const FINAL: ReadonlySet<MessageState> = new Set([
  'unknown',
  'delivered',
  'undelivered',
  'failed',
  'dropped',
  'cancelled',
  'orphaned',
]);
const NO_CLICKS = { total: 0, human: 0, bot: 0, first_human_at: null };
const NO_REVENUE = { total: 0, conversions: 0 };

/** What the JSON of a message needs beside its row. */
export interface ViewContext {
  readonly account: Account;
  /** The list of the message. */
  readonly list: List;
  readonly messageIds: Pick<IdCodec, 'encode'>;
  readonly clock: Clock;
}

/** The JSON of a message in a list of messages. */
export function toMessageRow(message: StoredMessage, { account, list, messageIds, clock }: ViewContext): MessageRow {
  const state = toMessageState(message.state);
  const simulated = hasFlag(message.flags, 'simulated');
  const id = toMessageId(messageIds, message.number, simulated);
  const source = toSource(message.source);
  return {
    id,
    v1_id: toV1MessageId(id),
    to: numberToPhone(message.phone),
    list_id: message.listId,
    list_number: list.number,
    status: toMessageStatus(state),
    state: toShownState(state),
    status_detail: lacksReceipt(message, state, clock()) ? 'no_receipt' : toStatusDetail(state, message.detail),
    permanent: message.permanent,
    body: toShownBody(message, source),
    template: message.template,
    category: message.lane === LANES.marketing ? 'marketing' : 'transactional',
    source,
    send_type: source,
    schedule_id: null,
    run_id: null,
    variant_name: null,
    creative_id: null,
    journey_id: null,
    mms_image_url: null,
    skips: SHOWN_SKIPS.filter((flag) => hasFlag(message.flags, flag)),
    metadata: message.metadata ?? {},
    encoding: message.encoding === null ? null : toEncoding(message.encoding),
    characters: message.characters,
    segments: message.segments,
    provider: list.type,
    carrier_message_ids: [...(message.carrierIds ?? [])],
    carrier_code: message.carrierCode,
    cost: { amount: toCost(message, state, account), currency: CURRENCY },
    hold: state === 'held' ? toHold(message) : null,
    simulated,
    imported: hasFlag(message.flags, 'imported'),
    times: toTimes(message),
    clicks: NO_CLICKS,
    revenue: NO_REVENUE,
  };
}

/** One-time codes are shown to nobody but their recipient. */
function toShownBody({ body, segments, template }: StoredMessage, source: Source): string | null {
  const text = body ?? (segments === null ? null : template);
  return text !== null && source === 'otp' ? maskCode(text, template) : text;
}

export interface MessageDetails {
  /** [] for a message that has one part. */
  readonly parts: readonly StoredPart[];
  readonly events: readonly StoredEvent[];
  /** Of its short links, in order. */
  readonly destinations: readonly string[];
}

/** The JSON of one message with its whole life. */
export function toMessageView(
  message: StoredMessage,
  details: MessageDetails,
  context: ViewContext & { readonly linkIds: Pick<IdCodec, 'encode'> },
): MessageView {
  return {
    ...toMessageRow(message, context),
    parts: toParts(message, details.parts),
    links: toLinks(message, details.destinations, context),
    decisions: toDecisions(message.decisions).map((decision) => toShownDecision(decision, message)),
    events: toEvents(message, details.events),
  };
}

export function toShownState(state: MessageState): ShownState {
  return state === 'submitting' ? 'queued' : state;
}

function toSource(code: number): Source {
  const source = SOURCE_WORDS[code];
  if (source === undefined) throw new RangeError(`no source ${code}`);
  return source;
}

/** Words that the state itself says; for all others the stored detail speaks. */
const OWN_DETAIL: Partial<Record<MessageState, string | null>> = {
  queued: null,
  submitting: null,
  scheduled: 'scheduled',
  in_doubt: 'in_doubt',
  unknown: 'unknown',
  cancelled: 'cancelled',
  orphaned: 'orphan',
};

/** A carrier that said nothing for so long will hardly say more; a later receipt still counts. */
const NO_RECEIPT_MS = 72 * HOUR_MS;

function lacksReceipt({ sentMs, detail }: StoredMessage, state: MessageState, nowMs: number): boolean {
  return state === 'sent' && detail !== 'DELIVERED_TO_OPERATOR' && sentMs !== null && nowMs - sentMs >= NO_RECEIPT_MS;
}

function toStatusDetail(state: MessageState, detail: string | null): string | null {
  const own = OWN_DETAIL[state];
  return own === undefined ? detail : own;
}

/** Refused messages cost nothing, and neither do sandbox and imported ones. One division, so six decimals stay exact. */
function toCost(message: StoredMessage, state: MessageState, account: Account): number {
  if (!CHARGED.has(state) || hasFlag(message.flags, 'simulated') || hasFlag(message.flags, 'imported')) return 0;
  return ((message.segments ?? 0) * account.settings.pricePerSegmentMicros) / MICROS;
}

function toHold(message: StoredMessage): MessageRow['hold'] {
  const rule = message.holdRule === null ? null : parseRuleName(message.holdRule).id;
  return { reason: message.detail, until: toIso(message.holdUntilMs), rule };
}

function toTimes(message: StoredMessage): MessageRow['times'] {
  return {
    created_at: new Date(message.createdMs).toISOString(),
    send_at: toIso(message.sendAtMs),
    submitted_at: toIso(message.submittedMs),
    sent_at: toIso(message.sentMs),
    final_at: toIso(message.finalMs),
    updated_at: new Date(message.updatedMs).toISOString(),
  };
}

function toIso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function toParts(message: StoredMessage, parts: readonly StoredPart[]): MessageView['parts'] {
  if (parts.length === 0) return derivedParts(message);
  return parts.map((part) => ({
    part: part.part,
    carrier_message_id: part.carrierId,
    state: part.state === null ? 'sent' : toShownState(toMessageState(part.state)),
    detail: part.detail,
  }));
}

/** A message with one carrier id has no rows of parts: what is known about it is known about its part. */
function derivedParts(message: StoredMessage): MessageView['parts'] {
  const state = toShownState(toMessageState(message.state));
  return (message.carrierIds ?? []).map((carrierId, index) => ({
    part: index + 1,
    carrier_message_id: carrierId,
    state,
    detail: message.detail,
  }));
}

function toLinks(
  message: StoredMessage,
  destinations: readonly string[],
  { account, list, linkIds }: ViewContext & { readonly linkIds: Pick<IdCodec, 'encode'> },
): MessageView['links'] {
  const { firstLink } = message;
  if (firstLink === null) return [];
  const domain = list.settings.shortenerDomain ?? account.settings.shortenerDomain;
  return destinations.map((destination, index) => {
    const linkId = linkIds.encode(firstLink + index);
    return {
      link_id: linkId,
      short_url: domain === null ? null : `https://${domain}/${linkId}`,
      destination_url: destination,
      offer_id: null,
    };
  });
}

/** The bits say that a check failed; how it ended and why is told by the message. */
function toShownDecision({ check, result }: Decision, message: StoredMessage): MessageView['decisions'][number] {
  const rule = check === 'quiet_hours' ? toShownRule(message.holdRule) : {};
  if (result !== 'fail') return { check, result, ...rule };
  const state = toMessageState(message.state);
  if (state === 'dropped' || state === 'orphaned') return { check, result: 'drop', code: message.detail, ...rule };
  if (state === 'held') return { check, result: 'hold', code: message.detail, ...rule };
  return { check, result: 'fail', ...rule };
}

/** The rule that held or dropped the message, also after the hold. */
function toShownRule(stored: string | null): { rule: string | null; rule_version: number | null } {
  if (stored === null) return { rule: null, rule_version: null };
  const { id, version } = parseRuleName(stored);
  return { rule: id, rule_version: version };
}

/** The steps that the times of the row tell, and the stored events between them, by time. */
function toEvents(message: StoredMessage, stored: readonly StoredEvent[]): MessageView['events'] {
  const events = [...ownSteps(message), ...stored.map(toStep)].sort((a, b) => a.atMs - b.atMs);
  return events.map(({ atMs, state, detail }) => ({
    at: new Date(atMs).toISOString(),
    state: toShownState(state),
    detail,
  }));
}

interface Step {
  readonly atMs: number;
  readonly state: MessageState;
  readonly detail: string | null;
}

function toStep({ atMs, state, detail }: StoredEvent): Step {
  return { atMs, state: toMessageState(state), detail };
}

function ownSteps(message: StoredMessage): Step[] {
  const state = toMessageState(message.state);
  const isLater = message.sendAtMs !== null && message.sendAtMs > message.createdMs;
  const steps: Step[] = [{ atMs: message.createdMs, state: isLater ? 'scheduled' : 'queued', detail: null }];
  if (message.sendAtMs !== null && isLater && hasLeftSchedule(message, state)) {
    steps.push({ atMs: message.sendAtMs, state: 'queued', detail: null });
  }
  if (message.sentMs !== null) {
    steps.push({ atMs: message.sentMs, state: 'sent', detail: state === 'sent' ? message.detail : null });
  }
  const endMs = message.finalMs ?? (state === 'unknown' ? message.updatedMs : null);
  if (endMs !== null && FINAL.has(state)) {
    steps.push({ atMs: endMs, state, detail: toStatusDetail(state, message.detail) });
  }
  return steps;
}

function hasLeftSchedule(message: StoredMessage, state: MessageState): boolean {
  if (state === 'scheduled' || message.sendAtMs === null) return false;
  return message.finalMs === null || message.finalMs >= message.sendAtMs;
}
