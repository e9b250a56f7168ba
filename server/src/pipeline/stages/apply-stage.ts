import type { CarrierEvents, CarrierReport, InboundText } from '../../carriers/carrier.ts';
import { classifyInbound } from '../../compliance/index.ts';
import { carrierIdSpellings } from '../../lib/carrier-ids.ts';
import type { Clock } from '../../lib/clock.ts';
import { phoneToNumber } from '../../lib/e164.ts';
import type { IdCodec } from '../../lib/public-id.ts';
import type { Log } from '../../log/log.ts';
import { findCarrierRefs, lockCarrierRefs, parkReports } from '../../store/carrier-ref-store.ts';
import { deleteInDoubt } from '../../store/in-doubt-store.ts';
import { insertInboundTexts, type NewInboundText } from '../../store/inbound-store.ts';
import { createLogReader, type LogReader } from '../log-reader.ts';
import { moveCounts } from '../../store/message-count-store.ts';
import {
  insertMessageEvents,
  loadParts,
  lockReported,
  saveParts,
  updatePlainReported,
  updateReported,
  type PlainReport,
  type ReportedChange,
  type ReportedMessage,
  type ReportedPart,
} from '../../store/message-progress-store.ts';
import type { Pool } from '../../store/pool.ts';
import { saveSubscriptions, type SubscriptionChange } from '../../store/subscription-store.ts';
import type { Transaction } from '../../store/transaction.ts';
import { MESSAGE_STATES as S, type MessageStateCode } from '../message-state.ts';
import { applyReport, REPORTED, stateOfParts } from '../report-transition.ts';

/** Log value of the topic `events`: what one callback or one group of receipts brought. */
export interface LoggedEvents extends CarrierEvents {
  /** List type, such as `simulator`. */
  readonly carrier: string;
  readonly arrivedMs: number;
}

export function encodeEvents(events: LoggedEvents): Buffer {
  return Buffer.from(JSON.stringify(events), 'utf8');
}

export function decodeEvents(value: Uint8Array): LoggedEvents {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')) as LoggedEvents;
}

export interface ApplyStageDeps {
  readonly pool: Pool;
  readonly log: Log;
  readonly ids: IdCodec;
  readonly clock: Clock;
  /** Partitions of the log that this process applies. */
  readonly owns: (partition: number) => boolean;
  readonly onError: (error: unknown) => void;
  /** Reports of a list that came, and how many of them found a message at once. */
  readonly onReceipts?: (listId: number, matched: number, total: number) => void;
  /** Wall time of each group. */
  readonly onTimed?: (elapsedMs: number) => void;
}

/** Applies receipts and inbound texts from the event log: set-based, a list at a time, each entry's effect exactly once. */
export function createApplyStage(deps: ApplyStageDeps): LogReader {
  const { pool, log, ids, clock, owns, onError, onTimed } = deps;
  return createLogReader({
    pool,
    log,
    topic: 'events',
    clock,
    owns,
    maxBytes: 1_048_576,
    async apply(transaction, entries) {
      const nowMs = clock();
      const byList = new Map<number, LoggedEvents[]>();
      for (const entry of entries) {
        const events = decodeEvents(entry.value);
        const group = byList.get(events.listId);
        if (group === undefined) byList.set(events.listId, [events]);
        else group.push(events);
      }
      const inOrder = [...byList].sort((a, b) => a[0] - b[0]);
      for (const [listId, events] of inOrder) {
        const { matched, total } = await applyToList(transaction, { listId, events, ids, nowMs });
        if (total > 0) deps.onReceipts?.(listId, matched, total);
      }
      return undefined;
    },
    onError,
    onTimed,
  });
}

interface ListEvents {
  readonly listId: number;
  readonly events: readonly LoggedEvents[];
  readonly ids: IdCodec;
  readonly nowMs: number;
}

async function applyToList(
  transaction: Transaction,
  { listId, events, ids, nowMs }: ListEvents,
): Promise<{ matched: number; total: number }> {
  const inbound = events.flatMap((event) =>
    event.inbound.map((text) => ({
      carrier: event.carrier,
      id: text.id,
      phone: phoneToNumber(text.from),
      // The database has no room for U+0000 in a text.
      body: text.text.replaceAll('\u0000', '\uFFFD'),
      receivedMs: text.atMs,
    })),
  );
  const keywords = keywordsOf(events);
  await applyTexts(transaction, listId, await insertInboundTexts(transaction, listId, inbound), keywords);
  const reports = events.flatMap((event) => event.reports.map((report) => ({ report, arrivedMs: event.arrivedMs })));
  if (reports.length === 0) return { matched: 0, total: 0 };
  const matched = await matchReports(transaction, listId, reports, ids, nowMs);
  const { moves, found } = await applyReports(transaction, listId, matched, nowMs);
  await moveCounts(transaction, listId, moves);
  return { matched: found, total: reports.length };
}

