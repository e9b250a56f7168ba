import { randomBytes } from 'node:crypto';
import { Client, type ClientConfig } from 'pg';
import { inject } from 'vitest';
import { createPool, type Pool } from '../../src/store/pool.ts';

/** A database of its own on the server of this run; dropped when disposed. */
export interface TestDatabase {
  readonly name: string;
  readonly connection: ClientConfig;
  readonly pool: Pool;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Without a schema instead of with the migrated one. */
  readonly empty?: boolean;
  /** Connections of the pool at most, default 10. */
  readonly max?: number;
}

/** Clones the migrated template (some 50 ms). */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { host, user, template } = inject('databaseServer');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runAsAdmin(`create database ${name} template ${options.empty === true ? 'template0' : template}`);
  const connection = { host, port: 5432, user, database: name };
  const pool = createPool(connection, { name: 'test', max: options.max ?? 10 });
  return {
    name,
    connection,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await runAsAdmin(`drop database ${name} with (force)`);
    },
  };
}

async function runAsAdmin(sql: string): Promise<void> {
  const { host, user } = inject('databaseServer');
  const admin = new Client({ host, port: 5432, user, database: 'postgres' });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}
