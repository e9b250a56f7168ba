import type { CarrierEvents, CarrierReport } from '../../carriers/carrier.ts';
import { carrierIdSpellings } from '../../lib/carrier-ids.ts';
import type { Clock } from '../../lib/clock.ts';
import { isE164, numberToPhone, phoneToNumber } from '../../lib/e164.ts';
import type { IdCodec } from '../../lib/public-id.ts';
import type { Log } from '../../log/log.ts';
import { findCarrierRefs, lockCarrierRefs, type ParkedReport, parkReports } from '../../store/carrier-ref-store.ts';
import { applyReports, type ApplyScope, type ArrivedReport, type MatchedReport } from '../apply-reports.ts';
import type { MessageEvents } from '../../messages/message-events.ts';
import { type ContactEffects, moveBooks, type Moved } from '../contact-effects.ts';
import { createLogReader, type LogReader } from '../log-reader.ts';
import { findStopping, toStoredBody } from '../opt-out-texts.ts';
import { joinParts } from '../../store/inbound-part-store.ts';
import type { Pool } from '../../store/pool.ts';
import { afterCommit, type Transaction } from '../../store/transaction.ts';
import { applyTexts, type ArrivedText, type InboundDeps, toReceivedMs } from './inbound-stage.ts';

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

export interface ApplyStageDeps extends InboundDeps {
  readonly pool: Pool;
  readonly log: Log;
  readonly ids: IdCodec;
  readonly messageEvents: MessageEvents;
  readonly contactEffects: ContactEffects;
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
  return createLogReader({
    ...deps,
    topic: 'events',
    maxBytes: 1_048_576,
    async apply(transaction, entries) {
      const nowMs = deps.clock();
      const byList = new Map<number, LoggedEvents[]>();
      for (const entry of entries) {
        const events = decodeEvents(entry.value);
        const group = byList.get(events.listId);
        if (group === undefined) byList.set(events.listId, [events]);
        else group.push(events);
      }
      const lists = [...byList].map(([listId, events]) => ({ listId, events, nowMs }));
      lists.sort((a, b) => a.listId - b.listId);
      await applyInOrder(deps, transaction, lists, nowMs);
      return undefined;
    },
  });
}

interface ListEvents {
  readonly listId: number;
  readonly events: readonly LoggedEvents[];
  readonly nowMs: number;
}

/** Messages of all lists, then contacts and the ledger of consents, then the books: as every transaction takes its locks. */
async function applyInOrder(
  deps: ApplyStageDeps,
  transaction: Transaction,
  lists: readonly ListEvents[],
  nowMs: number,
): Promise<void> {
  const moved: Moved[] = [];
  for (const list of lists) moved.push(await applyListReports(deps, transaction, list));
  const arrived: { listId: number; texts: ArrivedText[]; nowMs: number }[] = [];
  for (const { listId, events } of lists) {
    const texts = await wholeTexts(transaction, listId, events);
    if (texts.length > 0) arrived.push({ listId, texts, nowMs });
  }
  const senders = arrived.flatMap(({ listId, texts }) => [
    ...texts.map(({ text }) => ({ listId, phone: phoneToNumber(text.from) })),
    // An opt-out can be one from all lists.
    ...findStopping(
      deps.directory,
      listId,
      texts.map(({ text }) => text),
    ),
  ]);
  await deps.contactEffects.apply(transaction, moved, nowMs, senders);
  for (const texts of arrived) await applyTexts(deps, transaction, texts);
  await moveBooks(transaction, moved);
}

async function applyListReports(
  deps: ApplyStageDeps,
  transaction: Transaction,
  { listId, events, nowMs }: ListEvents,
): Promise<Moved> {
  const reports = events.flatMap((event) => event.reports.map((report) => ({ report, arrivedMs: event.arrivedMs })));
  if (reports.length === 0) return { listId, moves: new Map(), failures: [] };
  const matched = await matchReports(transaction, listId, reports, deps.ids, nowMs);
  const applied = await applyReports(transaction, { listId, messageEvents: deps.messageEvents, nowMs }, matched);
  // Those that were told to several lists count where they found their message.
  const own = reports.filter(({ report }) => report.isShared !== true).length;
  const total = Math.max(applied.found, own);
  if (total > 0) afterCommit(transaction, () => deps.onReceipts?.(listId, applied.found, total));
  return applied;
}

/** Texts that came whole, and those that are whole by a part that came. */
async function wholeTexts(
  transaction: Transaction,
  listId: number,
  events: readonly LoggedEvents[],
): Promise<ArrivedText[]> {
  const arrived = events.flatMap(({ carrier, arrivedMs, inbound }) =>
    inbound.map((text) => ({ carrier, arrivedMs, text })),
  );
  const parts = arrived.flatMap(({ text, ...from }) =>
    text.part === undefined ? [] : [{ ...from, text, part: text.part }],
  );
  if (parts.length === 0) return arrived;
  const joined = await joinParts(
    transaction,
    listId,
    parts.map(({ carrier, arrivedMs, text, part }) => ({
      ...part,
      carrier,
      id: text.id,
      phone: phoneToNumber(text.from),
      body: toStoredBody(text),
      receivedMs: toReceivedMs(text.atMs, arrivedMs),
    })),
  );
  const whole = joined.map(({ carrier, id, phone, body, receivedMs }) => ({
    carrier,
    arrivedMs: receivedMs,
    text: { id, from: numberToPhone(phone), to: parts[0]?.text.to ?? '', text: body, atMs: receivedMs },
  }));
  return [...arrived.filter(({ text }) => text.part === undefined), ...whole];
}

/**
 * Applies reports that were parked until their carrier's id became known, within the transaction that took them out.
 * Returns what they moved. The caller holds the lock of carrier ids.
 */
export async function applyUnparked(
  transaction: Transaction,
  scope: ApplyScope,
  parked: readonly CarrierReport[],
): Promise<Moved> {
  const { listId, nowMs } = scope;
  if (parked.length === 0) return { listId, moves: new Map(), failures: [] };
  const arrived = parked.map((report) => ({ report, arrivedMs: report.atMs ?? nowMs }));
  const matched = await matchByCarrierId(transaction, listId, arrived, nowMs);
  return await applyReports(transaction, scope, matched);
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
