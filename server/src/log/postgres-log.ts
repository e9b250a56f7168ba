import { randomUUID } from 'node:crypto';

import type { Pool } from '../store/pool.ts';
import { isConnectionError } from '../store/transaction.ts';

import { type Log, type LogEntry, LogFullError, LogUnavailableError, type Topic } from './log.ts';
import { createListener, type Listener } from './postgres-log-listener.ts';
import { createWaiters } from './waiters.ts';

export interface PostgresLogOptions {
  /** Stays the caller's: the log does not end it. One connection a partition is in use while appends are in flight. */
  readonly pool: Pool;
  /** How many partitions a topic has. May grow between starts; must be the same in all processes. Default 8. */
  readonly partitions?: number;
}

/** Largest value that `append` takes. */
const MAX_VALUE_BYTES = 8 * 1024 * 1024;
const DEFAULT_PARTITIONS = 8;
/** Most that one insert carries. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
/** Most that one `read` looks at, so that the sum of sizes stays cheap on a long backlog. */
const MAX_READ_ENTRIES = 1_000;
/** How often waiting readers look for entries whose notification was lost. */
const POLL_MS = 500;
const DISK_FULL = '53100';
const TOPICS: readonly Topic[] = ['outbound', 'events'];

interface PendingAppend {
  readonly value: Uint8Array;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: Error) => void;
}

/** One partition of one topic. */
interface Lane {
  readonly topic: Topic;
  readonly partition: number;
  pending: PendingAppend[];
  writing: Promise<void> | undefined;
}

/**
 * Opens the log that lives in the database (tables `log_entry`, `log_head`, `log_identity`).
 *
 * What an acknowledgement means: the insert's transaction is committed, with `synchronous_commit` at least `on` even if
 * the server's default is `off`, so the value survives the death of every process and a power cut of the database's
 * machine, and with `synchronous_standby_names` set also the loss of that machine. (A server with `fsync = off` promises
 * nothing.) After `LogUnavailableError` the value may still be there: the connection can break between commit and answer.
 *
 * Groups: appends to one partition wait while an insert of that partition is in flight and then go together in one
 * statement. Positions come from `update log_head`, whose row lock lasts until the commit, so the order of positions is
 * the order of commits, also between processes.
 *
 * Waiting readers hear of appends by NOTIFY `log_appended`, sent after the commit (inside it, the lock of NOTIFY would put
 * all commits of the database in one line); what was not announced is found by a query each 500 ms.
 * @throws LogUnavailableError when the database cannot be reached
 */
export async function openPostgresLog({ pool, partitions = DEFAULT_PARTITIONS }: PostgresLogOptions): Promise<Log> {
  try {
    const id = await prepareTables(pool, partitions);
    return new PostgresLog(pool, partitions, id);
  } catch (error) {
    throw toLogError(error);
  }
}

const INSERT_HEADS = `
  insert into log_head (topic, partition, seq)
  select topic, partition, 0 from unnest($1::text[]) topic, generate_series(0, $2::integer - 1) partition
  on conflict do nothing`;

async function prepareTables(pool: Pool, partitions: number): Promise<string> {
  await pool.query(INSERT_HEADS, [TOPICS, partitions]);
  await pool.query('insert into log_identity (id) values ($1) on conflict do nothing', [randomUUID()]);
  const { rows } = await pool.query<{ id: string }>('select id from log_identity');
  const [identity] = rows;
  if (identity === undefined) throw new Error('log_identity has no row');
  return identity.id;
}

/** The values come as one bytea and their lengths: an array of bytea would go over the wire as hexadecimal text. */
const APPEND = {
  name: 'log-append',
  text: `
    with durable as (
      select case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', true) end
    ), part as (
      select ordinality as place, length, 1 + sum(length) over (order by ordinality) - length as start
      from unnest($3::integer[]) with ordinality as sizes(length, ordinality)
    ), head as (
      update log_head set seq = seq + cardinality($3::integer[]) where topic = $1 and partition = $2 returning seq
    ), entry as (
      insert into log_entry (topic, partition, seq, value)
      select $1, $2, head.seq - cardinality($3::integer[]) + part.place,
        substring($4::bytea from part.start::integer for part.length)
      from head, part
    )
    select head.seq from head, durable`,
};

const READ = {
  name: 'log-read',
  text: `
    select seq, value from (
      select seq, value, sum(octet_length(value)) over (order by seq) as bytes, row_number() over (order by seq) as place
      from (
        select seq, value from log_entry
        where topic = $1 and partition = $2 and seq > $3 order by seq limit ${MAX_READ_ENTRIES}
      ) next
    ) measured
    where bytes <= $4 or place = 1
    order by seq`,
};

class PostgresLog implements Log {
  readonly name = 'postgres';
  readonly id: string;
  readonly partitions: number;
  readonly #pool: Pool;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #listener: Listener;
  readonly #waiters = createWaiters(POLL_MS, () => this.#poll());
  #polling: Promise<void> | undefined;
  #closed = false;

  constructor(pool: Pool, partitions: number, id: string) {
    this.id = id;
    this.partitions = partitions;
    this.#pool = pool;
    this.#lanes = createLanes(partitions);
    this.#listener = createListener(pool, (topic, partition, seq) => this.#waiters.wake(topic, partition, seq));
  }

