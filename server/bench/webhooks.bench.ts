/*
 * Webhooks out: events written to the outbox, read, signed, posted to a receiver in another process and recorded. First as
 * fast as it goes, then 1,000 endpoints at an even pace of 2,000 a second, without and with 100 that never answer.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDemo, openDirectory } from '../src/accounts/index.ts';
import { systemClock as clock } from '../src/lib/clock.ts';
import { createTimedId } from '../src/lib/timed-id.ts';
import { createVault } from '../src/secrets/index.ts';
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts';
import { bindSecretKey } from '../src/store/installation-store.ts';
import { migrate } from '../src/store/migrate.ts';
import { createPool } from '../src/store/pool.ts';
import { withTransaction } from '../src/store/transaction.ts';
import { insertEndpoint } from '../src/store/webhook-endpoint-store.ts';
import { secretPlace } from '../src/store/webhook-secret-store.ts';
import { createDispatcher, createOutbox, createWebhookSender, type WebhookEvent } from '../src/webhooks/index.ts';
import { createSecret } from '../src/webhooks/signature.ts';
import { startProgram } from './lib/child-program.ts';
import { listenTo } from './lib/listen-to.ts';
import { readPostgresCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';

/**
 * CPU microseconds a delivery, and milliseconds from the event to the receiver at an even pace, for endpoints that answer:
 * reached times 1.5 and times 4. The receiver is on the same two cores.
 */
const BUDGET = { cpuUs: 150, p99Ms: 150, p99Ms_besideDead: 200 };
const GOAL = { deliveriesPerSecond: 4_000 };

const EVENTS = isShort ? 500 : 2_000;
const EVENTS_AT_ONCE = 100;
const ENDPOINTS_OF_ACCOUNT = 20;
const ACCOUNTS = 50;
const ENDPOINTS = ENDPOINTS_OF_ACCOUNT * ACCOUNTS;
const DEAD = 100;
const ROUND_MS = 500;
const ROUNDS = isShort ? 10 : 24;
const SECRET_KEY = Buffer.alloc(32, 7);

