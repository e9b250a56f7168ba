import { open, type Database, type RootDatabase } from 'lmdb';
import { causeOfLmdbError } from '../../lib/lmdb-error.ts';
import type { Encoding } from '../../lib/segments.ts';
import type { Gate, Profile } from './behaviour.ts';
import { createGroupWriter, type GroupWriter } from './group-writer.ts';
import { openMessageChunks, type MessageChunks, type SimulatedMessage } from './message-chunks.ts';

export type { SimulatedMessage } from './message-chunks.ts';

export interface DueEntry {
  readonly seq: number;
  /** Index into the steps of the message's plan. */
  readonly step: number;
}

/** Receipts and replies of one list that are due at the same moment. */
export interface DueGroup {
  readonly key: readonly [dueAtMs: number, number: number];
  readonly listId: number;
  /** When it was first due, which is the carrier's time in the receipt. */
  readonly atMs: number;
  readonly entries: readonly DueEntry[];
}

export interface NewSubmit {
  readonly messageId: string;
  readonly listId: number;
  readonly profile: Profile;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly encoding: Encoding;
  readonly parts: number;
  readonly taken: boolean;
  readonly gate: Gate | null;
  /** When each step of the plan is due, epoch milliseconds. */
  readonly dueAtMs: readonly number[];
}

export type RecordedSubmit =
  /** Turned away by the number's gate; nothing was counted. */
  | { readonly kind: 'gated' }
  | { readonly kind: 'recorded'; readonly repeated: boolean; readonly message: SimulatedMessage };

