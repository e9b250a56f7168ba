/*
 * A file of contacts into PostgreSQL: each row a new number with e-mail, name, date of consent and a custom field, so a row
 * of five tables with its record in the consent ledger. Then the same file again as a dry run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDemo, openDirectory } from '../src/accounts/index.ts';
import { importFile } from '../src/contacts/index.ts';
import { systemClock as clock } from '../src/lib/clock.ts';
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts';
import { migrate } from '../src/store/migrate.ts';
import { createPool } from '../src/store/pool.ts';
import { NO_OUTBOX } from '../src/webhooks/index.ts';
import { listenTo } from './lib/listen-to.ts';
import { readPostgresCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';

/**
 * CPU time, ours and that of all PostgreSQL processes, and the latter's part; a million rows cost the database more each
 * than the first ones, because its indexes grow. Megabytes: what a million rows take beside the first 50,000; 59 to 89 were
 * seen of 200,000 rows and 73 of a million, as the garbage collector had it.
 */
const BUDGET = { cpuUsPerRow: 48, postgresCpuUsPerRow: 30, extraMb: 120 };
/** On 2 virtual cores. */
const GOAL = { rowsPerSecond: 30_000 };

const ROWS = isShort ? 200_000 : 1_000_000;
const WARM_UP_ROWS = 50_000;
const CHUNK_BYTES = 256 * 1024;
const MEGABYTE = 1024 * 1024;

const dataDir = await mkdtemp(join(tmpdir(), 'trackly-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const pool = createPool(postgres.connection, { name: 'bench', max: 3 });
await migrate(pool);
await createDemo(pool, { nowMs: clock() });
const directory = await openDirectory({
  pool,
  connect: () => listenTo(postgres.connection),
  clock,
  secretKey: Buffer.alloc(32, 7),
  staleAfterMs: null,
  onError: console.error,
});
const list = directory.list(1);
if (list === undefined) throw new Error('the demo has no list');

await run(0, WARM_UP_ROWS, false);
globalThis.gc?.();
const beforeMb = process.memoryUsage().rss / MEGABYTE;
let peakMb = 0;
const watch = setInterval(() => (peakMb = Math.max(peakMb, process.memoryUsage().rss / MEGABYTE)), 100);
const startMs = performance.now();
const startCpuUs = readCpu();
await run(WARM_UP_ROWS, ROWS, false);
const applyMs = performance.now() - startMs;
const cpuUs = readCpu();
clearInterval(watch);
const dryStartMs = performance.now();
await run(WARM_UP_ROWS, ROWS, true);
const dryMs = performance.now() - dryStartMs;

report({
  bench: 'import',
  figures: {
    rowsPerSecond: (ROWS * 1_000) / applyMs,
    dryRowsPerSecond: (ROWS * 1_000) / dryMs,
    cpuUsPerRow: (cpuUs.own + cpuUs.postgres - startCpuUs.own - startCpuUs.postgres) / ROWS,
    postgresCpuUsPerRow: (cpuUs.postgres - startCpuUs.postgres) / ROWS,
    extraMb: peakMb - beforeMb,
  },
  budget: BUDGET,
  goal: GOAL,
  durable: 'each batch committed with its records of consent',
});

await directory[Symbol.asyncDispose]();
await pool.end();
await postgres[Symbol.asyncDispose]();
await rm(dataDir, { recursive: true, force: true });

function readCpu(): { readonly own: number; readonly postgres: number } {
  const { user, system } = process.cpuUsage();
  return { own: user + system, postgres: readPostgresCpuUs(process.pid) };
}

async function run(first: number, count: number, dryRun: boolean): Promise<void> {
  const target = { list: list as NonNullable<typeof list>, actor: 'operator', dryRun };
  const { rows } = await importFile(
    { pool, clock, directory, outbox: NO_OUTBOX },
    { target, source: file(first, count) },
  );
  if (rows.read !== count || rows.failed > 0) throw new Error(`read ${rows.read}, failed ${rows.failed}`);
}

async function* file(first: number, count: number): AsyncGenerator<Buffer> {
  let text = 'phone_number,email,first_name,consent_date,custom_fields.tier\n';
  for (let index = first; index < first + count; index++) {
    text += `${phoneOf(index)},p${index}@example.com,"Zoe, ${index}",2026-0${1 + (index % 9)}-0${1 + (index % 7)},gold\n`;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

/** All over the country, in no order. */
function phoneOf(index: number): string {
  const code = ['212', '312', '415', '512', '206', '305', '617', '702'][index % 8] ?? '212';
  return `+1${code}${2_000_000 + ((index * 7_919) % 7_999_993)}`;
}
