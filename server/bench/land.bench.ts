/*
 * Land: accepted batches of 1,000 messages from the log into the database, each exactly once, while the log is trimmed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDemo } from '../src/accounts/index.ts';
import { systemClock as clock } from '../src/lib/clock.ts';
import { openLmdbLog } from '../src/log/lmdb-log.ts';
import { encodeBatches, LANES, SOURCES } from '../src/pipeline/batch.ts';
import { createLandStage } from '../src/pipeline/index.ts';
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts';
import { migrate } from '../src/store/migrate.ts';
import { createPool, KEY_LOOKUP_OPTIONS } from '../src/store/pool.ts';
import { readPostgresCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';
import { sampleBody, samplePhone } from './lib/sample-messages.ts';

/** CPU microseconds a message, PostgreSQL's too. */
const BUDGET = { cpuUs: 2.5 };

const SIZE = 1_000;
const WARM_UP_BATCHES = 100;
const BATCHES = isShort ? 300 : 1_000;
const LIST_ID = 1;
const LIMIT_MS = 60_000;

const dataDir = await mkdtemp(join(tmpdir(), 'trackly-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const pool = createPool({ ...postgres.connection, options: KEY_LOOKUP_OPTIONS }, { name: 'bench', max: 2 });
await migrate(pool);
await createDemo(pool, { nowMs: clock() });
const log = await openLmdbLog({ dir: join(dataDir, 'log') });
const land = createLandStage({ pool, log, clock, owns: () => true, onLanded() {}, onError: console.error });

await append(0, WARM_UP_BATCHES);
land.start();
await untilLanded(WARM_UP_BATCHES);
await land[Symbol.asyncDispose]();
await append(WARM_UP_BATCHES, BATCHES);
const reader = createLandStage({ pool, log, clock, owns: () => true, onLanded() {}, onError: console.error });
const client = process.cpuUsage();
const serverBeforeUs = readPostgresCpuUs(process.pid);
const startMs = performance.now();
reader.start();
await untilLanded(WARM_UP_BATCHES + BATCHES);
const elapsedMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(client);
const clientUs = (user + system) / (BATCHES * SIZE);
const serverUs = (readPostgresCpuUs(process.pid) - serverBeforeUs) / (BATCHES * SIZE);
await reader[Symbol.asyncDispose]();
await log[Symbol.asyncDispose]();
await pool.end();
await postgres[Symbol.asyncDispose]();
await rm(dataDir, { recursive: true, force: true });

report({
  bench: 'land',
  figures: {
    messagesPerSecond: ((BATCHES * SIZE) / elapsedMs) * 1_000,
    cpuUs: clientUs + serverUs,
    clientCpuUs: clientUs,
    postgresCpuUs: serverUs,
  },
  budget: BUDGET,
  durable: 'the log before, and one synced commit a group of up to 8 MiB (PostgreSQL, fsync on)',
});

async function append(first: number, count: number): Promise<void> {
  const nowMs = clock();
  for (let batch = first; batch < first + count; batch++) {
    const messages = Array.from({ length: SIZE }, (_, place) => ({
      to: samplePhone(batch * SIZE + place),
      body: sampleBody(batch * SIZE + place),
    }));
    const accepted = {
      listId: LIST_ID,
      batchId: batch * SIZE,
      count: SIZE,
      lane: LANES.transactional,
      source: SOURCES.api,
      simulated: false,
      createdMs: nowMs,
      dueMs: nowMs,
      payload: Buffer.from(JSON.stringify(messages)),
    };
    await log.append('outbound', 0, encodeBatches([accepted]));
  }
}

async function untilLanded(batches: number): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  for (;;) {
    const { rows } = await pool.query<{ count: number }>('select count(*) from outbound_batch');
    if (rows[0]?.count === batches) return;
    if (performance.now() > limitMs) throw new Error(`${rows[0]?.count} of ${batches} batches landed in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
