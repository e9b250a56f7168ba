/*
 * Starts the embedded PostgreSQL of the data folder given, prints what it got as one line of JSON, runs each line of SQL
 * that it reads and prints the rows. SIGTERM and SIGINT end it: one more query, then a clean stop.
 * A program of its own so that tests can run it as another user and kill it.
 */
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';

const [dataDir = '', sharedDir = ''] = process.argv.slice(2);

try {
  const server = await startEmbeddedPostgres({ dataDir, sharedDir });
  const client = new Client(server.connection);
  client.on('error', () => {});
  await client.connect();
  const stop = async (): Promise<void> => {
    const { rows } = await client.query(`select 'still here' as answer`);
    await client.end();
    await server[Symbol.asyncDispose]();
    print(rows);
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  createInterface({ input: process.stdin }).on('line', (sql) => void client.query(sql).then(({ rows }) => print(rows)));
  const { location, relocated, binariesCopied } = server;
  print({ location, relocated, binariesCopied, connection: server.connection });
} catch (error) {
  print({ error: (error as Error).message });
  process.exit(1);
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
