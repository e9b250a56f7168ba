import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  createAccount,
  createDemo,
  openDirectory,
  type Caller,
  type Directory,
  type List,
} from '../../src/accounts/index.ts';
import type { CarrierEvents } from '../../src/carriers/carrier.ts';
import { createSandboxConnection } from '../../src/carriers/sandbox/sandbox-connection.ts';
import { createSimulatorCarrier, type SimulatorCarrier } from '../../src/carriers/simulator/simulator-carrier.ts';
import { openSimulatorStore } from '../../src/carriers/simulator/simulator-store.ts';
import { DisposalStack } from '../../src/lib/disposal-stack.ts';
import { createIdCodec, type IdCodec } from '../../src/lib/public-id.ts';
import { createListWithin } from '../../src/lists/index.ts';
import { openLmdbLog } from '../../src/log/lmdb-log.ts';
import type { Log } from '../../src/log/log.ts';
import { createWithdraw, createWithdrawals, type Withdraw } from '../../src/contacts/index.ts';
import {
  checkBooks,
  createMessageEvents,
  getMessage,
  sendBulk,
  type MessageEvents,
  type MessageView,
} from '../../src/messages/index.ts';
import {
  createAcceptStage,
  createApplyStage,
  createConnections,
  createContactEffects,
  createGate,
  createLandStage,
  createPipeline,
  createTakeEvents,
  landWithin,
  recoverSubmissions,
  settleDoubts,
  type Accept,
  type Connections,
  type ContactEffects,
  type Pipeline,
} from '../../src/pipeline/index.ts';
import { toMessageState, type MessageState } from '../../src/pipeline/message-state.ts';
import type { Stage } from '../../src/pipeline/stage.ts';
import type { LogReader } from '../../src/pipeline/log-reader.ts';
import { addUpSends } from '../../src/store/contact-activity-store.ts';
import { bindSecretKey } from '../../src/store/installation-store.ts';
import { openNumberBlocks, type NumberBlocks } from '../../src/store/number-blocks.ts';
import type { Pool } from '../../src/store/pool.ts';
import { withTransaction } from '../../src/store/transaction.ts';
import { registerWorker } from '../../src/store/worker-store.ts';
import { createOutbox } from '../../src/webhooks/index.ts';
import { connectTo } from './message-fixture.ts';
import { createTestDatabase } from './test-database.ts';
import { until } from './until.ts';

const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');
const API_KEY = 'trk_00000000000000000000000000000001';

export interface RigOptions {
  /** Of the simulated carrier: 300 ms become 300 × this. Default 0.01. */
  readonly timeScale?: number;
  /** False: nothing moves until `startLanding` and `startSending`. */
  readonly started?: boolean;
  /** True: marketing keeps the hours of the law. Default false, because a rig's clock shows any hour of the day. */
  readonly quietHours?: boolean;
}

export interface SendingWorker extends Pipeline {
  readonly workerId: number;
}

