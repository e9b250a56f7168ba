import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { migrate } from './migrate.ts';

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trackly-migrations-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function useFiles(files: Record<string, string>): Promise<void> {
  await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'trackly-migrations-'));
  await Promise.all(Object.entries(files).map(([name, sql]) => writeFile(join(folder, name), sql)));
}

const FIRST = { '0001-first.sql': 'create table first (id integer);' };
const SECOND = { ...FIRST, '0002-second.sql': 'create table second (id integer); insert into second values (7);' };

async function withDatabase(work: () => Promise<void>): Promise<void> {
  database = await createTestDatabase({ empty: true });
  try {
    await work();
  } finally {
    await database[Symbol.asyncDispose]();
  }
}

test('files are applied in order, once', () =>
  withDatabase(async () => {
    await useFiles(FIRST);
    expect(await migrate(database.pool, { folder })).toEqual(['0001-first']);
    await useFiles(SECOND);
    expect(await migrate(database.pool, { folder })).toEqual(['0002-second']);
    expect(await migrate(database.pool, { folder })).toEqual([]);
    const { rows } = await database.pool.query('select version, name from schema_migration order by version');
    expect(rows).toEqual([
      { version: 1, name: '0001-first' },
      { version: 2, name: '0002-second' },
    ]);
  }));

test('a dry run tells what is missing and changes nothing', () =>
  withDatabase(async () => {
    await useFiles(SECOND);
    expect(await migrate(database.pool, { folder, dryRun: true })).toEqual(['0001-first', '0002-second']);
    const { rows } = await database.pool.query(`select to_regclass('schema_migration') as found`);
    expect(rows).toEqual([{ found: null }]);
  }));

test('processes that start together apply each file once', () =>
  withDatabase(async () => {
    await useFiles(SECOND);
    const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(database.pool, { folder })));
    expect(applied.flat().sort()).toEqual(['0001-first', '0002-second']);
  }));

test('a file that fails leaves nothing behind, and the files before it stay', () =>
  withDatabase(async () => {
    await useFiles({ ...FIRST, '0002-broken.sql': 'create table half (id integer); select nonsense;' });
    await expect(migrate(database.pool, { folder })).rejects.toThrow(/nonsense/);
    const { rows } = await database.pool.query(
      `select to_regclass('half') as half, to_regclass('first')::text as first`,
    );
    expect(rows).toEqual([{ half: null, first: 'first' }]);
    expect(await migrate(database.pool, { folder, dryRun: true })).toEqual(['0002-broken']);
  }));

test.each<[string, Record<string, string>, string]>([
  [
    'a file that was changed after it was applied',
    { '0001-first.sql': 'create table other (id integer);', '0002-second.sql': 'select 1;' },
    'The migration 0001-first was changed after this database applied it',
  ],
  [
    'a database that is newer than the program',
    FIRST,
    'The database is newer than this program: it has the migration 0002-second; start a newer version',
  ],
  [
    'a file that comes before an applied one',
    { ...SECOND, '0000-late.sql': 'select 1;' },
    'The migration 0000-late comes before 0002-second, which is applied already',
  ],
  [
    'two files with one number',
    { ...SECOND, '0001-other.sql': 'select 1;' },
    'Two migrations have the number of 0001-first',
  ],
  ['a file without a number', { ...SECOND, 'other.sql': 'select 1;' }, 'other.sql is not named like 0001-name.sql'],
])('%s is refused with one sentence', (_name, files, sentence) =>
  withDatabase(async () => {
    await useFiles(SECOND);
    await migrate(database.pool, { folder });
    await useFiles(files);
    await expect(migrate(database.pool, { folder })).rejects.toThrow(sentence);
  }),
);

test('line endings do not change a checksum', () =>
  withDatabase(async () => {
    await useFiles({ '0001-first.sql': 'create table first (\n id integer);\n' });
    await migrate(database.pool, { folder });
    await useFiles({ '0001-first.sql': 'create table first (\r\n id integer);\r\n' });
    expect(await migrate(database.pool, { folder })).toEqual([]);
  }));

test("the program's own files are applied to the template of the tests", async () => {
  database = await createTestDatabase();
  expect(await migrate(database.pool)).toEqual([]);
  await database[Symbol.asyncDispose]();
});
