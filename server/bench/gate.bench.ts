/*
 * Gate and record: messages to some of a million contacts, claimed as the dispatcher does, checked against stored contacts,
 * blocks and earlier messages, and recorded with their submitting mark in one transaction; then their sends are added to
 * the activity of their contacts, as happens in the background.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDemo, openDirectory } from '../src/accounts/index.ts';
import { systemClock as clock } from '../src/lib/clock.ts';
import { NO_MESSAGE_EVENTS } from '../src/messages/index.ts';
import { createIdCodec } from '../src/lib/public-id.ts';
import { createGate, landWithin, LANES, SOURCES } from '../src/pipeline/index.ts';
import { newGateBatch } from '../src/pipeline/pipeline.ts';
import { runStages, type GateBatch } from '../src/pipeline/stage.ts';
import { MAX_CLAIM } from '../src/pipeline/stages/dispatch-stage.ts';
import { toOutboundMessage, type AcceptedMessage, type OutboundMessage } from '../src/pipeline/outbound-message.ts';
import { createRecipientStage } from '../src/pipeline/stages/recipient-stage.ts';
import { recordVerdicts } from '../src/pipeline/stages/record-stage.ts';
import { readWork } from '../src/pipeline/work.ts';
import { addUpSends } from '../src/store/contact-activity-store.ts';
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts';
import { migrate } from '../src/store/migrate.ts';
import { openNumberBlocks } from '../src/store/number-blocks.ts';
import { claimBatches } from '../src/store/outbound-batch-store.ts';
import { createPool, KEY_LOOKUP_OPTIONS } from '../src/store/pool.ts';
import { withTransaction } from '../src/store/transaction.ts';
import { readPostgresCpuUs } from './lib/process-cpu.ts';
import { isShort, report } from './lib/report.ts';
import { sampleBody, samplePhone } from './lib/sample-messages.ts';
import { listenTo } from './lib/listen-to.ts';

/**
 * CPU microseconds a message, PostgreSQL's too: at the gate, and later for the activity of a contact who had none. All that
 * contacts cost is the gate's look at them, one round trip, with that activity. The short form ends before V8 has compiled
 * all of it and begins while the disk takes what the benchmark before it wrote.
 */
const BUDGET = { cpuUs: isShort ? 18 : 15, addUpCpuUs: 7, contactsCpuUs: 10 };

const CONTACTS = 1_000_000;
/** Has no factor in common with CONTACTS. */
const STRIDE = 7_919;
const BATCH = 1_000;
/** Of two batches each. */
const WARM_UP_CLAIMS = 40;
const CLAIMS = isShort ? 20 : 50;
/** Claims of which only the look at contacts is measured. */
const LOOKS = 40;
const LEASE_MS = 60_000;
const WORKER_ID = 1;
const LIST_ID = 1;