export interface LedgerRow {
  readonly seq: number;
  readonly messageId: string;
  readonly count: number;
  readonly taken: boolean;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export interface LedgerTotals {
  readonly submits: number;
  readonly messages: number;
  /** Own ids that were submitted more than once. */
  readonly doubles: number;
}

export interface Handset {
  readonly phone: string;
  readonly messages: number;
  readonly lastAtMs: number;
  readonly lastSeq: number;
}

export interface NewText {
  readonly listId: number;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly encoding: Encoding;
  readonly parts: number;
}

/**
 * What the simulated carrier knows, in an LMDB environment of its own. Every write is on disk (fdatasync) before its
 * promise resolves; writes that are asked for while one is being synced share the next transaction and its sync.
 * Nothing is ever pruned: `clear` is the way to make room.
 */
export interface SimulatorStore extends AsyncDisposable {
  /** Answers for each submit in order. A repeated own id is counted, reaches no handset again and makes nothing due. */
  recordSubmits(submits: readonly NewSubmit[], nowMs: number, gateScale: number): Promise<readonly RecordedSubmit[]>;
  /** Keeps texts written on handsets and makes their arrival at the carrier due at once. */
  recordTexts(texts: readonly NewText[], nowMs: number): Promise<readonly SimulatedMessage[]>;
  /** Groups due at `nowMs` or before, earliest first, at most `limit`. */
  dueGroups(nowMs: number, limit: number): readonly DueGroup[];
  /** Epoch milliseconds, or null when nothing is due ever. */
  earliestDueMs(): number | null;
  /** Forgets groups, and keeps the texts that people wrote as their part (due at once), in one transaction. */
  finishGroups(
    groups: readonly DueGroup[],
    replies: readonly NewText[],
    nowMs: number,
  ): Promise<readonly SimulatedMessage[]>;
  /** Tries groups again at `untilMs`. */
  postponeGroups(groups: readonly DueGroup[], untilMs: number): Promise<void>;
  messageBySeq(seq: number): SimulatedMessage | undefined;
  messageByOwnId(messageId: string): SimulatedMessage | undefined;
  /** Any part's id, decimal. */
  messageByCarrierId(carrierId: string): SimulatedMessage | undefined;
  /** Newest first; `beforeSeq` continues after the handset whose `lastSeq` it is. */
  handsets(limit: number, beforeSeq: number | null): readonly Handset[];
  /** Newest first, at most `limit`; `beforeSeq` as in `handsets`. */
  conversation(phone: string, limit: number, beforeSeq: number | null): readonly SimulatedMessage[];
  /** In the order of the first submit. */
  ledger(limit: number, afterSeq: number): readonly LedgerRow[];
  totals(): LedgerTotals;
  /** Forgets everything but the counters of ids, which never go back. */
  clear(): Promise<void>;
}

type DueValue = readonly [listId: number, atMs: number, seqsAndSteps: readonly number[]];
type Counters = [
  nextSeq: number,
  nextCarrierId: number,
  nextDue: number,
  submits: number,
  messages: number,
  doubles: number,
  firstUnindexedSeq: number,
];
type HandsetValue = readonly [messages: number, lastSeq: number, lastAtMs: number];

const FIRST_CARRIER_ID = 1_000_000_001;
const DUE_GROUP_SIZE = 1_000;
const MAX_SEQ = 0xffff_ffff;
/**
 * Messages that are kept before their index entries are written. The keys of the indexes are random, and a page of the
 * tree costs the same for one new entry as for ten. Batches of 1,000 with their receipts, 100,000 messages, each to a
 * handset of its own: 24 µs CPU a message with entries written at once, 15 µs this way (2 shared cores, Node 20).
 */
const INDEX_BATCH = 10_000;

interface Tables {
  readonly root: RootDatabase;
  readonly messages: MessageChunks;
  readonly ownIds: Database<number, string>;
  readonly handsets: Database<HandsetValue, string>;
  readonly recent: Database<string, number>;
  readonly due: Database<DueValue, [number, number]>;
  readonly gates: Database<readonly [tries: number, firstAtMs: number], string>;
  readonly meta: Database<Counters, string>;
  /** Entries that are not in the tables yet; made again from the messages when the store is opened. */
  readonly unindexed: { readonly ownIds: Map<string, number>; readonly handsets: Map<string, HandsetValue> };
}

/** Opens (or makes) the store in `folder`. One process at a time. */
export function openSimulatorStore(folder: string): SimulatorStore {
  const tables = openTables(folder);
  const counters: Counters = [...(tables.meta.get('counters') ?? [1, FIRST_CARRIER_ID, 1, 0, 0, 0, 1])];
  rebuildUnindexed(tables, counters);
  const writer = createWriter(tables, counters);
  return {
    recordSubmits: (submits, nowMs, gateScale) =>
      writer.write(() => putSubmits(tables, counters, submits, nowMs, gateScale)),
    recordTexts: (texts, nowMs) => writer.write(() => putTexts(tables, counters, texts, nowMs)),
    dueGroups: (nowMs, limit) => readDueGroups(tables, nowMs, limit),
    earliestDueMs: () => firstKey(tables.due)?.[0] ?? null,
    finishGroups: (groups, replies, nowMs) =>
      writer.write(() => {
        removeGroups(tables, groups);
        return putTexts(tables, counters, replies, nowMs);
      }),
    postponeGroups: (groups, untilMs) =>
      writer.write(() => {
        removeGroups(tables, groups);
        for (const group of groups) putDue(tables, counters, untilMs, group.listId, group.atMs, group.entries);
      }),
    messageBySeq: (seq) => tables.messages.get(seq),
    messageByOwnId(messageId) {
      const seq = findOwnId(tables, messageId);
      return seq === undefined ? undefined : tables.messages.get(seq);
    },
    messageByCarrierId: (carrierId) => findByCarrierId(tables, Number(carrierId)),
    handsets: (limit, beforeSeq) => readHandsets(tables, limit, beforeSeq),
    conversation: (phone, limit, beforeSeq) => readConversation(tables, phone, limit, beforeSeq),
    ledger: (limit, afterSeq) => readLedger(tables, limit, afterSeq),
    totals: () => ({ submits: counters[3], messages: counters[4], doubles: counters[5] }),
    clear: () =>
      writer.write(() => {
        for (const name of ['messages', 'ownIds', 'handsets', 'recent', 'due', 'gates'] as const)
          tables[name].clearSync();
        counters.fill(0, 3, 6);
        counters[6] = counters[0];
        rebuildUnindexed(tables, counters);
      }),
    async [Symbol.asyncDispose]() {
      await writer.idle();
      await tables.root.close();
    },
  };
}

function openTables(folder: string): Tables {
  // Without overlapping sync a commit is done only after fdatasync, which is the promise of this store.
  const root = open({ path: folder, maxDbs: 8, overlappingSync: false, eventTurnBatching: false, noMemInit: true });
  return {
    root,
    messages: openMessageChunks(root),
    ownIds: root.openDB({ name: 'own_ids' }),
    handsets: root.openDB({ name: 'handsets' }),
    recent: root.openDB({ name: 'recent', keyEncoding: 'uint32' }),
    due: root.openDB({ name: 'due' }),
    gates: root.openDB({ name: 'gates' }),
    meta: root.openDB({ name: 'meta' }),
    unindexed: { ownIds: new Map(), handsets: new Map() },
  };
}

/** What a failed transaction changed in memory is as it was before, from the tables. */
function createWriter(tables: Tables, counters: Counters): GroupWriter {
  const { root, meta, messages } = tables;
  let before = [...counters];
  return createGroupWriter({
    // A child transaction, because only that takes everything back when an action throws.
    async transaction(run) {
      try {
        await root.childTransaction(run);
      } catch (error) {
        throw await causeOfLmdbError(error);
      } finally {
        root.resetReadTxn();
      }
    },
    begin() {
      before = [...counters];
    },
    end() {
      messages.flush();
      if (counters[0] - counters[6] >= INDEX_BATCH) putIndex(tables, counters);
      meta.putSync('counters', counters);
    },
    undo() {
      counters.splice(0, counters.length, ...before);
      messages.reset();
      rebuildUnindexed(tables, counters);
    },
  });
}

function putSubmits(
  tables: Tables,
  counters: Counters,
  submits: readonly NewSubmit[],
  nowMs: number,
  gateScale: number,
): RecordedSubmit[] {
  const dues = new Map<string, { dueAtMs: number; listId: number; entries: DueEntry[] }>();
  const recorded = submits.map((submit): RecordedSubmit => {
    if (submit.gate !== null && isTurnedAway(tables, submit.to, submit.gate, nowMs, gateScale))
      return { kind: 'gated' };
    const known = findOwnId(tables, submit.messageId);
    if (known !== undefined) return countRepeat(tables, counters, known, nowMs);
    const message = putSubmit(tables, counters, submit, nowMs);
    for (let step = 0; step < submit.dueAtMs.length; step++) {
      const dueAtMs = submit.dueAtMs[step] ?? nowMs;
      const key = `${dueAtMs}:${submit.listId}`;
      let group = dues.get(key);
      if (group === undefined) dues.set(key, (group = { dueAtMs, listId: submit.listId, entries: [] }));
      group.entries.push({ seq: message.seq, step });
    }
    return { kind: 'recorded', repeated: false, message };
  });
  for (const { dueAtMs, listId, entries } of dues.values()) putDue(tables, counters, dueAtMs, listId, dueAtMs, entries);
  return recorded;
}

function isTurnedAway(tables: Tables, phone: string, gate: Gate, nowMs: number, scale: number): boolean {
  const [tries, firstAtMs] = tables.gates.get(phone) ?? [0, nowMs];
  const open =
    gate.kind === 'throttle' ? tries >= gate.tries : tries > 0 && nowMs - firstAtMs >= gate.durationMs * scale;
  if (!open) tables.gates.putSync(phone, [tries + 1, firstAtMs]);
  return !open;
}

function countRepeat(tables: Tables, counters: Counters, seq: number, nowMs: number): RecordedSubmit {
  const before = tables.messages.get(seq);
  if (before === undefined) throw new Error(`The simulator's index names message ${seq}, which is not there`);
  const message = { ...before, count: before.count + 1, lastAtMs: nowMs };
  tables.messages.setRepeat(seq, message.count, nowMs);
  counters[3]++;
  if (message.count === 2) counters[5]++;
  return { kind: 'recorded', repeated: true, message };
}

function putSubmit(tables: Tables, counters: Counters, submit: NewSubmit, nowMs: number): SimulatedMessage {
  const seq = nextSeq(counters);
  const message: SimulatedMessage = {
    seq,
    direction: submit.taken ? 'in' : 'ledger',
    messageId: submit.messageId,
    listId: submit.listId,
    profile: submit.profile,
    from: submit.from,
    to: submit.to,
    body: submit.body,
    encoding: submit.encoding,
    parts: submit.parts,
    firstCarrierId: counters[1],
    firstAtMs: nowMs,
    lastAtMs: nowMs,
    count: 1,
    previousSeq: submit.taken ? moveHandset(tables, submit.to, seq, nowMs) : 0,
  };
  if (submit.taken) counters[1] += submit.parts;
  counters[3]++;
  counters[4]++;
  tables.messages.add(message);
  tables.unindexed.ownIds.set(submit.messageId, seq);
  return message;
}

function putTexts(tables: Tables, counters: Counters, texts: readonly NewText[], nowMs: number): SimulatedMessage[] {
  return texts.map((text) => {
    const seq = nextSeq(counters);
    const message: SimulatedMessage = {
      ...text,
      seq,
      direction: 'out',
      messageId: '',
      profile: 'instant',
      firstCarrierId: counters[1],
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      count: 1,
      previousSeq: moveHandset(tables, text.from, seq, nowMs),
    };
    tables.messages.add(message);
    putDue(tables, counters, nowMs, text.listId, nowMs, [{ seq, step: 0 }]);
    return message;
  });
}

function nextSeq(counters: Counters): number {
  if (counters[0] >= MAX_SEQ) throw new Error('The simulator has used all its message numbers; delete its folder');
  return counters[0]++;
}

/** Makes `seq` the newest message of a handset and returns the one that was. */
function moveHandset(tables: Tables, phone: string, seq: number, nowMs: number): number {
  const handset = findHandset(tables, phone);
  tables.unindexed.handsets.set(phone, [(handset?.[0] ?? 0) + 1, seq, nowMs]);
  return handset?.[1] ?? 0;
}

function findOwnId(tables: Tables, messageId: string): number | undefined {
  return tables.unindexed.ownIds.get(messageId) ?? tables.ownIds.get(messageId);
}

function findHandset(tables: Tables, phone: string): HandsetValue | undefined {
  return tables.unindexed.handsets.get(phone) ?? tables.handsets.get(phone);
}

function putIndex(tables: Tables, counters: Counters): void {
  const { ownIds, handsets } = tables.unindexed;
  for (const [messageId, seq] of ownIds) tables.ownIds.putSync(messageId, seq);
  for (const [phone, handset] of handsets) {
    const before = tables.handsets.get(phone);
    if (before !== undefined) tables.recent.removeSync(before[1]);
    tables.recent.putSync(handset[1], phone);
    tables.handsets.putSync(phone, handset);
  }
  ownIds.clear();
  handsets.clear();
  counters[6] = counters[0];
}

function rebuildUnindexed(tables: Tables, counters: Counters): void {
  tables.unindexed.ownIds.clear();
  tables.unindexed.handsets.clear();
  for (const message of tables.messages.from(counters[6])) {
    const { seq, direction, messageId, from, to, firstAtMs } = message;
    if (direction !== 'out') tables.unindexed.ownIds.set(messageId, seq);
    if (direction !== 'ledger') moveHandset(tables, direction === 'out' ? from : to, seq, firstAtMs);
  }
}

function putDue(
  tables: Tables,
  counters: Counters,
  dueAtMs: number,
  listId: number,
  atMs: number,
  entries: readonly DueEntry[],
): void {
  for (let start = 0; start < entries.length; start += DUE_GROUP_SIZE) {
    const flat: number[] = [];
    for (const { seq, step } of entries.slice(start, start + DUE_GROUP_SIZE)) flat.push(seq, step);
    tables.due.putSync([dueAtMs, counters[2]++], [listId, atMs, flat]);
  }
}

function removeGroups(tables: Tables, groups: readonly DueGroup[]): void {
  for (const { key } of groups) tables.due.removeSync([key[0], key[1]]);
}

function readDueGroups(tables: Tables, nowMs: number, limit: number): DueGroup[] {
  const groups: DueGroup[] = [];
  for (const { key, value } of tables.due.getRange({ end: [nowMs + 1, 0], limit })) {
    const [listId, atMs, flat] = value;
    const entries: DueEntry[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) entries.push({ seq: flat[i] ?? 0, step: flat[i + 1] ?? 0 });
    groups.push({ key, listId, atMs, entries });
  }
  return groups;
}

function firstKey(table: Tables['due']): [number, number] | undefined {
  for (const key of table.getKeys({ limit: 1 })) return key;
  return undefined;
}

/** The last taken message whose first id is not above `carrierId`: ids and positions grow together. */
function findByCarrierId(tables: Tables, carrierId: number): SimulatedMessage | undefined {
  if (!Number.isSafeInteger(carrierId)) return undefined;
  let low = tables.messages.first();
  let high = tables.messages.last();
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const message = tables.messages.get(middle);
    if (message === undefined || message.firstCarrierId > carrierId) high = middle - 1;
    else low = middle;
  }
  return takenWithId(tables, low, carrierId);
}