/**
 * Applies reports that were parked until their carrier's id became known, within the transaction that took them out.
 * Returns how the books move by that. The caller holds the lock of carrier ids.
 */
export async function applyUnparked(
  transaction: Transaction,
  listId: number,
  parked: readonly CarrierReport[],
  nowMs: number,
): Promise<Map<number, number>> {
  if (parked.length === 0) return new Map();
  const arrived = parked.map((report) => ({ report, arrivedMs: report.atMs ?? nowMs }));
  const matched = await matchByCarrierId(transaction, listId, arrived, nowMs);
  return (await applyReports(transaction, listId, matched, nowMs)).moves;
}

type Keywords = ReadonlyMap<string, InboundText['keyword']>;

/** What carriers took texts for, by their key. */
function keywordsOf(events: readonly LoggedEvents[]): Keywords {
  const keywords = new Map<string, InboundText['keyword']>();
  for (const { carrier, inbound } of events) {
    for (const { id, keyword } of inbound) if (keyword !== undefined) keywords.set(`${carrier} ${id}`, keyword);
  }
  return keywords;
}

/** Opt-outs and returns hold from the commit on: the gate reads them for every message after it. */
async function applyTexts(
  transaction: Transaction,
  listId: number,
  texts: readonly NewInboundText[],
  keywords: Keywords,
): Promise<void> {
  const changes = new Map<number, SubscriptionChange>();
  for (const { carrier, id, phone, body, receivedMs } of [...texts].sort((a, b) => a.receivedMs - b.receivedMs)) {
    const keyword = keywords.get(`${carrier} ${id}`);
    const kind = keyword === 'stop' ? 'opt_out' : keyword === 'start' ? 'start' : classifyInbound(body);
    if (kind !== 'reply') changes.set(phone, { phone, subscribed: kind === 'start', atMs: receivedMs });
  }
  await saveSubscriptions(transaction, listId, [...changes.values()]);
}

interface ArrivedReport {
  readonly report: CarrierReport;
  readonly arrivedMs: number;
}

interface MatchedReport extends ArrivedReport {
  readonly number: number;
  /** null: about the whole message. */
  readonly part: number | null;
}

/** Finds each report's message: by our own id, else by the carrier's in any of its spellings. The rest is parked. */
async function matchReports(
  transaction: Transaction,
  listId: number,
  reports: readonly ArrivedReport[],
  ids: IdCodec,
  nowMs: number,
): Promise<MatchedReport[]> {
  const matched: MatchedReport[] = [];
  const byCarrierId: ArrivedReport[] = [];
  for (const arrived of reports) {
    const number = arrived.report.messageId === null ? undefined : ids.decode(arrived.report.messageId);
    const { report, arrivedMs } = arrived;
    if (number !== undefined) matched.push({ report, arrivedMs, number, part: report.part });
    else if (arrived.report.carrierId !== null) byCarrierId.push(arrived);
  }
  if (byCarrierId.length > 0) matched.push(...(await matchByCarrierId(transaction, listId, byCarrierId, nowMs)));
  return matched;
}

async function matchByCarrierId(
  transaction: Transaction,
  listId: number,
  reports: readonly ArrivedReport[],
  nowMs: number,
): Promise<MatchedReport[]> {
  await lockCarrierRefs(transaction, listId);
  const spellings = reports.map(({ report }) => carrierIdSpellings(report.carrierId ?? ''));
  const refs = new Map(
    (await findCarrierRefs(transaction, listId, spellings.flat())).map((ref) => [ref.carrierId, ref]),
  );
  const matched: MatchedReport[] = [];
  const parked: { carrierId: string; report: CarrierReport }[] = [];
  for (const [index, arrived] of reports.entries()) {
    const ref = spellings[index]?.map((spelling) => refs.get(spelling)).find((found) => found !== undefined);
    if (ref !== undefined) matched.push({ ...arrived, number: ref.number, part: arrived.report.part ?? ref.part });
    // A parked report keeps its time of arrival: it decides when the carrier gives no time.
    else parked.push({ carrierId: spellings[index]?.[0] ?? '', report: withTime(arrived) });
  }
  if (parked.length > 0) await parkReports(transaction, listId, parked, nowMs);
  return matched;
}

function withTime({ report, arrivedMs }: ArrivedReport): CarrierReport {
  return report.atMs === null ? { ...report, atMs: arrivedMs } : report;
}

/** A message while reports are applied to it. */
interface Progress {
  readonly before: ReportedMessage;
  state: MessageStateCode;
  detail: string | null;
  permanent: boolean | null;
  carrierCode: string | null;
  carrierMs: number | null;
  touched: boolean;
}

