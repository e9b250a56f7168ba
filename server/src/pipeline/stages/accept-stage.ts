import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../log/log.ts';
import type { NumberBlocks } from '../../store/number-blocks.ts';
import type { Transaction } from '../../store/transaction.ts';
import type { Accept, AcceptItem, AcceptRows } from '../accept-types.ts';
import { encodeBatches, LANES, type AcceptedBatch, type LaneCode, type SourceCode } from '../batch.ts';

/** Messages of one batch at the most. */
const MAX_BATCH = 1_000;
/** Bytes of calls that share a log value; every log takes 8 MiB. */
const MAX_GROUP_BYTES = 6_291_456;
/** UTF-8 bytes of a UTF-16 unit at the most. */
const MAX_UNIT_BYTES = 3;
const COMMA = ','.charCodeAt(0);
const OPEN_ARRAY = '['.charCodeAt(0);
const CLOSE_ARRAY = ']'.charCodeAt(0);

export interface AcceptStageDeps {
  readonly log: Log;
  readonly numbers: NumberBlocks;
  readonly clock: Clock;
  /** Inserts batches and their counts within the caller's transaction. */
  readonly landWithin: (transaction: Transaction, batches: readonly AcceptedBatch[]) => Promise<void>;
}

interface Waiting {
  readonly source: SourceCode;
  readonly simulated: boolean;
  readonly items: readonly (AcceptItem | AcceptRows)[];
  /** Of each item: the number of its (first) message. */
  readonly numbers: number[];
  readonly resolve: (numbers: number[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Numbers messages, groups them into batches and appends them to the log. Calls that come while an append is under way
 * wait for it and share the next one (group commit), so that one sync serves all of them.
 */
export function createAcceptStage({ log, numbers, clock, landWithin }: AcceptStageDeps): Accept {
  let waiting: Waiting[] = [];
  let appending = false;
  let partition = 0;

  async function appendWaiting(): Promise<void> {
    appending = true;
    while (waiting.length > 0) {
      const group = takeGroup();
      try {
        await append(group);
        for (const call of group) call.resolve(call.numbers);
      } catch (error) {
        for (const call of group) call.reject(error);
      }
    }
    appending = false;
  }

  function takeGroup(): Waiting[] {
    let sizeBytes = 0;
    let end = 0;
    for (const call of waiting) {
      for (const { json } of call.items)
        sizeBytes += typeof json === 'string' ? json.length * MAX_UNIT_BYTES : json.length;
      if (end > 0 && sizeBytes > MAX_GROUP_BYTES) break;
      end++;
    }
    return waiting.splice(0, end);
  }

  async function append(group: readonly Waiting[]): Promise<void> {
    let count = 0;
    for (const call of group) {
      for (const item of call.items) count += countOf(item);
    }
    const first = numbers.takeNow(count) ?? (await numbers.take(count));
    const batches = toBatches(group, first, clock());
    partition = (partition + 1) % log.partitions;
    await log.append('outbound', partition, encodeBatches(batches));
  }

  function enqueue(call: Waiting): void {
    waiting.push(call);
    // The rest of this turn of the event loop may bring more requests for the same append.
    if (appending) return;
    appending = true;
    setImmediate(() => void appendWaiting());
  }

  return {
    accept(source, simulated, items) {
      if (items.length === 0) return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        enqueue({ source, simulated, items, numbers: [], resolve, reject });
      });
    },
    acceptRows(source, simulated, rows) {
      return new Promise((resolve, reject) => {
        const resolveFirst = ([first]: number[]): void => resolve(first as number);
        enqueue({ source, simulated, items: [rows], numbers: [], resolve: resolveFirst, reject });
      });
    },
    async acceptWithin(transaction, source, simulated, items) {
      if (items.length === 0) return [];
      const call: Waiting = { source, simulated, items, numbers: [], resolve: () => {}, reject: () => {} };
      const batches = toBatches([call], await numbers.take(items.length), clock());
      await landWithin(transaction, batches);
      return call.numbers;
    },
  };
}

interface OpenBatch {
  readonly listId: number;
  readonly lane: LaneCode;
  readonly source: SourceCode;
  readonly simulated: boolean;
  readonly dueMs: number;
  count: number;
  readonly jsons: AcceptedJson[];
  readonly slots: Slot[];
}

/** One message without brackets, or an array of messages. */
type AcceptedJson = AcceptItem['json'] | AcceptRows['json'];

/** Where the number of an item goes, and the place of its (first) message in the batch. */
interface Slot {
  readonly numbers: number[];
  readonly index: number;
  readonly offset: number;
}

function countOf(item: AcceptItem | AcceptRows): number {
  return 'count' in item ? item.count : 1;
}

/**
 * Groups items by list, lane, due time and source into batches of up to 1,000 with contiguous numbers from `first`, and
 * writes each item's number into its call.
 */
export function toBatches(group: readonly Waiting[], first: number, nowMs: number): AcceptedBatch[] {
  const open = new Map<string, OpenBatch>();
  const done: OpenBatch[] = [];
  let current: OpenBatch | undefined;
  for (const call of group) {
    for (let index = 0; index < call.items.length; index++) {
      const item = call.items[index] as AcceptItem | AcceptRows;
      const lane = call.simulated ? LANES.express : item.lane;
      const count = countOf(item);
      if (current === undefined || !isOf(current, call, item, lane)) current = openBatch(open, call, item, lane);
      if (current.count + count > MAX_BATCH) {
        done.push(current);
        open.delete(keyOf(current));
        current = openBatch(open, call, item, lane);
      }
      current.slots.push({ numbers: call.numbers, index, offset: current.count });
      current.jsons.push(item.json);
      current.count += count;
    }
  }
  done.push(...open.values());
  let next = first;
  return done.map((batch) => {
    const accepted = closeBatch(batch, next, nowMs);
    next += accepted.count;
    return accepted;
  });
}

function isOf(batch: OpenBatch, call: Waiting, item: AcceptItem | AcceptRows, lane: LaneCode): boolean {
  return (
    batch.listId === item.listId &&
    batch.lane === lane &&
    batch.dueMs === item.dueMs &&
    batch.source === call.source &&
    batch.simulated === call.simulated
  );
}

function openBatch(
  open: Map<string, OpenBatch>,
  call: Waiting,
  item: AcceptItem | AcceptRows,
  lane: LaneCode,
): OpenBatch {
  const batch: OpenBatch = {
    listId: item.listId,
    lane,
    source: call.source,
    simulated: call.simulated,
    dueMs: item.dueMs,
    count: 0,
    jsons: [],
    slots: [],
  };
  const key = keyOf(batch);
  const existing = open.get(key);
  if (existing !== undefined) return existing;
  open.set(key, batch);
  return batch;
}

function keyOf(batch: OpenBatch): string {
  return `${batch.listId} ${batch.lane} ${batch.dueMs} ${batch.source} ${batch.simulated ? 1 : 0}`;
}

function closeBatch(batch: OpenBatch, batchId: number, nowMs: number): AcceptedBatch {
  for (const { numbers, index, offset } of batch.slots) numbers[index] = batchId + offset;
  return {
    listId: batch.listId,
    batchId,
    count: batch.count,
    lane: batch.lane,
    source: batch.source,
    simulated: batch.simulated,
    createdMs: nowMs,
    dueMs: batch.dueMs === 0 ? nowMs : batch.dueMs,
    payload: toPayload(batch.jsons),
  };
}

function toPayload(jsons: readonly AcceptedJson[]): Uint8Array {
  const [first] = jsons;
  if (jsons.length === 1 && typeof first === 'object') return first;
  if (jsons.every((json) => typeof json === 'string')) return Buffer.from(`[${jsons.join(',')}]`, 'utf8');
  // The bracket or comma before what an array holds is in the place of its own bracket.
  const parts = jsons.map((json) => (typeof json === 'string' ? Buffer.from(`,${json}`) : json.subarray(0, -1)));
  const payload = Buffer.allocUnsafe(parts.reduce((size, part) => size + part.length, 1));
  let at = 0;
  for (const part of parts) {
    payload.set(part, at);
    payload[at] = COMMA;
    at += part.length;
  }
  payload[0] = OPEN_ARRAY;
  payload[at] = CLOSE_ARRAY;
  return payload;
}
