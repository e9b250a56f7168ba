import type { CarrierEvents, CarrierReport, InboundText } from '../../carriers/carrier.ts';
import { classifyInbound } from '../../compliance/index.ts';
import { carrierIdSpellings } from '../../lib/carrier-ids.ts';
import type { Clock } from '../../lib/clock.ts';
import { isE164, phoneToNumber } from '../../lib/e164.ts';
import type { IdCodec } from '../../lib/public-id.ts';
import type { Log } from '../../log/log.ts';
import { findCarrierRefs, lockCarrierRefs, type ParkedReport, parkReports } from '../../store/carrier-ref-store.ts';
import { insertInboundTexts, type NewInboundText } from '../../store/inbound-store.ts';
import { applyReports, type ApplyScope, type ArrivedReport, type MatchedReport } from '../apply-reports.ts';
import type { MessageEvents } from '../../messages/message-events.ts';
import { createLogReader, type LogReader } from '../log-reader.ts';
import { joinParts } from '../../store/inbound-part-store.ts';
import { moveCounts } from '../../store/message-count-store.ts';
import type { Pool } from '../../store/pool.ts';
import { saveSubscriptions, type SubscriptionChange } from '../../store/subscription-store.ts';
import type { Transaction } from '../../store/transaction.ts';

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
  readonly messageEvents: MessageEvents;
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
  const { pool, log, ids, messageEvents, clock, owns, onError, onTimed } = deps;
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
        const { matched, total } = await applyToList(transaction, { listId, events, ids, messageEvents, nowMs });
        if (total > 0) deps.onReceipts?.(listId, matched, total);
      }
      return undefined;
    },
    onError,
    onTimed,
  });
}

interface ListEvents extends ApplyScope {
  readonly events: readonly LoggedEvents[];
  readonly ids: IdCodec;
}

async function applyToList(transaction: Transaction, work: ListEvents): Promise<{ matched: number; total: number }> {
  const { listId, events, ids, nowMs } = work;
  const arrived = events.flatMap((event) =>
    event.inbound.map((text) => ({
      carrier: event.carrier,
      id: text.id,
      phone: phoneToNumber(text.from),
      // The database has no room for U+0000 in a text.
      body: text.text.replaceAll('\u0000', '\uFFFD'),
      receivedMs: text.atMs,
      part: text.part,
    })),
  );
  const parts = arrived.flatMap(({ part, ...text }) => (part === undefined ? [] : [{ ...text, ...part }]));
  const joined = await joinParts(transaction, listId, parts);
  const inbound = [...arrived.filter(({ part }) => part === undefined), ...joined];
  const keywords = keywordsOf(events);
  await applyTexts(transaction, listId, await insertInboundTexts(transaction, listId, inbound), keywords);
  const reports = events.flatMap((event) => event.reports.map((report) => ({ report, arrivedMs: event.arrivedMs })));
  if (reports.length === 0) return { matched: 0, total: 0 };
  const matched = await matchReports(transaction, listId, reports, ids, nowMs);
  const { moves, found } = await applyReports(transaction, work, matched);
  await moveCounts(transaction, listId, moves);
  // Those that were told to several lists count where they found their message.
  const own = reports.filter(({ report }) => report.isShared !== true).length;
  return { matched: found, total: Math.max(found, own) };
}

/**
 * Applies reports that were parked until their carrier's id became known, within the transaction that took them out.
 * Returns how the books move by that. The caller holds the lock of carrier ids.
 */
export async function applyUnparked(
  transaction: Transaction,
  scope: ApplyScope,
  parked: readonly CarrierReport[],
): Promise<Map<number, number>> {
  if (parked.length === 0) return new Map();
  const { listId, nowMs } = scope;
  const arrived = parked.map((report) => ({ report, arrivedMs: report.atMs ?? nowMs }));
  const matched = await matchByCarrierId(transaction, listId, arrived, nowMs);
  return (await applyReports(transaction, scope, matched)).moves;
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
  const parked: ParkedReport[] = [];
  for (const [index, arrived] of reports.entries()) {
    const ref = spellings[index]?.map((spelling) => refs.get(spelling)).find((found) => found !== undefined);
    if (ref !== undefined) matched.push({ ...arrived, number: ref.number, part: arrived.report.part ?? ref.part });
    // A parked report keeps its time of arrival: it decides when the carrier gives no time.
    else
      parked.push({ carrierId: spellings[index]?.[0] ?? '', report: withTime(arrived), phone: recipientOf(arrived) });
  }
  if (parked.length > 0) await parkReports(transaction, listId, parked, nowMs);
  return matched;
}

function recipientOf({ report: { about } }: ArrivedReport): number | null {
  return about !== undefined && isE164(about.to) ? phoneToNumber(about.to) : null;
}

function withTime({ report, arrivedMs }: ArrivedReport): CarrierReport {
  return report.atMs === null ? { ...report, atMs: arrivedMs } : report;
}