/** Texts from handsets and untaken submits carry the id that the next taken message gets: step back over them. */
function takenWithId(tables: Tables, fromSeq: number, carrierId: number): SimulatedMessage | undefined {
  for (let seq = fromSeq; seq > 0; seq--) {
    const message = tables.messages.get(seq);
    if (message === undefined) return undefined;
    if (message.direction === 'in')
      return carrierId >= message.firstCarrierId && carrierId < message.firstCarrierId + message.parts
        ? message
        : undefined;
  }
  return undefined;
}

/** Those whose newest message is not in the index yet come before all that are. */
function readHandsets(tables: Tables, limit: number, beforeSeq: number | null): Handset[] {
  const before = beforeSeq ?? MAX_SEQ;
  const { handsets: unindexed } = tables.unindexed;
  const found = [...unindexed]
    .filter(([, [, lastSeq]]) => lastSeq < before)
    .sort(([, a], [, b]) => b[1] - a[1])
    .slice(0, limit)
    .map(([phone, handset]) => toHandset(phone, handset));
  for (const { value: phone } of tables.recent.getRange({ start: before - 1, reverse: true })) {
    if (found.length >= limit) break;
    const handset = unindexed.has(phone) ? undefined : tables.handsets.get(phone);
    if (handset !== undefined) found.push(toHandset(phone, handset));
  }
  return found;
}

function toHandset(phone: string, [messages, lastSeq, lastAtMs]: HandsetValue): Handset {
  return { phone, messages, lastSeq, lastAtMs };
}

function readConversation(tables: Tables, phone: string, limit: number, beforeSeq: number | null): SimulatedMessage[] {
  const found: SimulatedMessage[] = [];
  let seq = findHandset(tables, phone)?.[1] ?? 0;
  if (beforeSeq !== null) {
    const last = tables.messages.get(beforeSeq);
    seq = last !== undefined && (last.to === phone || last.from === phone) ? last.previousSeq : 0;
  }
  while (seq !== 0 && found.length < limit) {
    const message = tables.messages.get(seq);
    if (message === undefined) break;
    found.push(message);
    seq = message.previousSeq;
  }
  return found;
}

function readLedger(tables: Tables, limit: number, afterSeq: number): LedgerRow[] {
  const rows: LedgerRow[] = [];
  for (const { seq, direction, messageId, count, firstAtMs, lastAtMs } of tables.messages.from(afterSeq + 1)) {
    if (rows.length >= limit) break;
    if (direction !== 'out') rows.push({ seq, messageId, count, taken: direction === 'in', firstAtMs, lastAtMs });
  }
  return rows;
}