interface Applied {
  /** How the books move. */
  readonly moves: Map<number, number>;
  /** Reports whose message is there. */
  readonly found: number;
}

/** Returns how the books move, which the caller writes last, as every transaction does, and how many found their message. */
async function applyReports(
  transaction: Transaction,
  listId: number,
  reports: readonly MatchedReport[],
  nowMs: number,
): Promise<Applied> {
  const { plain, others } = sortOut(reports);
  const left = new Set(await updatePlainReported(transaction, listId, [...plain.values()], S.sent, nowMs));
  const moves = new Map<number, number>([[S.sent, left.size - plain.size]]);
  for (const { number, state } of plain.values()) {
    if (!left.has(number)) moves.set(state, (moves.get(state) ?? 0) + 1);
  }
  if (left.size > 0) others.push(...reports.filter((report) => left.has(report.number)));
  const foundPlain = plain.size - left.size;
  if (others.length === 0) return { moves, found: foundPlain };
  const looked = await applyWithLook(transaction, listId, others, nowMs);
  for (const [state, count] of looked.moves) moves.set(state, (moves.get(state) ?? 0) + count);
  return { moves, found: foundPlain + looked.found };
}

/**
 * Reports that end a message which is `sent` need no look at it before: `applyReport` then takes what they say. The only
 * ones of their message here, because the order of two matters.
 */
function sortOut(reports: readonly MatchedReport[]): { plain: Map<number, PlainReport>; others: MatchedReport[] } {
  const plain = new Map<number, PlainReport>();
  const notPlain = new Set<number>();
  for (const { report, number, arrivedMs } of reports) {
    const state = REPORTED[report.state];
    if (state === S.sent || plain.has(number)) notPlain.add(number);
    const { detail, permanent, code: carrierCode } = report;
    plain.set(number, { number, state, detail, permanent, carrierCode, carrierMs: report.atMs ?? arrivedMs });
  }
  for (const number of notPlain) plain.delete(number);
  return { plain, others: reports.filter((report) => notPlain.has(report.number)) };
}

/** Takes the messages' rows and applies each report to what its message is. */
async function applyWithLook(
  transaction: Transaction,
  listId: number,
  reports: readonly MatchedReport[],
  nowMs: number,
): Promise<Applied> {
  const numbers = [...new Set(reports.map((report) => report.number))];
  const rows = await lockReported(transaction, listId, numbers);
  const progress = new Map(rows.map((row) => [row.number, toProgress(row)]));
  const multipart = rows.filter((row) => isMultipart(row)).map((row) => row.number);
  const parts = multipart.length === 0 ? [] : await loadParts(transaction, listId, multipart);
  const changedParts = new Map<string, ReportedPart>();
  for (const report of reports) {
    const message = progress.get(report.number);
    if (message === undefined) continue;
    if (isMultipart(message.before)) applyToPart(message, report, parts, changedParts);
    else applyToMessage(message, report);
  }
  await saveParts(transaction, listId, [...changedParts.values()]);
  const moves = await saveProgress(transaction, listId, [...progress.values()], nowMs);
  return { moves, found: reports.filter((report) => progress.has(report.number)).length };
}

function isMultipart(row: ReportedMessage): boolean {
  return (row.segments ?? 1) > 1;
}

function toProgress(before: ReportedMessage): Progress {
  return {
    before,
    state: before.state as MessageStateCode,
    detail: before.detail,
    permanent: null,
    carrierCode: null,
    carrierMs: before.carrierMs,
    touched: false,
  };
}

function applyToMessage(message: Progress, { report, arrivedMs }: MatchedReport): void {
  const atMs = report.atMs ?? arrivedMs;
  const next = applyReport(message, { state: report.state, detail: report.detail, atMs }, true);
  if (next === undefined) return noteIntermediate(message, report);
  message.state = next;
  message.detail = report.detail;
  message.permanent = report.permanent;
  message.carrierCode = report.code;
  message.carrierMs = atMs;
  message.touched = true;
}

/** A message that stays `sent` shows the carrier's newest word. */
function noteIntermediate(message: Progress, report: CarrierReport): void {
  if (message.state !== S.sent || report.state !== 'sent' || report.detail === message.detail) return;
  message.detail = report.detail;
  message.touched = true;
}

/** One row a part; the message follows from all of its parts. A report about the whole counts for every part. */
function applyToPart(
  message: Progress,
  arrived: MatchedReport,
  parts: ReportedPart[],
  changed: Map<string, ReportedPart>,
): void {
  const count = message.before.segments ?? 1;
  const own = partsOf(message.before, count, parts);
  const about = partNumber(arrived, own);
  for (const part of own) {
    if (about !== null && part.part !== about) continue;
    const updated = reportedPart(part, arrived);
    if (updated === undefined) continue;
    own[part.part - 1] = updated;
    replacePart(parts, updated);
    changed.set(`${updated.number} ${updated.part}`, updated);
  }
  followParts(message, own);
}