const dataDir = await mkdtemp(join(tmpdir(), 'trackly-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir });
const pool = createPool({ ...postgres.connection, options: KEY_LOOKUP_OPTIONS }, { name: 'bench', max: 4 });
await migrate(pool);
await createDemo(pool, { nowMs: clock() });
await fillContacts();
const directory = await openDirectory({
  pool,
  connect: () => listenTo(postgres.connection),
  clock,
  secretKey: Buffer.alloc(32, 7),
  staleAfterMs: null,
  onError: console.error,
});
const list = directory.list(LIST_ID);
const account = directory.account(list?.accountId ?? '');
const ids = createIdCodec(Buffer.alloc(32, 7), 'message');
const numbers = await openNumberBlocks(pool, 'message');
const links = await openNumberBlocks(pool, 'link');
const gate = createGate({ pool, directory, links, linkIds: createIdCodec(Buffer.alloc(32, 7), 'link') });

await land(((WARM_UP_CLAIMS + CLAIMS) * MAX_CLAIM) / BATCH);
await work(WARM_UP_CLAIMS);
const startMs = performance.now();
const [gated, added] = await work(CLAIMS);
const elapsedMs = performance.now() - startMs;
const looked = await lookAgain();
await close();

report({
  bench: 'gate',
  figures: {
    messagesPerSecond: ((CLAIMS * MAX_CLAIM) / elapsedMs) * 1_000,
    cpuUs: gated.clientUs + gated.serverUs,
    clientCpuUs: gated.clientUs,
    postgresCpuUs: gated.serverUs,
    addUpCpuUs: added.clientUs + added.serverUs,
    postgresAddUpCpuUs: added.serverUs,
    lookCpuUs: looked.clientUs + looked.serverUs,
    postgresLookCpuUs: looked.serverUs,
    contactsCpuUs: looked.clientUs + looked.serverUs + added.clientUs + added.serverUs,
    postgresContactsCpuUs: looked.serverUs + added.serverUs,
  },
  budget: BUDGET,
  durable: 'one synced commit a claim of 2,000 (PostgreSQL, fsync on)',
});

interface Spent {
  readonly clientUs: number;
  readonly serverUs: number;
}

async function work(claims: number): Promise<[gated: Spent, added: Spent]> {
  const messages = claims * MAX_CLAIM;
  const gated = await spend(messages, async () => {
    for (let claim = 0; claim < claims; claim++) await gateAndRecord();
  });
  const added = await spend(messages, async () => {
    while (await addUpSends(pool)) {}
  });
  return [gated, added];
}

/** The look at contacts alone, for people of the warm-up with texts that nobody had. */
async function lookAgain(): Promise<Spent> {
  const stage = createRecipientStage(pool);
  const nowMs = clock();
  const batches: GateBatch[] = [];
  for (let claim = 0; claim < LOOKS; claim++) {
    const first = await numbers.take(MAX_CLAIM);
    const messages = Array.from({ length: MAX_CLAIM }, (_, place) =>
      toLooked(first + place, claim * MAX_CLAIM + place),
    );
    batches.push(newGateBatch({ listId: LIST_ID, list, account, nowMs }, messages));
  }
  return await spend(LOOKS * MAX_CLAIM, async () => {
    for (const batch of batches) await stage.run(batch);
  });
}

/** Rendered, but for a text. */
function toLooked(number: number, index: number): OutboundMessage {
  const nowMs = clock();
  const birth = {
    number,
    id: ids.encode(number),
    createdMs: nowMs,
    dueMs: nowMs,
    simulated: false,
    source: SOURCES.api,
  };
  const message = toOutboundMessage(sampleMessage(index), birth);
  message.textHash = BigInt(index);
  return message;
}

/** CPU microseconds a message, of this process and of PostgreSQL. */
async function spend(messages: number, run: () => Promise<void>): Promise<Spent> {
  const client = process.cpuUsage();
  const serverBeforeUs = readPostgresCpuUs(process.pid);
  await run();
  const { user, system } = process.cpuUsage(client);
  return {
    clientUs: (user + system) / messages,
    serverUs: (readPostgresCpuUs(process.pid) - serverBeforeUs) / messages,
  };
}

/** `samplePhone` of 0 to CONTACTS - 1, which the database makes itself. */
async function fillContacts(): Promise<void> {
  await pool.query(
    `insert into list_contact (list_id, phone, created_ms)
     select $1, 10000000000 + (200 + i / 9000 / 700) * 10000000::bigint + (200 + i / 9000 % 700) * 10000 + 1000 + i % 9000, $2
     from generate_series(0, $3::int - 1) as i`,
    [LIST_ID, clock(), CONTACTS],
  );
  await pool.query('vacuum analyze list_contact');
  // Else the measured work would write the contacts' pages to disk.
  await pool.query('checkpoint');
  const { rows } = await pool.query<{ known: boolean }>(
    'select count(*) = 2 as known from list_contact where list_id = $1 and phone = any ($2::bigint[])',
    [LIST_ID, [0, CONTACTS - 1].map((index) => Number(samplePhone(index).slice(1)))],
  );
  if (rows[0]?.known !== true) throw new Error('The contacts are not those that the messages go to');
}

/** Every message goes to another contact, anywhere in the table. */
function sampleMessage(index: number): AcceptedMessage {
  return { to: samplePhone((index * STRIDE) % CONTACTS), body: sampleBody(index) };
}

async function land(count: number): Promise<void> {
  const nowMs = clock();
  for (let batch = 0; batch < count; batch++) {
    const batchId = await numbers.take(BATCH);
    const messages = Array.from({ length: BATCH }, (_, place) => sampleMessage(batch * BATCH + place));
    const accepted = {
      listId: LIST_ID,
      batchId,
      count: BATCH,
      lane: LANES.transactional,
      source: SOURCES.api,
      simulated: false,
      createdMs: nowMs,
      dueMs: nowMs,
      payload: Buffer.from(JSON.stringify(messages)),
    };
    await withTransaction(pool, (transaction) => landWithin(transaction, [accepted]));
  }
}

async function gateAndRecord(): Promise<void> {
  const nowMs = clock();
  const request = { listId: LIST_ID, lane: LANES.transactional, workerId: WORKER_ID, nowMs, leaseMs: LEASE_MS };
  const claimed = await claimBatches(pool, { ...request, messages: MAX_CLAIM, createdBeforeMs: nowMs });
  const work = await readWork(pool, ids, claimed, MAX_CLAIM);
  const batch = newGateBatch({ listId: LIST_ID, list, account, nowMs }, work.messages);
  await runStages(gate, batch);
  const submissionId = await numbers.take(1);
  const recorded = await recordVerdicts(
    { pool, numbers, workerId: WORKER_ID, leaseMs: LEASE_MS, messageEvents: NO_MESSAGE_EVENTS },
    { listId: LIST_ID, nowMs, claims: work.claims, live: batch.live, refused: batch.refused },
    () => submissionId,
  );
  if (recorded?.messages.length !== MAX_CLAIM)
    throw new Error(`${recorded?.messages.length} of ${MAX_CLAIM} messages passed`);
}

async function close(): Promise<void> {
  await numbers[Symbol.asyncDispose]();
  await links[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
  await pool.end();
  await postgres[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
}