  append(topic: Topic, partition: number, value: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      const lane = this.#openLane(topic, partition);
      if (value.length > MAX_VALUE_BYTES)
        throw new RangeError(`A value of the log has at most ${MAX_VALUE_BYTES} bytes`);
      lane.pending.push({ value, resolve, reject });
      lane.writing ??= this.#write(lane);
    });
  }

  async read(topic: Topic, partition: number, afterSeq: number, maxBytes: number): Promise<LogEntry[]> {
    this.#openLane(topic, partition);
    return this.#query<LogEntry>({ ...READ, values: [topic, partition, afterSeq, maxBytes] });
  }

  async waitForEntries(topic: Topic, partition: number, afterSeq: number, signal: AbortSignal): Promise<void> {
    this.#openLane(topic, partition);
    await this.#listener.start();
    if (this.#closed) return;
    // Waiting begins before the look, so that an append between the two is heard.
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const heard = this.#waiters.wait(topic, partition, afterSeq, either);
    try {
      // With the database away there is nothing to read yet; polling finds out when it is back.
      const newest = await this.lastSeq(topic, partition).catch(() => 0);
      if (newest <= afterSeq) await heard;
    } finally {
      stop.abort();
    }
  }

  async trim(topic: Topic, partition: number, upToSeq: number): Promise<void> {
    this.#openLane(topic, partition);
    const text = 'delete from log_entry where topic = $1 and partition = $2 and seq <= $3';
    await this.#query({ name: 'log-trim', text, values: [topic, partition, upToSeq] });
  }

  async lastSeq(topic: Topic, partition: number): Promise<number> {
    this.#openLane(topic, partition);
    const text = 'select seq from log_head where topic = $1 and partition = $2';
    const [head] = await this.#query<{ seq: number }>({ name: 'log-last-seq', text, values: [topic, partition] });
    return head?.seq ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiters.releaseAll();
    for (const lane of this.#lanes.values()) await lane.writing;
    await this.#polling;
    await this.#listener.stop();
  }

  #openLane(topic: Topic, partition: number): Lane {
    if (this.#closed) throw new LogUnavailableError('The log is closed');
    const lane = this.#lanes.get(laneKey(topic, partition));
    if (lane === undefined) throw new RangeError(`The log has no partition ${partition}`);
    return lane;
  }

  async #query<T>(query: { name: string; text: string; values: unknown[] }): Promise<T[]> {
    try {
      return (await this.#pool.query(query)).rows as T[];
    } catch (error) {
      throw toLogError(error);
    }
  }

  /** One insert after the other until nothing is left to append. Never rejects. */
  async #write(lane: Lane): Promise<void> {
    while (lane.pending.length > 0) {
      const group = takeGroup(lane);
      try {
        const lastSeq = await this.#insert(lane, group);
        for (const [index, append] of group.entries()) append.resolve(lastSeq - group.length + 1 + index);
        this.#waiters.wake(lane.topic, lane.partition, lastSeq);
        this.#listener.announce(lane.topic, lane.partition, lastSeq);
      } catch (error) {
        const reason = toLogError(error);
        for (const append of group) append.reject(reason);
      }
    }
    lane.writing = undefined;
  }

  async #insert({ topic, partition }: Lane, group: readonly PendingAppend[]): Promise<number> {
    const lengths = group.map((append) => append.value.length);
    const values = [topic, partition, lengths, joinValues(group)];
    const { rows } = await this.#pool.query<{ seq: number }>({ ...APPEND, values });
    const [head] = rows;
    if (head === undefined) throw new Error(`log_head has no row for ${topic} ${partition}`);
    return head.seq;
  }

  #poll(): void {
    this.#polling ??= this.#wakeFromHeads().finally(() => {
      this.#polling = undefined;
    });
  }

  async #wakeFromHeads(): Promise<void> {
    try {
      const text = 'select topic, partition, seq from log_head where topic = any($1)';
      const heads = await this.#query<{ topic: Topic; partition: number; seq: number }>({
        name: 'log-heads',
        text,
        values: [TOPICS],
      });
      for (const { topic, partition, seq } of heads) this.#waiters.wake(topic, partition, seq);
      await this.#listener.start();
    } catch {
      // The database is away: the next poll tries again, and the reader learns of it at its next read.
    }
  }
}

function createLanes(partitions: number): Map<string, Lane> {
  const lanes = new Map<string, Lane>();
  for (const topic of TOPICS) {
    for (let partition = 0; partition < partitions; partition++) {
      lanes.set(laneKey(topic, partition), { topic, partition, pending: [], writing: undefined });
    }
  }
  return lanes;
}

function laneKey(topic: Topic, partition: number): string {
  return `${topic}/${partition}`;
}

function takeGroup(lane: Lane): PendingAppend[] {
  const group = lane.pending;
  let bytes = 0;
  const end = group.findIndex((append) => (bytes += append.value.length) > MAX_GROUP_BYTES);
  lane.pending = end > 0 ? group.splice(end) : [];
  return group;
}

function joinValues(group: readonly PendingAppend[]): Buffer {
  const [first] = group;
  if (first !== undefined && group.length === 1) {
    return Buffer.from(first.value.buffer, first.value.byteOffset, first.value.byteLength);
  }
  return Buffer.concat(group.map((append) => append.value));
}

/** What `append` and the rest reject with for an error of `pg`. */
export function toLogError(error: unknown): Error {
  if (error instanceof Error && 'code' in error && error.code === DISK_FULL) {
    return new LogFullError('The disk of the database is full', { cause: error });
  }
  if (isConnectionError(error))
    return new LogUnavailableError('The database of the log cannot be reached', { cause: error });
  return new LogUnavailableError('The database of the log refused', { cause: error });
}
