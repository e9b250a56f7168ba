/*
 * The accepting half of the server: HTTP, keys and lists, numbering, the synced log. Nothing lands, so that what it
 * spends is spent on accepting alone. Prints where it listens; takes the data folder and the first key as arguments.
 */
import { join } from 'node:path';
import { createDemo, openDirectory } from '../../src/accounts/index.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { systemClock as clock } from '../../src/lib/clock.ts';
import { createIdCodec } from '../../src/lib/public-id.ts';
import { openLmdbLog } from '../../src/log/lmdb-log.ts';
import { createAcceptStage, landWithin } from '../../src/pipeline/index.ts';
import { createAnswerCover } from '../../src/secrets/index.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openNumberBlocks } from '../../src/store/number-blocks.ts';
import { createPool } from '../../src/store/pool.ts';
import { listenTo } from './listen-to.ts';

const [dataDir = '', apiKey = ''] = process.argv.slice(2);
const postgres = await startEmbeddedPostgres({ dataDir });
const pool = createPool(postgres.connection, { name: 'bench', max: 4 });
await migrate(pool);
await createDemo(pool, { apiKey, nowMs: clock() });
const directory = await openDirectory({
  pool,
  connect: () => listenTo(postgres.connection),
  clock,
  secretKey: Buffer.alloc(32, 7),
  staleAfterMs: null,
  onError: console.error,
});
// Nothing is trimmed: a fast machine appends several GiB.
const log = await openLmdbLog({ dir: join(dataDir, 'log'), maxSizeBytes: 12 * 1024 ** 3 });
const numbers = await openNumberBlocks(pool, 'message');
const app = createHttpServer({
  config: { publicUrl: 'http://127.0.0.1', corsOrigins: [] },
  directory,
  accept: createAcceptStage({ log, numbers, clock, landWithin }),
  idCodec: createIdCodec(Buffer.alloc(32, 7), 'message'),
  pool,
  clock,
  cover: createAnswerCover(Buffer.alloc(32, 7)),
  optInPages: { page: async () => null, submit: async () => null, follow: async () => null, qrCode: () => null },
  callbacks: { serves: () => false, receive: () => Promise.reject(new Error('No carrier calls here')) },
  verbs: neverCalled(),
  metricsText: async () => '',
  isReady: () => ({ ready: true, reasons: [] }),
  reportError: console.error,
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.once('SIGTERM', () => void close());
const address = app.server.address();
const port = typeof address === 'object' ? address?.port : undefined;
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);

/** The load sends messages and reads nothing. */
function neverCalled(): Parameters<typeof createHttpServer>[0]['verbs'] {
  return new Proxy({} as Parameters<typeof createHttpServer>[0]['verbs'], {
    get: (_, verb) => () => Promise.reject(new Error(`The benchmark does not serve ${String(verb)}`)),
  });
}

async function close(): Promise<void> {
  await app.close();
  await numbers[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
  await pool.end();
  await postgres[Symbol.asyncDispose]();
  process.exit(0);
}
