import { Client } from 'pg';
import { createDemo, openDirectory, type Caller, type Directory } from '../../src/accounts/index.ts';
import type { CredentialField } from '../../src/lib/credentials.ts';
import { createMessageEvents, type MessageEvents } from '../../src/messages/index.ts';
import { createIdCodec } from '../../src/lib/public-id.ts';
import { LANES, SOURCES, type LaneCode } from '../../src/pipeline/batch.ts';
import { MESSAGE_STATES, type MessageState } from '../../src/pipeline/message-state.ts';
import type { AcceptedMessage } from '../../src/pipeline/outbound-message.ts';
import { bindSecretKey } from '../../src/store/installation-store.ts';
import { insertBatches } from '../../src/store/outbound-batch-store.ts';
import { moveCounts } from '../../src/store/message-count-store.ts';
import { ensureMessagePartitions } from '../../src/store/message-partitions.ts';
import type { Pool } from '../../src/store/pool.ts';
import { withTransaction } from '../../src/store/transaction.ts';
import { createOutbox, type Outbox } from '../../src/webhooks/index.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');
export const API_KEY = 'trk_00000000000000000000000000000001';
const ACCEPTED = -1;

/** The demo account with list 1, its caller, and what reading and cancelling need. */
export interface Installation extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly pool: Pool;
  readonly directory: Directory;
  readonly caller: Caller;
  readonly deps: {
    readonly pool: Pool;
    readonly directory: Directory;
    readonly clock: () => number;
    readonly secretKey: () => Promise<Buffer>;
    readonly listTypes: ReadonlyMap<string, readonly CredentialField[]>;
    readonly messageIds: ReturnType<typeof createIdCodec>;
    readonly outbox: Outbox;
    readonly messageEvents: MessageEvents;
    readonly linkIds: ReturnType<typeof createIdCodec>;
    landed: () => Promise<void>;
  };
  /** Sets the clock. */
  nowMs: number;
}

/** Types with credentials of every kind. */
const FIELDS: readonly CredentialField[] = [
  { name: 'profile', required: false, kind: 'text' },
  { name: 'token', required: false, kind: 'text' },
  { name: 'n', required: false, kind: 'integer' },
  { name: 'nested', required: false, kind: 'object' },
];
const LIST_TYPES = new Map([
  ['simulator', FIELDS],
  ['twilio', FIELDS],
]);

/** 2026-11-02T17:04:09.250Z */
export const START_MS = 1_793_639_049_250;

export async function createInstallation(): Promise<Installation> {
  const database = await createTestDatabase();
  const { pool } = database;
  await createDemo(pool, { apiKey: API_KEY, nowMs: START_MS });
  await bindSecretKey(pool, SECRET);
  await ensureMessagePartitions(pool, 0, 2 ** 20);
  const installation = { nowMs: START_MS };
  const clock = (): number => installation.nowMs;
  const directory = await openDirectory({
    pool,
    connect: () => connectTo(database),
    clock,
    secretKey: SECRET,
    staleAfterMs: null,
  });
  const key = directory.findKey(API_KEY)!;
  const outbox = createOutbox({ directory, clock });
  const messageIds = createIdCodec(SECRET, 'message');
  return Object.assign(installation, {
    database,
    pool,
    directory,
    caller: { key, account: directory.account(key.accountId)! },
    deps: {
      pool,
      directory,
      clock,
      secretKey: () => Promise.resolve(SECRET),
      listTypes: LIST_TYPES,
      messageIds,
      outbox,
      messageEvents: createMessageEvents({ outbox, directory, ids: messageIds }),
      linkIds: createIdCodec(SECRET, 'link'),
      landed: async () => {},
    },
    async [Symbol.asyncDispose]() {
      await directory[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  });
}

export async function connectTo({ connection }: TestDatabase): Promise<Client> {
  const client = new Client(connection);
  await client.connect();
  return client;
}

export interface BatchOptions {
  readonly listId?: number;
  readonly simulated?: boolean;
  readonly createdMs?: number;
  readonly dueMs?: number;
  readonly lane?: LaneCode;
}

/** Lands accepted messages as one fresh batch, numbered from `batchId`. */
export async function landBatch(
  pool: Pool,
  batchId: number,
  messages: readonly AcceptedMessage[],
  options: BatchOptions = {},
): Promise<void> {
  const { listId = 1, simulated = false, createdMs = START_MS, lane = LANES.transactional } = options;
  await withTransaction(pool, async (transaction) => {
    const payload = Buffer.from(JSON.stringify(messages));
    const dueMs = options.dueMs ?? createdMs;
    const count = messages.length;
    const source = SOURCES.api;
    await insertBatches(transaction, [{ listId, batchId, count, lane, source, simulated, createdMs, dueMs, payload }]);
    await moveCounts(transaction, listId, new Map([[ACCEPTED, count]]));
  });
}

export interface RowOptions {
  readonly listId?: number;
  readonly number: number;
  readonly state: MessageState;
  readonly columns?: Readonly<Record<string, unknown>>;
}

/** Inserts a row of `message` with its counts. `columns` by their names in the table. */
export async function insertRow(pool: Pool, { listId = 1, number, state, columns = {} }: RowOptions): Promise<void> {
  const row: Record<string, unknown> = {
    list_id: listId,
    number,
    phone: 13_125_550_142,
    state: MESSAGE_STATES[state],
    lane: LANES.transactional,
    source: SOURCES.api,
    flags: 0,
    created_ms: START_MS,
    updated_ms: START_MS,
    template: `Message ${number}`,
    ...columns,
  };
  const names = Object.keys(row);
  await withTransaction(pool, async (transaction) => {
    await transaction.query(
      `insert into message (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
      Object.values(row),
    );
    await moveCounts(
      transaction,
      listId,
      new Map([
        [ACCEPTED, 1],
        [MESSAGE_STATES[state], 1],
      ]),
    );
  });
}
