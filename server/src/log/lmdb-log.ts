import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';

import { open, type Database, type RootDatabase } from 'lmdb';

import { causeOfLmdbError } from '../lib/lmdb-error.ts';
import { type Log, type LogEntry, LogFullError, LogUnavailableError, type Topic } from './log.ts';
import { createRoom, type Room } from './room.ts';
import { createWaiters } from './waiters.ts';

export interface LmdbLogOptions {
  /** Folder of the log's files; made when it does not exist. Several processes of one machine may share it. */
  readonly dir: string;
  /** Most that one topic may hold before `append` answers `LogFullError`, in bytes of whole pages. Default 4 GiB. */
  readonly maxSizeBytes?: number;
}

/** Largest value that `append` takes. */
const MAX_VALUE_BYTES = 8 * 1024 * 1024;
const DEFAULT_MAX_SIZE_BYTES = 4 * 1024 ** 3;
/** Most that one transaction carries: bounds the memory of dirty pages and the time until the group is durable. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
/** Entries that one transaction forgets: bounds the pages that it must copy, so that a full disk can still be freed. */
const MAX_TRIM_ENTRIES = 256;
/** How often a waiting reader looks for entries that another process appended. */
const OTHER_PROCESS_POLL_MS = 250;
/** A write that fails with EIO was cut short by a full disk when there is less room than this. */
const FULL_DISK_BYTES = 2 * MAX_GROUP_BYTES;

/** After a full disk one group in this time tries again, unless a trim made room: each try costs, and lmdb-js prints it. */
const FULL_DISK_RETRY_MS = 1_000;

const TOPICS: readonly Topic[] = ['outbound', 'events'];

interface PendingAppend {
  readonly topic: Topic;
  readonly value: Uint8Array;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: Error) => void;
  /** 0 until it is written; stays 0 when the topic is full. */
  seq: number;
}

interface PendingTrim {
  readonly topic: Topic;
  readonly upToSeq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface TopicState {
  readonly entries: Database<Uint8Array, number>;
  readonly room: Room;
  /** First entry that this process has written and whose transaction is not known to be durable; 0 when there is none. */
  unsettledFrom: number;
}

/**
 * Opens the log of this machine: an LMDB environment with one partition, one value an append, one sync a group.
 *
 * What an acknowledgement means: the transaction that holds the value is committed and its pages and its meta page were
 * written through to the disk (LMDB's own order: data, fdatasync, then the meta page by a descriptor with O_DSYNC), so the
 * value survives the death of the process, of the operating system and a power cut, as far as the disk keeps what it
 * confirmed. It does not survive the loss of the disk. lmdb-js's `overlappingSync`, which makes a commit visible before it
 * is synced, is off: a reader never sees an entry that a power cut could take back. (Another process on the same folder
 * sees an entry from the write of the meta page on, microseconds before its sync is confirmed.)
 *
 * Groups: while one transaction is being synced on a thread of the pool, the next group gathers. An append that finds the
 * log idle starts a transaction at once. Several processes may append to one folder; LMDB's write lock orders them, and
 * positions are given out under that lock.
 *
 * Back-pressure: `LogFullError` when the topic holds `maxSizeBytes` in pages (4 KiB each; a value over 2 KB takes whole
 * pages), or when the disk is full. The log works again as soon as something was trimmed or the disk has room. The file
 * does not shrink: the room of trimmed entries is used again.
 *
 * Failure: after a write that fails for another reason (an input/output error) every append and trim is refused with
 * `LogUnavailableError` until the log is opened by a new process: what the disk holds is only known again after that.
 *
 * Values: up to 8 MiB. CPU, all threads, values written to fresh pages: 0.25 ms for 240 kB with 4 appends in flight, 5 µs
 * for 300 bytes with 256 in flight, 0.34 ms for a lone append; three quarters of it outside the main thread for large
 * values.
 */
export async function openLmdbLog({ dir, maxSizeBytes = DEFAULT_MAX_SIZE_BYTES }: LmdbLogOptions): Promise<Log> {
  const root = open<unknown, string>({
    path: dir,
    noSubdir: false,
    overlappingSync: false,
    compression: false,
    eventTurnBatching: false,
    // Address space, not disk: pages of partly filled leaves and the free list come on top of the two topics.
    mapSize: roundToPages(maxSizeBytes * 3 + 256 * 1024 * 1024),
    maxDbs: 4,
  });
  const meta = root.openDB<string, string>('meta', { encoding: 'string' });
  const id = await loadIdentity(meta);
  return new LmdbLog({ dir, id, root, heads: openHeads(root), topics: openTopics(root, maxSizeBytes) });
}

function roundToPages(bytes: number): number {
  return Math.ceil(bytes / 65_536) * 65_536;
}

async function loadIdentity(meta: Database<string, string>): Promise<string> {
  return meta.transaction(() => {
    const stored = meta.get('id');
    if (stored !== undefined) return stored;
    const id = randomUUID();
    meta.putSync('id', id);
    return id;
  });
}

/** Newest position of each topic, so that it survives trimming. */
function openHeads(root: RootDatabase<unknown, string>): Database<number, string> {
  return root.openDB<number, string>('heads', { encoding: 'ordered-binary' });
}

function openTopics(root: RootDatabase<unknown, string>, maxSizeBytes: number): Record<Topic, TopicState> {
  const openTopic = (name: Topic): TopicState => {
    const entries = root.openDB<Uint8Array, number>(name, { encoding: 'binary' });
    return { entries, room: createRoom(() => maxSizeBytes - storedBytes(entries)), unsettledFrom: 0 };
  };
  return { outbound: openTopic('outbound'), events: openTopic('events') };
}

interface LmdbLogParts {
  readonly dir: string;
  readonly id: string;
  readonly root: RootDatabase<unknown, string>;
  readonly heads: Database<number, string>;
  readonly topics: Record<Topic, TopicState>;
}

class LmdbLog implements Log {
  readonly name = 'lmdb';
  readonly id: string;
  readonly partitions = 1;
  readonly #dir: string;
  readonly #root: RootDatabase<unknown, string>;
  readonly #heads: Database<number, string>;
  readonly #topics: Record<Topic, TopicState>;
  readonly #waiters = createWaiters(OTHER_PROCESS_POLL_MS, () => this.#wake());
  #appends: PendingAppend[] = [];
  #trims: PendingTrim[] = [];
  #writing: Promise<void> | undefined;
  /** The last write found no room on the disk. */
  #diskFull = false;
  #retryAtMs = 0;
  /** Set by a write that failed for another reason than room. LMDB may refuse or block afterwards, so nothing is tried. */
  #broken: LogUnavailableError | undefined;
  #closed = false;