/** The whole way of a message on a database of its own, put together as `app.ts` does, with a clock that can jump. */
export interface PipelineRig extends AsyncDisposable {
  readonly pool: Pool;
  readonly directory: Directory;
  readonly log: Log;
  readonly accept: Accept;
  readonly numbers: NumberBlocks;
  readonly gate: readonly Stage[];
  readonly connections: Connections;
  readonly simulator: SimulatorCarrier;
  readonly ids: IdCodec;
  readonly linkIds: IdCodec;
  readonly messageEvents: MessageEvents;
  readonly contactEffects: ContactEffects;
  readonly withdraw: Withdraw;
  /** Lists whose complaints count no more, in the order in which it was told. */
  readonly guardedLists: number[];
  readonly caller: Caller;
  readonly errors: unknown[];
  readonly clock: () => number;
  /** Moves the clock on and looks for what became due. */
  advance(ms: number): void;
  /** Appends carrier events to the log, as a receipt does. */
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  createLandReader(): LogReader;
  startLanding(): void;
  startApplying(): void;
  startSending(): Promise<SendingWorker>;
  /** Through the checks and the accept stage of the API; by default to the demo list. Ids in order. */
  send(...messages: readonly Readonly<Record<string, unknown>>[]): Promise<string[]>;
  sendAs(
    caller: Caller,
    messages: readonly Readonly<Record<string, unknown>>[],
    listNumber?: string,
  ): Promise<string[]>;
  get(id: string, caller?: Caller): Promise<MessageView>;
  stateOf(id: string): Promise<MessageState | undefined>;
  /** Everything that is due has happened: the log, the batches, the carrier and the receipts are empty. */
  drain(): Promise<void>;
  /** The same, and the clock jumps over the waits between tries. */
  drainRetries(): Promise<void>;
  /** Brings the activity of contacts up to date. */
  addUpSends(): Promise<boolean>;
  recover(): Promise<number>;
  settle(): Promise<number>;
  setList(listId: number, columns: Readonly<Record<string, unknown>>): Promise<void>;
  setListSettings(listId: number, settings: Readonly<Record<string, unknown>>): Promise<void>;
  setAccount(columns: Readonly<Record<string, unknown>>): Promise<void>;
  setAccountSettings(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** A second list of the demo account, or the first of a new one. */
  addList(number: string, accountId?: string): Promise<number>;
  addAccount(name: string): Promise<Caller>;
  addContact(phone: string, columns?: Readonly<Record<string, unknown>>): Promise<void>;
  count(sql: string, values?: readonly unknown[]): Promise<number>;
}

export const DEMO_NUMBER = '+18005551000';

export async function createPipelineRig(options: RigOptions = {}): Promise<PipelineRig> {
  const building = new DisposalStack();
  const database = building.use(await createTestDatabase({ max: 20 }));
  const folder = building.adopt(await mkdtemp(join(tmpdir(), 'trackly-rig-')), (it) => rm(it, { recursive: true }));
  const { pool } = database;
  const { timeScale = 0.01 } = options;
  let offsetMs = 0;
  const clock = (): number => Date.now() + offsetMs;
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);

  await bindSecretKey(pool, SECRET);
  await createDemo(pool, { apiKey: API_KEY, nowMs: clock() });
  const quietHours = { quiet_hours: options.quietHours ?? false };
  await pool.query('update list set settings = settings || $1::jsonb', [JSON.stringify(quietHours)]);
  const directory = building.use(
    await openDirectory({ pool, connect: () => connectTo(database), clock, secretKey: SECRET, staleAfterMs: null }),
  );
  const log = building.use(await openLmdbLog({ dir: join(folder, 'log') }));
  const numbers = building.use(await openNumberBlocks(pool, 'message'));
  const links = building.use(await openNumberBlocks(pool, 'link'));
  const ids = createIdCodec(SECRET, 'message');
  const linkIds = createIdCodec(SECRET, 'link');
  const outbox = createOutbox({ directory, clock });
  const messageEvents = createMessageEvents({ outbox, directory, ids });
  const guardedLists: number[] = [];
  const withdrawals = createWithdrawals();
  const withdraw = createWithdraw(withdrawals);
  const onComplaints = ({ id }: { readonly id: number }): void => void guardedLists.push(id);
  const contactEffects = createContactEffects({ directory, outbox, withdraw, onComplaints });
  const takeEvents = createTakeEvents({ log, directory, withdrawals, clock });
  let appending = 0;
  async function onEvents(events: CarrierEvents): Promise<void> {
    appending++;
    await takeEvents(events).finally(() => appending--);
  }
  const store = building.use(openSimulatorStore(join(folder, 'simulator')));
  const simulator = building.use(createSimulatorCarrier({ store, clock, onEvents, timeScale }));
  const connections = building.use(createConnections([simulator]));
  const gate = createGate({ pool, directory, links, linkIds });
  const accept = createAcceptStage({ log, numbers, clock, landWithin });
  const workers: SendingWorker[] = [];
  const readers: LogReader[] = [];
  const owns = (): boolean => true;

