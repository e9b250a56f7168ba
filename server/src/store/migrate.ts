import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Pool } from './pool.ts';
import { type Transaction, withTransaction } from './transaction.ts';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations/', import.meta.url));
const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;
/** Any number that nothing else locks; processes that start together apply each file once. */
const LOCK_KEY = 7_258_421_001;

/** The database and the program do not fit together; the message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

export interface MigrateOptions {
  /** Only tells what would be applied. */
  readonly dryRun?: boolean;
  /** Other files than the program's own. */
  readonly folder?: string;
}

/**
 * Brings the schema up to this program, a file a transaction, in order of their numbers. Safe to run from many processes
 * at once.
 * @returns the names of the files it applied, such as `0001-foundation`
 * @throws MigrationError when an applied file was changed, or the database is newer than the program; nothing is changed
 */
export async function migrate(pool: Pool, options: MigrateOptions = {}): Promise<readonly string[]> {
  const migrations = await readMigrations(options.folder ?? MIGRATIONS_FOLDER);
  if (options.dryRun === true) return withTransaction(pool, (transaction) => listPending(transaction, migrations));
  const names: string[] = [];
  for (;;) {
    const name = await withTransaction(pool, (transaction) => applyNext(transaction, migrations));
    if (name === null) return names;
    names.push(name);
  }
}

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly sql: string;
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(names.map((name) => readMigration(folder, name)));
  const twice = migrations.find((migration, index) => migration.version === migrations[index + 1]?.version);
  if (twice !== undefined) throw new MigrationError(`Two migrations have the number of ${twice.name}`);
  return migrations;
}

async function readMigration(folder: string, fileName: string): Promise<Migration> {
  const version = FILE_NAME.exec(fileName)?.[1];
  if (version === undefined) throw new MigrationError(`${fileName} is not named like 0001-name.sql`);
  const sql = (await readFile(`${folder}/${fileName}`, 'utf8')).replaceAll('\r\n', '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { version: Number(version), name: fileName.slice(0, -'.sql'.length), checksum, sql };
}

/** Applies the first file that is missing; null when there is none. */
async function applyNext(transaction: Transaction, migrations: readonly Migration[]): Promise<string | null> {
  await transaction.query(`select pg_advisory_xact_lock(${LOCK_KEY})`);
  const [next] = await findPending(transaction, migrations);
  if (next === undefined) return null;
  await transaction.query(`
    create table if not exists schema_migration (
      version integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  await transaction.query(next.sql);
  await transaction.query('insert into schema_migration (version, name, checksum) values ($1, $2, $3)', [
    next.version,
    next.name,
    next.checksum,
  ]);
  return next.name;
}

async function listPending(transaction: Transaction, migrations: readonly Migration[]): Promise<readonly string[]> {
  const pending = await findPending(transaction, migrations);
  return pending.map(({ name }) => name);
}

type Applied = Pick<Migration, 'version' | 'name' | 'checksum'>;

async function findPending(transaction: Transaction, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const applied = await readApplied(transaction);
  const byVersion = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const row of applied) assertSame(row, byVersion.get(row.version));
  const last = applied.at(-1);
  const done = new Set(applied.map(({ version }) => version));
  const pending = migrations.filter(({ version }) => !done.has(version));
  const late = pending.find(({ version }) => last !== undefined && version < last.version);
  if (late !== undefined && last !== undefined) {
    throw new MigrationError(`The migration ${late.name} comes before ${last.name}, which is applied already`);
  }
  return pending;
}

async function readApplied(transaction: Transaction): Promise<readonly Applied[]> {
  const { rows } = await transaction.query<{ exists: boolean }>(
    `select to_regclass('schema_migration') is not null as exists`,
  );
  if (rows[0]?.exists !== true) return [];
  const applied = await transaction.query<Applied>(
    'select version, name, checksum from schema_migration order by version',
  );
  return applied.rows;
}

function assertSame(applied: Applied, migration: Migration | undefined): void {
  if (migration === undefined) {
    throw new MigrationError(
      `The database is newer than this program: it has the migration ${applied.name}; start a newer version`,
    );
  }
  if (migration.checksum !== applied.checksum) {
    throw new MigrationError(`The migration ${applied.name} was changed after this database applied it`);
  }
}
