import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { openLmdbLog } from '../log/lmdb-log.ts';
import type { Log } from '../log/log.ts';
import { createPool } from '../store/pool.ts';
import { createLogReader, type LogReader } from './log-reader.ts';

let database: TestDatabase;
let folder: string;
let log: Log;
let readers: LogReader[];

beforeEach(async () => {
  database = await createTestDatabase();
  await database.pool.query('create table seen (value text primary key)');
  folder = mkdtempSync(join(tmpdir(), 'trackly-reader-'));
  log = await openLmdbLog({ dir: folder });
  readers = [];
});
afterEach(async () => {
  for (const reader of readers) await reader[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
  await database[Symbol.asyncDispose]();
});

/** Stores each value once; a second time would break the primary key. Values that begin with `bad` cannot be stored. */
function startReader(owns: () => boolean = () => true): LogReader {
  const reader = createLogReader({
    pool: database.pool,
    log,
    topic: 'events',
    clock: Date.now,
    maxBytes: 64,
    owns,
    async apply(transaction, entries) {
      const values = entries.map(({ value }) => decode(value));
      if (values.some((value) => value.startsWith('bad'))) throw new Error('this value cannot be stored');
      await transaction.query('insert into seen select unnest($1::text[])', [values]);
      return undefined;
    },
    onError: () => {},
  });
  readers.push(reader);
  reader.start();
  return reader;
}

function decode(value: Uint8Array): string {
  return Buffer.from(value).toString();
}

async function append(...values: string[]): Promise<void> {
  await Promise.all(values.map((value) => log.append('events', 0, Buffer.from(value))));
}

async function seen(): Promise<string[]> {
  const { rows } = await database.pool.query<{ value: string }>('select value from seen order by value');
  return rows.map((row) => row.value);
}

test('two readers of one log, and a third that starts over, apply every entry once', async () => {
  startReader();
  startReader();
  const values = Array.from({ length: 200 }, (_, index) => `value-${String(index).padStart(3, '0')}`);
  await append(...values);
  const third = startReader();
  await third.caughtUp(20_000);
  expect(await seen()).toEqual(values);
  expect(await third.backlog()).toBe(0);
});

test('an entry that cannot be applied is set aside and the others around it are applied', async () => {
  await append('a', 'bad one', 'b', 'c');
  const reader = startReader();
  await reader.caughtUp(25_000);
  expect(await seen()).toEqual(['a', 'b', 'c']);
  const { rows } = await database.pool.query<{ value: Buffer; topic: string }>('select topic, value from dead_letter');
  expect(rows.map((row) => [row.topic, row.value.toString()])).toEqual([['events', 'bad one']]);
});

test('a group that takes longer than its pool allows is applied in smaller ones, and those after it in larger ones again', async () => {
  const values = Array.from({ length: 32 }, (_, index) => `v${String(index).padStart(3, '0')}`);
  await append(...values);
  const groups: number[] = [];
  let slowMs = 100;
  const pool = createPool(database.connection, { name: 'reader', max: 2, statementTimeoutMs: 500 });
  const reader = createLogReader({
    pool,
    log,
    topic: 'events',
    clock: Date.now,
    maxBytes: 64,
    owns: () => true,
    async apply(transaction, entries) {
      await transaction.query('select pg_sleep($1)', [(entries.length * slowMs) / 1_000]);
      await transaction.query('insert into seen select unnest($1::text[])', [
        entries.map(({ value }) => decode(value)),
      ]);
      return () => {
        groups.push(entries.length);
        if (groups.length === 2) slowMs = 0;
      };
    },
    onError: () => {},
  });
  readers.push(reader);
  reader.start();
  await reader.caughtUp(20_000);
  expect(await seen()).toEqual(values);
  // 16 and 8 take too long.
  expect(groups).toEqual([4, 4, 8, 16]);
  await reader[Symbol.asyncDispose]();
  await pool.end();
});

test('a partition that belongs to another process is left alone', async () => {
  startReader(() => false);
  await append('a');
  const reader = startReader();
  await reader.caughtUp(10_000);
  expect(await seen()).toEqual(['a']);
});