  function createLandReader(): LogReader {
    const onLanded = (listIds: ReadonlySet<number>): void => {
      for (const worker of workers) worker.dispatcher.wake(listIds);
    };
    return createLandStage({ pool, log, clock, owns, onLanded, onError });
  }
  function startReader(reader: LogReader): void {
    readers.push(reader);
    building.use(reader).start();
  }
  const landed = createLandReader();
  const applied = createApplyStage({
    pool,
    log,
    ids,
    messageEvents,
    contactEffects,
    clock,
    directory,
    accept,
    outbox: createOutbox({ directory, clock }),
    withdraw,
    answersOf: (list) => connections.carrierOf(list) ?? {},
    owns,
    onError,
  });

  async function startSending(): Promise<SendingWorker> {
    const workerId = await registerWorker(pool, { host: 'test', pid: 1, roles: 'pipeline', nowMs: clock() });
    const pipeline = createPipeline({
      pool,
      log,
      directory,
      connections,
      gate,
      numbers,
      ids,
      messageEvents,
      contactEffects,
      clock,
      workerId,
      withdrawals,
      owns,
      onEvents,
      onError,
      random: Math.random,
      sandboxOf: (list) => createSandboxConnection({ listId: list.id, onEvents, clock }),
      minQueueAgeMs: 0,
      metrics: { onStage: () => {}, onGated: () => {}, onAnswered: () => {} },
    });
    building.defer(() => pipeline.stop());
    pipeline.start();
    const worker = { ...pipeline, workerId };
    workers.push(worker);
    return worker;
  }

  const key = directory.findKey(API_KEY);
  const account = key === undefined ? undefined : directory.account(key.accountId);
  if (key === undefined || account === undefined) throw new Error('the demo account was not made');
  const demo: Caller = { key, account };
  /** The account as it is now. */
  const current = (caller: Caller): Caller => ({ ...caller, account: directory.account(caller.account.id) ?? account });