function partsOf(message: ReportedMessage, count: number, parts: readonly ReportedPart[]): ReportedPart[] {
  return Array.from({ length: count }, (_, index) => {
    const known = parts.find((part) => part.number === message.number && part.part === index + 1);
    return (
      known ?? {
        ...EMPTY_PART,
        number: message.number,
        part: index + 1,
        carrierId: message.carrierIds?.[index] ?? null,
      }
    );
  });
}

const EMPTY_PART = { carrierId: null, state: null, detail: null, permanent: null, carrierCode: null, carrierMs: null };

function partNumber({ part, report }: MatchedReport, own: readonly ReportedPart[]): number | null {
  if (part !== null) return part;
  return own.find((known) => known.carrierId !== null && known.carrierId === report.carrierId)?.part ?? null;
}

function reportedPart(part: ReportedPart, { report, arrivedMs }: MatchedReport): ReportedPart | undefined {
  const current = { state: (part.state ?? S.sent) as MessageStateCode, detail: part.detail, carrierMs: part.carrierMs };
  const atMs = report.atMs ?? arrivedMs;
  const next = applyReport(current, { state: report.state, detail: report.detail, atMs }, false);
  if (next === undefined) return undefined;
  return {
    ...part,
    state: next,
    detail: report.detail,
    permanent: report.permanent,
    carrierCode: report.code,
    carrierMs: atMs,
  };
}

function replacePart(parts: ReportedPart[], updated: ReportedPart): void {
  const index = parts.findIndex((part) => part.number === updated.number && part.part === updated.part);
  if (index === -1) parts.push(updated);
  else parts[index] = updated;
}

/** One that waits for another try was taken after all when its parts say so. */
const FOLLOWS_PARTS: ReadonlySet<number> = new Set([S.queued, S.submitting, S.sent]);

function followParts(message: Progress, parts: readonly ReportedPart[]): void {
  const next = stateOfParts(parts.map((part) => ({ state: part.state as MessageStateCode | null })));
  const reported = parts.some((part) => part.state !== null);
  const isOpen = message.state === S.in_doubt || message.state === S.unknown;
  const state = next ?? (reported && isOpen ? S.sent : undefined);
  const canFollow = isOpen || FOLLOWS_PARTS.has(message.state);
  if (state === undefined || state === message.state || !canFollow) return;
  const deciding = parts.find((part) => part.state === state) ?? parts[0];
  message.state = state;
  message.detail = deciding?.detail ?? null;
  message.permanent = deciding?.permanent ?? null;
  message.carrierCode = deciding?.carrierCode ?? null;
  message.carrierMs = Math.max(...parts.map((part) => part.carrierMs ?? 0));
  message.touched = true;
}

const FINAL: ReadonlySet<number> = new Set([S.delivered, S.undelivered]);

async function saveProgress(
  transaction: Transaction,
  listId: number,
  messages: readonly Progress[],
  nowMs: number,
): Promise<Map<number, number>> {
  const touched = messages.filter((message) => message.touched);
  if (touched.length === 0) return new Map();
  const changes = touched.map((message): ReportedChange => ({
    number: message.before.number,
    state: message.state,
    detail: message.detail,
    permanent: message.permanent,
    carrierCode: message.carrierCode,
    carrierMs: message.carrierMs,
    // A report proves that the carrier took it.
    sentMs: message.before.sentMs ?? nowMs,
    finalMs: FINAL.has(message.state) ? nowMs : null,
  }));
  await updateReported(transaction, listId, changes, nowMs);
  const moved = touched.filter((message) => message.state !== message.before.state);
  const doubts = moved.filter(({ before }) => before.state === S.in_doubt || before.state === S.unknown);
  await deleteInDoubt(
    transaction,
    listId,
    doubts.map(({ before }) => before.number),
  );
  await insertMessageEvents(transaction, listId, toEvents(moved), nowMs);
  return countMoves(moved);
}

/** Only what the message's own times do not tell: the end of a doubt and contradictions. */
function toEvents(moved: readonly Progress[]): { number: number; state: number; detail: string | null }[] {
  return moved
    .filter(({ before, state }) => state === S.sent || FINAL.has(before.state))
    .map(({ before, state, detail }) => ({ number: before.number, state, detail }));
}

function countMoves(moved: readonly Progress[]): Map<number, number> {
  const moves = new Map<number, number>();
  for (const { before, state } of moved) {
    moves.set(before.state, (moves.get(before.state) ?? 0) - 1);
    moves.set(state, (moves.get(state) ?? 0) + 1);
  }
  return moves;
}