  constructor(parts: LmdbLogParts) {
    this.id = parts.id;
    this.#dir = parts.dir;
    this.#root = parts.root;
    this.#heads = parts.heads;
    this.#topics = parts.topics;
  }

  append(topic: Topic, partition: number, value: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      assertPartition(partition);
      if (value.length > MAX_VALUE_BYTES)
        throw new RangeError(`A value of the log has at most ${MAX_VALUE_BYTES} bytes`);
      this.#assertWritable();
      this.#appends.push({ topic, value, resolve, reject, seq: 0 });
      this.#writing ??= this.#write();
    });
  }

  async read(topic: Topic, partition: number, afterSeq: number, maxBytes: number): Promise<LogEntry[]> {
    assertPartition(partition);
    const { entries, unsettledFrom } = this.#openTopic(topic);
    const found: LogEntry[] = [];
    let bytes = 0;
    for (const { key: seq, value } of entries.getRange({ start: afterSeq + 1 })) {
      if (unsettledFrom !== 0 && seq >= unsettledFrom) break;
      bytes += value.length;
      if (bytes > maxBytes && found.length > 0) break;
      found.push({ seq, value });
    }
    return found;
  }

  async waitForEntries(topic: Topic, partition: number, afterSeq: number, signal: AbortSignal): Promise<void> {
    assertPartition(partition);
    if (this.#newest(topic) > afterSeq) return;
    await this.#waiters.wait(topic, partition, afterSeq, signal);
  }

  trim(topic: Topic, partition: number, upToSeq: number): Promise<void> {
    return new Promise((resolve, reject) => {
      assertPartition(partition);
      this.#assertWritable();
      this.#trims.push({ topic, upToSeq, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async lastSeq(topic: Topic, partition: number): Promise<number> {
    assertPartition(partition);
    return this.#newest(topic);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiters.releaseAll();
    await this.#writing;
    await this.#root.close();
  }

  #assertWritable(): void {
    if (this.#closed) throw new LogUnavailableError('The log is closed');
    if (this.#broken !== undefined) throw this.#broken;
  }

  #openTopic(topic: Topic): TopicState {
    if (this.#closed) throw new LogUnavailableError('The log is closed');
    this.#root.resetReadTxn();
    return this.#topics[topic];
  }

  #newest(topic: Topic): number {
    const { unsettledFrom } = this.#openTopic(topic);
    return unsettledFrom === 0 ? (this.#heads.get(topic) ?? 0) : unsettledFrom - 1;
  }

  /** One transaction after the other until nothing is left to write. Never rejects. */
  async #write(): Promise<void> {
    while (this.#appends.length > 0 || this.#trims.length > 0) {
      if (this.#trims.length > 0) await this.#writeTrim();
      if (this.#appends.length > 0) await this.#writeGroup();
    }
    this.#writing = undefined;
  }

  async #writeGroup(): Promise<void> {
    let group: PendingAppend[] = [];
    if (this.#broken !== undefined) return this.#refuseAll(this.#broken);
    if (this.#diskFull && performance.now() < this.#retryAtMs) {
      return this.#refuseAll(new LogFullError('The disk of the log is full'));
    }
    try {
      // The group is taken inside the transaction: whatever was appended until it starts is in it.
      await this.#root.transaction(() => {
        group = this.#takeGroup();
        this.#putGroup(group);
      });
      this.#settle();
      this.#diskFull = false;
      acknowledge(group);
      if (this.#waiters.size > 0) this.#wake();
    } catch (error) {
      this.#settle();
      const reason = await this.#toLogError(error);
      // A transaction that could not even begin has taken nothing yet.
      if (group.length === 0) group = this.#takeGroup();
      for (const append of group) append.reject(reason);
    }
  }

  #refuseAll(reason: Error): void {
    const refused = this.#appends;
    this.#appends = [];
    for (const append of refused) append.reject(reason);
  }

  #takeGroup(): PendingAppend[] {
    const group = this.#appends;
    let bytes = 0;
    const end = group.findIndex((append) => (bytes += append.value.length) > MAX_GROUP_BYTES);
    this.#appends = end > 0 ? group.splice(end) : [];
    return group;
  }

  #putGroup(group: readonly PendingAppend[]): void {
    for (const topic of TOPICS) {
      if (group.some((append) => append.topic === topic)) this.#putTopic(topic, group);
    }
  }

  /** Runs inside the transaction, so no other process can give out the same positions. */
  #putTopic(topic: Topic, group: readonly PendingAppend[]): void {
    const state = this.#topics[topic];
    const lastSeq = this.#heads.get(topic) ?? 0;
    state.room.look();
    let seq = lastSeq;
    for (const append of group) {
      if (append.topic !== topic || !state.room.take(append.value.length)) continue;
      seq++;
      state.entries.putSync(seq, append.value, { append: true });
      append.seq = seq;
    }
    if (seq === lastSeq) return;
    this.#heads.putSync(topic, seq);
    state.unsettledFrom = lastSeq + 1;
  }

  #settle(): void {
    for (const topic of TOPICS) this.#topics[topic].unsettledFrom = 0;
  }

  async #writeTrim(): Promise<void> {
    const trim = this.#trims.shift();
    if (trim === undefined) return;
    if (this.#broken !== undefined) return trim.reject(this.#broken);
    try {
      await this.#removeUpTo(trim.topic, trim.upToSeq);
      this.#retryAtMs = 0;
      trim.resolve();
    } catch (error) {
      trim.reject(await this.#toLogError(error));
    }
  }

  /**
   * Removing copies pages, which a full disk has none for except the few that recent transactions gave back. So it then
   * starts again with one entry and goes on with twice as many each time, from the room that it made.
   */
  async #removeUpTo(topic: Topic, upToSeq: number): Promise<void> {
    const { entries } = this.#topics[topic];
    let most = MAX_TRIM_ENTRIES;
    let removed = most;
    while (removed === most) {
      try {
        removed = await this.#root.transaction(() => removeOldest(entries, upToSeq, most));
        if (this.#diskFull) await this.#releasePages();
        if (removed === most) removed = most = Math.min(most * 2, MAX_TRIM_ENTRIES);
      } catch (error) {
        if (most === 1 || !(await this.#isFull(await causeOfLmdbError(error)))) throw error;
        this.#diskFull = true;
        removed = most = 1;
      }
    }
  }

  /** LMDB gives out the pages that a transaction freed two transactions later; a full disk would never get there. */
  async #releasePages(): Promise<void> {
    await this.#root.transaction(() => this.#heads.putSync('released', Date.now()));
    await this.#root.transaction(() => this.#heads.putSync('released', Date.now()));
  }

  #wake(): void {
    for (const topic of TOPICS) this.#waiters.wake(topic, 0, this.#newest(topic));
  }

  async #toLogError(error: unknown): Promise<Error> {
    const cause = await causeOfLmdbError(error);
    if (await this.#isFull(cause)) {
      this.#diskFull = true;
      this.#retryAtMs = performance.now() + FULL_DISK_RETRY_MS;
      return new LogFullError('The disk of the log is full', { cause });
    }
    this.#broken ??= new LogUnavailableError('The log cannot be written until the process starts again', { cause });
    return this.#broken;
  }

  async #isFull(cause: unknown): Promise<boolean> {
    const text = String(cause);
    if (/No space left on device|Disk quota exceeded|MDB_MAP_FULL/i.test(text)) return true;
    // LMDB reports a write that the file system cut short as an input/output error.
    if (!/Input\/output error/i.test(text)) return false;
    const { bavail, bsize } = await statfs(this.#dir);
    return bavail * bsize < FULL_DISK_BYTES;
  }
}

function assertPartition(partition: number): void {
  if (partition !== 0) throw new RangeError(`The log has one partition, not a partition ${partition}`);
}

function acknowledge(group: readonly PendingAppend[]): void {
  for (const append of group) {
    if (append.seq === 0) append.reject(new LogFullError('The log has reached its configured size'));
    else append.resolve(append.seq);
  }
}

function removeOldest(entries: Database<Uint8Array, number>, upToSeq: number, most: number): number {
  const seqs = [...entries.getKeys({ start: 1, end: upToSeq + 1, limit: most })];
  for (const seq of seqs) entries.removeSync(seq);
  return seqs.length;
}

interface PageCounts {
  readonly pageSize: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function storedBytes(entries: Database<Uint8Array, number>): number {
  const { pageSize, treeLeafPageCount, overflowPages } = entries.getStats() as PageCounts;
  return (treeLeafPageCount + overflowPages) * pageSize;
}