  async function count(sql: string, values: readonly unknown[] = []): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(sql, [...values]);
    return Number(rows[0]?.count);
  }
  // Events come first: what they make, such as answers to texts, is looked for after them.
  const isQuiet = async (): Promise<boolean> =>
    (await applied.backlog()) === 0 &&
    (await landed.backlog()) === 0 &&
    (await count('select count(*) from outbound_batch where due_ms <= $1', [clock()])) === 0 &&
    (await count('select count(*) from submission')) === 0 &&
    simulator.store.earliestDueMs() === null &&
    appending === 0 &&
    (await applied.backlog()) === 0;

  async function update(table: string, id: unknown, columns: Readonly<Record<string, unknown>>): Promise<void> {
    const names = Object.keys(columns);
    const set = names.map((name, index) => `${name} = $${index + 2}`).join(', ');
    await pool.query(`update ${table} set ${set} where id = $1`, [id, ...Object.values(columns)]);
    await directory.refresh();
  }
  async function mergeSettings(table: string, id: unknown, settings: Readonly<Record<string, unknown>>): Promise<void> {
    await pool.query(`update ${table} set settings = settings || $2::jsonb where id = $1`, [
      id,
      JSON.stringify(settings),
    ]);
    await directory.refresh();
  }

  const settling = {
    pool,
    clock,
    numbers,
    ids,
    messageEvents,
    contactEffects,
    onEvents,
    listOf: (listId: number) => directory.list(listId),
    connectionOf: (list: List) => connections.of(list),
    deduplicates: (list: List) => connections.carrierOf(list)?.deduplicatesOwnId ?? false,
    onRequeued: (listId: number) => workers.forEach((worker) => worker.dispatcher.wake([listId])),
  };
  const reading = { pool, directory, clock, messageIds: ids, linkIds, landed: () => landed.caughtUp(2_000) };

  const rig: PipelineRig = {
    pool,
    directory,
    log,
    accept,
    numbers,
    gate,
    connections,
    simulator,
    ids,
    linkIds,
    messageEvents,
    contactEffects,
    withdraw,
    guardedLists,
    errors,
    clock,
    onEvents,
    caller: demo,
    advance(ms) {
      offsetMs += ms;
      for (const worker of workers) worker.dispatcher.wake(directory.lists().map((list) => list.id));
    },
    createLandReader,
    startLanding: () => startReader(landed),
    startApplying: () => startReader(applied),
    startSending,
    send: (...messages) => rig.sendAs(demo, messages),
    async sendAs(caller, messages, listNumber = DEMO_NUMBER) {
      const body = { messages, list_number: listNumber };
      const deps = { directory, accept, idCodec: ids, clock };
      const sent = await sendBulk(deps, current(caller), { body, raw: true, transaction: null });
      if (sent.error_count > 0) throw new Error(JSON.stringify(sent.errors));
      return sent.message_ids.map(String);
    },
    get: (id, caller = demo) => getMessage(reading, current(caller), { id }),
    async stateOf(id) {
      const { rows } = await pool.query<{ state: number }>('select state from message where number = $1', [
        ids.decode(id),
      ]);
      return rows[0] === undefined ? undefined : toMessageState(rows[0].state);
    },
    drain: () => until('everything that is due has happened', isQuiet, 20_000),
    async drainRetries() {
      for (;;) {
        await rig.drain();
        const dueMs = await count('select coalesce(min(due_ms), 0) as count from outbound_batch');
        if (dueMs === 0) return;
        rig.advance(Math.max(0, dueMs - clock()) + 1);
      }
    },
    addUpSends: () => addUpSends(pool),
    recover: () => recoverSubmissions(settling),
    settle: () => settleDoubts(settling),
    setList: (listId, columns) => update('list', listId, columns),
    setListSettings: (listId, settings) => mergeSettings('list', listId, settings),
    setAccount: (columns) => update('account', demo.account.id, columns),
    setAccountSettings: (settings) => mergeSettings('account', demo.account.id, settings),
    async addList(number, accountId = demo.account.id) {
      const input = { accountId, number, type: 'simulator', name: number, settings: quietHours };
      const list = await withTransaction(pool, (transaction) => createListWithin(transaction, input, clock()));
      await directory.refresh();
      return list.id;
    },
    async addAccount(name) {
      const made = await createAccount({ pool, clock }, { name, email: 'owner@example.com' });
      await directory.refresh();
      const added = directory.account(made.id);
      if (added === undefined) throw new Error(`account ${made.id} is not in the directory`);
      return { key: { ...demo.key, accountId: added.id }, account: added };
    },
    async addContact(phone, { first_name, last_name, ...columns } = {}) {
      const row = { list_id: 1, phone: Number(phone.slice(1)), created_ms: clock(), ...columns };
      await pool.query(
        'insert into account_contact (account_id, phone, first_name, last_name) values ($1, $2, $3, $4) on conflict do nothing',
        [demo.account.id, row.phone, first_name ?? null, last_name ?? null],
      );
      const names = Object.keys(row);
      const places = names.map((_, index) => `$${index + 1}`).join(', ');
      await pool.query(`insert into list_contact (${names.join(', ')}) values (${places})`, Object.values(row));
    },
    count,
    async [Symbol.asyncDispose]() {
      await building[Symbol.asyncDispose]();
    },
  };
  if (options.started !== false) {
    rig.startLanding();
    rig.startApplying();
    await startSending();
  }
  return rig;
}

/** Closes a rig after which the books of every list balance, also against the rows, and nothing failed unseen. */
export async function closeHealthy(
  rig: PipelineRig,
  { errors = 'none' }: { errors?: 'none' | 'any' } = {},
): Promise<void> {
  try {
    for (const books of await checkBooks(rig.pool, { recount: true })) {
      expect(books).toMatchObject({ difference: 0, miscounted: [] });
    }
    if (errors === 'none') expect(rig.errors).toEqual([]);
  } finally {
    await rig[Symbol.asyncDispose]();
  }
}
