import type { CarrierReport } from '../carriers/carrier.ts';
import type { MessageEvents, MessageNews } from '../messages/message-events.ts';
import { deleteInDoubt } from '../store/in-doubt-store.ts';
import { insertMessageEvents } from '../store/message-progress-store.ts';
import {
  loadParts,
  lockReported,
  saveParts,
  updatePlainReported,
  updateReported,
  type PlainReport,
  type ReportedChange,
  type ReportedMessage,
  type ReportedPart,
} from '../store/message-report-store.ts';
import type { Transaction } from '../store/transaction.ts';
import { type EndedMessage, findFailures, type Moved } from './contact-effects.ts';
import { MESSAGE_STATES as S, type MessageStateCode } from './message-state.ts';
import { applyReport, REPORTED, stateOfParts } from './report-transition.ts';

/** Where reports are applied. */
export interface ApplyScope {
  readonly listId: number;
  readonly messageEvents: MessageEvents;
  readonly nowMs: number;
}

export interface ArrivedReport {
  readonly report: CarrierReport;
  readonly arrivedMs: number;
}

export interface MatchedReport extends ArrivedReport {
  readonly number: number;
  /** null: about the whole message. */
  readonly part: number | null;
}

/** A message while reports are applied to it. */
interface Progress {
  readonly before: ReportedMessage;
  state: MessageStateCode;
  detail: string | null;
  permanent: boolean | null;
  carrierCode: string | null;
  carrierMs: number | null;
  /** Time of the intermediate report that `detail` is of. */
  notedMs: number | null;
  touched: boolean;
}

interface Applied extends Moved {
  /** Reports whose message is there. */
  readonly found: number;
}

/**
 * Applies reports to their messages. Returns what follows from it for contacts and books, which the caller writes last, as
 * every transaction does (`conclude`), and how many found their message.
 */
export async function applyReports(
  transaction: Transaction,
  scope: ApplyScope,
  reports: readonly MatchedReport[],
): Promise<Applied> {
  const { listId, messageEvents, nowMs } = scope;
  const { plain, others } = sortOut(reports);
  const left = new Set(await updatePlainReported(transaction, listId, [...plain.values()], S.sent, nowMs));
  const moves = new Map<number, number>([[S.sent, left.size - plain.size]]);
  for (const { number, state } of plain.values()) {
    if (!left.has(number)) moves.set(state, (moves.get(state) ?? 0) + 1);
  }
  if (left.size < plain.size) await messageEvents.tell(transaction, listId, () => newsOfPlain(plain, left));
  if (left.size > 0) others.push(...reports.filter((report) => left.has(report.number)));
  const foundPlain = plain.size - left.size;
  const ended = endedOf(plain, left);
  if (others.length === 0) return { listId, moves, failures: findFailures(ended), found: foundPlain };
  const looked = await applyWithLook(transaction, scope, others);
  for (const [state, count] of looked.moves) moves.set(state, (moves.get(state) ?? 0) + count);
  return { listId, moves, failures: findFailures(ended, looked.moved), found: foundPlain + looked.found };
}

function* endedOf(plain: ReadonlyMap<number, PlainReport>, left: ReadonlySet<number>): Iterable<EndedMessage> {
  for (const report of plain.values()) if (!left.has(report.number)) yield report;
}

function newsOfPlain(plain: ReadonlyMap<number, PlainReport>, left: ReadonlySet<number>): MessageNews {
  const moved = [...plain.values()].filter(({ number }) => !left.has(number));
  return { changed: moved.map(({ number, state, detail, carrierMs }) => ({ number, state, detail, atMs: carrierMs })) };
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

interface Looked {
  readonly moves: ReadonlyMap<number, number>;
  readonly moved: readonly EndedMessage[];
  readonly found: number;
}

/** Takes the messages' rows and applies each report to what its message is. */
async function applyWithLook(
  transaction: Transaction,
  scope: ApplyScope,
  reports: readonly MatchedReport[],
): Promise<Looked> {
  const { listId } = scope;
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
  const moved = await saveProgress(transaction, scope, [...progress.values()]);
  return {
    moves: countMoves(moved),
    moved: moved.map(({ before, state, detail }) => ({ number: before.number, state, detail })),
    found: reports.filter((report) => progress.has(report.number)).length,
  };
}

/** A carrier may have cut the text in more parts than we count, because of its alphabet or its headers. */
function countParts({ segments, carrierIds }: ReportedMessage): number {
  return Math.max(segments ?? 1, carrierIds?.length ?? 1);
}

function isMultipart(row: ReportedMessage): boolean {
  return countParts(row) > 1;
}

function toProgress(before: ReportedMessage): Progress {
  return {
    before,
    state: before.state as MessageStateCode,
    detail: before.detail,
    permanent: null,
    carrierCode: null,
    carrierMs: before.carrierMs,
    notedMs: null,
    touched: false,
  };
}

function applyToMessage(message: Progress, { report, arrivedMs }: MatchedReport): void {
  const atMs = report.atMs ?? arrivedMs;
  const next = applyReport(message, { state: report.state, detail: report.detail, atMs }, true);
  if (next === undefined) return noteIntermediate(message, report, atMs);
  message.state = next;
  message.detail = report.detail;
  message.permanent = report.permanent;
  message.carrierCode = report.code;
  message.carrierMs = atMs;
  message.touched = true;
}

/** A message that stays `sent` shows the carrier's newest word. */
function noteIntermediate(message: Progress, report: CarrierReport, atMs: number): void {
  if (message.state !== S.sent || report.state !== 'sent' || report.detail === message.detail) return;
  message.detail = report.detail;
  message.notedMs = atMs;
  message.touched = true;
}

/** One row a part; the message follows from all of its parts. A report about the whole counts for every part. */
function applyToPart(
  message: Progress,
  arrived: MatchedReport,
  parts: ReportedPart[],
  changed: Map<string, ReportedPart>,
): void {
  const count = countParts(message.before);
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

/** @returns those whose state changed */
async function saveProgress(
  transaction: Transaction,
  { listId, messageEvents, nowMs }: ApplyScope,
  messages: readonly Progress[],
): Promise<readonly Progress[]> {
  const touched = messages.filter((message) => message.touched);
  if (touched.length === 0) return [];
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
  await messageEvents.tell(transaction, listId, () => newsOf(touched, nowMs));
  return moved;
}

function newsOf(touched: readonly Progress[], nowMs: number): MessageNews {
  const numberOf = ({ before }: Progress): number => before.number;
  return {
    // A report on one whose submit was not answered proves that it was taken.
    sent: touched
      .filter(({ before }) => before.sentMs === null)
      .map((message) => ({ number: numberOf(message), atMs: nowMs })),
    changed: touched.map((message) => {
      const { state, detail, notedMs, carrierMs } = message;
      const isNoted = state === message.before.state && notedMs !== null;
      return { number: numberOf(message), state, detail, atMs: (isNoted ? notedMs : carrierMs) ?? nowMs };
    }),
  };
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