const receiver = startProgram('receiver-program.ts', {});
const { port } = await receiver.nextLine<{ port: number }>();
const dataDir = await mkdtemp(join(tmpdir(), 'trackly-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const pool = createPool(
  { ...postgres.connection, options: '-c enable_seqscan=off -c jit=off' },
  { name: 'bench', max: 8 },
);
await migrate(pool);
await createDemo(pool, { nowMs: clock() });
await bindSecretKey(pool, SECRET_KEY);
const vault = createVault({ pool, secretKey: SECRET_KEY });
const accounts = Array.from({ length: ACCOUNTS }, () => createTimedId(clock()));
await withTransaction(pool, async (transaction) => {
  for (const [index, accountId] of accounts.entries()) {
    await transaction.query(`insert into account (id, name, created_ms) values ($1, $1, 0)`, [accountId]);
    for (let n = 0; n < ENDPOINTS_OF_ACCOUNT; n++) {
      const id = createTimedId(clock());
      await insertEndpoint(transaction, {
        id,
        accountId,
        url: `http://e${index * ENDPOINTS_OF_ACCOUNT + n}.example.test:${port}/sms`,
        events: ['*'],
        description: '',
        includeDrops: true,
        secret: await vault.seal(transaction, createSecret(), secretPlace(id)),
        createdMs: clock(),
      });
    }
  }
});
const directory = await openDirectory({
  pool,
  connect: () => listenTo(postgres.connection),
  clock,
  secretKey: SECRET_KEY,
  staleAfterMs: null,
  onError: console.error,
});
const sender = createWebhookSender({
  allowedCidrs: ['127.0.0.0/8'],
  resolve: async () => [{ address: '127.0.0.1', family: 4 }],
});
const dispatcher = createDispatcher({
  pool,
  sender,
  vault,
  clock,
  random: Math.random,
  owns: () => true,
  onError: console.error,
});
const outbox = createOutbox({ directory, clock, onEmitted: (accountId) => dispatcher.hint(accountId) });

const { wallUs, ...fast } = await measureThroughput();
const even = await measureLatency();
await pool.query(
  `update webhook_endpoint set url = replace(url, 'http://e', 'http://hang-e')
   where id in (select id from webhook_endpoint order by md5(id) limit $1)`,
  [DEAD],
);
const besideDead = await measureLatency();
await dispatcher.stop();
await sender[Symbol.asyncDispose]();
await directory[Symbol.asyncDispose]();
await pool.end();
await postgres[Symbol.asyncDispose]();
await rm(dataDir, { recursive: true, force: true });
await receiver.stop();

report({
  bench: 'webhooks',
  figures: {
    deliveriesPerSecond: 1e6 / wallUs,
    ...fast,
    p50Ms: even.p50Ms,
    p99Ms: even.p99Ms,
    p50Ms_besideDead: besideDead.p50Ms,
    p99Ms_besideDead: besideDead.p99Ms,
    deadConnections: besideDead.hanging,
  },
  budget: BUDGET,
  goal: GOAL,
  durable: 'PostgreSQL (fsync on, synchronous_commit on): the event before its first try, each try after it',
});

/** Everything is in the outbox before the first is sent. */
async function measureThroughput(): Promise<
  Record<'emitUs' | 'wallUs' | 'cpuUs' | 'nodeCpuUs' | 'postgresCpuUs', number>
> {
  const [accountId = ''] = accounts;
  const deliveries = EVENTS * ENDPOINTS_OF_ACCOUNT;
  const emitMs = await timed(async () => {
    for (let n = 0; n < EVENTS; n += EVENTS_AT_ONCE) await emit(accountId, EVENTS_AT_ONCE);
  });
  const nodeBefore = process.cpuUsage();
  const postgresBeforeUs = readPostgresCpuUs(process.pid);
  const sendMs = await timed(async () => {
    dispatcher.start();
    await untilSent();
  });
  const { user, system } = process.cpuUsage(nodeBefore);
  const nodeCpuUs = (user + system) / deliveries;
  const postgresCpuUs = (readPostgresCpuUs(process.pid) - postgresBeforeUs) / deliveries;
  const { count } = await readReceiver();
  if (count !== deliveries) throw new Error(`${count} of ${deliveries} deliveries arrived`);
  return {
    emitUs: (emitMs * 1_000) / deliveries,
    wallUs: (sendMs * 1_000) / deliveries,
    cpuUs: nodeCpuUs + postgresCpuUs,
    nodeCpuUs,
    postgresCpuUs,
  };
}

/** Each round an event to all endpoints. */
async function measureLatency(): Promise<Figures> {
  const startMs = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, accountId] of accounts.entries()) {
      const dueMs = startMs + (round + index / accounts.length) * ROUND_MS;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await sleep(waitMs);
      await emit(accountId, 1);
    }
  }
  await sleep(2 * ROUND_MS);
  const figures = await readReceiver();
  const expected = ROUNDS * ENDPOINTS_OF_ACCOUNT * ACCOUNTS;
  if (figures.count < (expected * (ENDPOINTS - DEAD)) / ENDPOINTS) {
    throw new Error(`${figures.count} of ${expected} deliveries arrived`);
  }
  return figures;
}

async function emit(accountId: string, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n): WebhookEvent => {
    const message = { number: n, messageId: 'k3Vd81Qz', phone: 13_125_550_142, listNumber: '+18445550111' };
    const outcome = { status: 'delivered', statusDetail: 'DELIVERED_TO_HANDSET', provider: 'twilio' } as const;
    return { event: 'delivery', ...message, ...outcome, atMs: clock() };
  });
  await withTransaction(pool, (transaction) => outbox.emit(transaction, accountId, events));
}

async function untilSent(): Promise<void> {
  for (;;) {
    const { rows } = await pool.query('select 1 from webhook_delivery where state = 0 limit 1');
    if (rows.length === 0) return;
    await sleep(50);
  }
}

interface Figures {
  readonly count: number;
  readonly hanging: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function readReceiver(): Promise<Figures> {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  return (await answer.json()) as Figures;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
