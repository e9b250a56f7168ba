import { BlockList, isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import * as accounts from './accounts/index.ts';
import type { Account, Directory, List } from './accounts/index.ts';
import type { CarrierEvents } from './carriers/carrier.ts';
import { createHttpCarriers, createHttpRoads, createSmppCarrier, readCredentialFields, type SmppArrival } from './carriers/index.ts';
import { createSandboxConnection } from './carriers/sandbox/sandbox-connection.ts';
import { createSimulatorCarrier, type SimulatorCarrier } from './carriers/simulator/simulator-carrier.ts';
import { openSimulatorStore } from './carriers/simulator/simulator-store.ts';
import * as compliance from './compliance/index.ts';
import type { Config, Role } from './config/config.ts';
import * as contacts from './contacts/index.ts';
import * as inbound from './inbound/index.ts';
import * as optIns from './opt-ins/index.ts';
import { purgeIdempotencyKeys } from './http/idempotency.ts';
import type { HttpVerbs } from './http/http-deps.ts';
import { registerSimulatorRoutes } from './http/routes/simulator/register-simulator-routes.ts';
import { closeServer } from './http/close-server.ts';
import { createHttpServer } from './http/server.ts';
import { DAY_MS, HOUR_MS, SECOND_MS, type Clock } from './lib/clock.ts';
import { DisposalStack } from './lib/disposal-stack.ts';
import { createIdCodec, type IdCodec } from './lib/public-id.ts';
import { createSteadyClock } from './lib/steady-clock.ts';
import * as lists from './lists/index.ts';
import type { Log } from './log/log.ts';
import { openLmdbLog } from './log/lmdb-log.ts';
import { openPostgresLog } from './log/postgres-log.ts';
import * as messages from './messages/index.ts';
import { createCarrierHealth } from './observe/carrier-health.ts';
import { createCredentialsAlert } from './observe/credentials-alert.ts';
import { createErrorReporter } from './observe/error-reporter.ts';
import type { Logger } from './observe/logger.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { toMessageState } from './pipeline/message-state.ts';
import * as pipeline from './pipeline/index.ts';
import type { Accept, CallbackReceiver, Connections, Pipeline } from './pipeline/index.ts';
import { simulatedLookup } from './phone/index.ts';
import { addRedirects } from './redirector/add-redirects.ts';
import * as secrets from './secrets/index.ts';
import { createScheduler, EVERY, type DueWork } from './scheduler/scheduler.ts';
import { addUpSends } from './store/contact-activity-store.ts';
import { openDataFolder } from './store/data-folder.ts';
import { openDueSignal, tellDue } from './store/due-signal.ts';
import { startEmbeddedPostgres } from './store/embedded-postgres.ts';
import type { LogReader } from './pipeline/log-reader.ts';
import { sumCounts } from './store/message-count-store.ts';
import { purgeJobs } from './store/job-store.ts';
import { migrate } from './store/migrate.ts';
import { openNumberBlocks, type NumberBlocks } from './store/number-blocks.ts';
import { releaseAllLeases } from './store/outbound-batch-store.ts';
import { createPartitionLeases, ownsEverything, SHARE_LEASE_MS } from './store/partition-leases.ts';
import { createPool, KEY_LOOKUP_OPTIONS, type Pool, type PoolOptions } from './store/pool.ts';
import { insertUnreadableCall, purgeUnreadableCalls } from './store/unreadable-call-store.ts';
import { purgeImpressions } from './store/impression-store.ts';
import { purgeOptInRequests } from './store/opt-in-request-store.ts';
import { insertStrayText, purgeStrayTexts } from './store/stray-text-store.ts';
import { countWaiting } from './store/webhook-delivery-store.ts';
import { purgeCarrierRefs, purgeParkedReports } from './store/purge-store.ts';
import { endStuckCopies } from './store/stuck-session-store.ts';
import { forgetWorker, forgetWorkers, registerWorker, touchWorker } from './store/worker-store.ts';
import * as webhooks from './webhooks/index.ts';

/** A running installation: everything that the roles of this process need, started. */
export interface App {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Made on the very first start; it cannot be read again. */
  readonly firstKey: { readonly apiKey: string; readonly listNumber: string } | null;
  /** Where the embedded database lives when that is not the data folder, else null. */
  readonly databaseMovedTo: string | null;
  /** Stops accepting, finishes what is under way, closes everything in reverse order. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The database may be unheard of for so long before keys and lists in memory count as out of date. */
const DIRECTORY_STALE_MS = 60 * SECOND_MS;
const LANDED_TIMEOUT_MS = 2 * SECOND_MS;
/** Beyond this `/readyz` says that the database is away. */
const READY_STALE_MS = 5 * SECOND_MS;
const POOL_SIZE = 12;
const PIPELINE_POOL_SIZE = 16;
/** Of a log in the database: its partitions are written and read at once. */
const LOG_POOL_SIZE = 12;
/** What waits for HTTP: a caller has an answer, if only 503, before it gives up. */
const API_LIMITS = { connectTimeoutMs: 3 * SECOND_MS, statementTimeoutMs: 4 * SECOND_MS };
/** What nobody waits for: only a database that does not answer at all takes so long. */
const BACKGROUND_LIMITS = { statementTimeoutMs: 30 * SECOND_MS };

/** Lengths of time that nobody needs to set, and that tests of faults make short. */
export interface Limits {
  /** Of a claim and of a submitting mark. */
  readonly workLeaseMs?: number;
  /** Of this process's share of the lists and of the log. */
  readonly shareLeaseMs?: number;
  /** Within which the headers of a request, and all of it, must have arrived. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

/** Builds everything in order and starts it; a failure on the way disposes what was built. */
export async function startApp(config: Config, logger: Logger, limits: Limits = {}): Promise<App> {
  const building = new DisposalStack();
  try {
    return await build(building, config, logger, limits);
  } catch (error) {
    await building[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

async function build(building: DisposalStack, config: Config, logger: Logger, limits: Limits): Promise<App> {
  const clock = createSteadyClock();
  const folder = building.use(await openDataFolder(config.dataDir, config.secretKey));
  const database = withIdleLimit(await openDatabase(building, config, logger), limits);
  const openPool = (options: PoolOptions, session: ClientConfig = {}): Pool =>
    building.adopt(createPool({ ...database.connection, ...session }, options), (it) => it.end());
  const pool = openPool({ name: 'api', max: POOL_SIZE, ...API_LIMITS });
  const hotPool = openPool(
    { name: 'pipeline', max: PIPELINE_POOL_SIZE, ...BACKGROUND_LIMITS },
    { options: KEY_LOOKUP_OPTIONS },
  );
  // A migration and the removal of what is old may take any time.
  const upkeepPool = openPool({ name: 'upkeep', max: 1 });
  await migrate(upkeepPool);
  const fileFolder = config.secretKey === null ? folder.path : null;
  const keys = await secrets.bindDataFolder(upkeepPool, folder.secretKey, fileFolder);
  const demo = await accounts.createDemo(upkeepPool, { apiKey: config.firstApiKey ?? undefined, nowMs: clock() });
  if (config.databaseUrl === null) await releaseAllLeases(upkeepPool);
  const onError = createErrorReporter(logger);
  const directory = building.use(
    await accounts.openDirectory({
      pool,
      connect: () => connectListener(database.connection),
      clock,
      secretKey: keys.secretKey,
      staleAfterMs: config.databaseUrl === null ? null : DIRECTORY_STALE_MS,
      onError,
    }),
  );
  const log = building.use(await openLog(config, openPool));
  const parts = await buildParts({
    building,
    config,
    limits,
    logger,
    clock,
    connection: database.connection,
    pool,
    hotPool,
    upkeepPool,
    directory,
    log,
    identityKey: keys.identityKey,
    secretKey: keys.secretKey,
  });
  const url = await listen(building, config, parts);
  return {
    url,
    firstKey: demo.created ? { apiKey: demo.apiKey, listNumber: demo.listNumber } : null,
    databaseMovedTo: database.movedTo,
    [Symbol.asyncDispose]: () => building[Symbol.asyncDispose](),
  };
}

interface Database {
  readonly connection: ClientConfig;
  readonly movedTo: string | null;
}

async function openDatabase(building: DisposalStack, config: Config, logger: Logger): Promise<Database> {
  if (config.databaseUrl !== null) return { connection: { connectionString: config.databaseUrl }, movedTo: null };
  const embedded = building.use(
    await startEmbeddedPostgres({
      dataDir: config.dataDir,
      log: (line) => logger.debug({ line }, 'postgres'),
      onFailure: (error) => logger.error({ err: error }, 'the database is away'),
    }),
  );
  return { connection: embedded.connection, movedTo: embedded.relocated ? embedded.location : null };
}

/**
 * A process that is paused in a transaction keeps its locks. Before its share of the work is somebody else's, the server
 * must have taken them back.
 */
function withIdleLimit(database: Database, { shareLeaseMs = SHARE_LEASE_MS }: Limits): Database {
  const connection = { ...database.connection, idle_in_transaction_session_timeout: shareLeaseMs };
  return { ...database, connection };
}

async function connectListener(connection: ClientConfig): Promise<Client> {
  const client = new Client({
    ...connection,
    application_name: 'trackly listen',
    keepAlive: true,
    connectionTimeoutMillis: 5 * SECOND_MS,
  });
  await client.connect();
  return client;
}

/** Callers of the API wait for the log, so one in the database has their limits, and does not wait for the pipeline. */
function openLog(config: Config, openPool: (options: PoolOptions) => Pool): Promise<Log> {
  if (config.log === 'lmdb') return openLmdbLog({ dir: join(config.dataDir, 'log') });
  return openPostgresLog({ pool: openPool({ name: 'log', max: LOG_POOL_SIZE, ...API_LIMITS }) });
}

interface Foundation {
  readonly building: DisposalStack;
  readonly config: Config;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly connection: ClientConfig;
  readonly pool: Pool;
  readonly hotPool: Pool;
  readonly upkeepPool: Pool;
  readonly directory: Directory;
  readonly log: Log;
  readonly identityKey: Buffer;
  /** Seals credentials. */
  readonly secretKey: Buffer;
}

/** What the HTTP server stands on. */
interface Parts extends Foundation {
  readonly ids: IdCodec;
  readonly linkIds: IdCodec;
  readonly accept: Accept;
  readonly callbacks: CallbackReceiver;
  readonly optInPages: optIns.OptInPages;
  readonly verbs: HttpVerbs;
  readonly metrics: Metrics;
  readonly simulator: SimulatorCarrier;
  readonly readiness: () => { ready: boolean; reasons: string[] };
}

async function buildParts(foundation: Foundation): Promise<Parts> {
  const { building, config, limits, logger, clock, pool, hotPool, directory, log, identityKey } = foundation;
  const onError = createErrorReporter(logger);
  const ids = createIdCodec(identityKey, 'message');
  const linkIds = createIdCodec(identityKey, 'link');
  const workerId = await startWorker(building, { config, limits, pool, clock, onError });
  const shares = await shareWork(building, { config, limits, pool, clock, onError, workerId, log });
  // Whoever asks for numbers may hold a connection of the other pools, so blocks are reserved through their own.
  const numberPool = building.adopt(
    createPool(foundation.connection, { name: 'numbers', max: 2, ...BACKGROUND_LIMITS }),
    (it) => it.end(),
  );
  const numbers = building.use(await openNumberBlocks(numberPool, 'message'));
  const links = building.use(await openNumberBlocks(numberPool, 'link'));
  const typeOf = (listId: number): string => directory.list(listId)?.type ?? 'unknown';
  const delivery = { hint: (_accountId: string): void => {} };
  const outbox = webhooks.createOutbox({ directory, clock, onEmitted: (accountId) => delivery.hint(accountId) });
  const vault = secrets.createVault({ pool, secretKey: foundation.secretKey });
  const sender = building.use(webhooks.createWebhookSender({ allowedCidrs: config.webhookAllowedCidrs }));
  const messageEvents = messages.createMessageEvents({ outbox, directory, ids });
  const onEvents = async (events: CarrierEvents): Promise<void> => {
    const carrier = typeOf(events.listId);
    const value = pipeline.encodeEvents({ ...events, carrier, arrivedMs: clock() });
    await log.append('events', events.listId % log.partitions, value);
  };
  const simulator = openSimulator(building, config, { clock, onEvents });
  const { carrierConnectMs: connectTimeoutMs, carrierAnswerMs: answerTimeoutMs } = config;
  const roads = building.use(createHttpRoads({ connectTimeoutMs, answerTimeoutMs }));
  const smpp = createSmppCarrier({
    clock,
    onArrived: (arrival) => takeArrival({ directory, onEvents }, arrival),
    onSessions: (listId, sessions) => health.onSessions(listId, sessions),
  });
  const carriers = [simulator, ...createHttpCarriers({ roads, publicUrl: config.publicUrl }), smpp];
  const connections = building.use(pipeline.createConnections(carriers));
  const callbacks = pipeline.createCallbackReceiver({
    directory,
    carriers,
    allowUnsigned: config.allowUnsignedCallbacks,
    onEvents,
    keepUnreadable: async (call) => insertUnreadableCall(pool, call, clock()),
    keepStray: async (text) => insertStrayText(pool, text, clock()),
    onError,
  });
  const gate = pipeline.createGate({ pool: hotPool, directory, links, linkIds });
  const wake = { lists: (_listIds: ReadonlySet<number>): void => {} };
  const land = pipeline.createLandStage({
    pool: hotPool,
    log,
    clock,
    owns: shares.log,
    onLanded: (listIds) => wake.lists(listIds),
    onError,
    onTimed: (elapsedMs) => metrics.onStage('land', elapsedMs),
  });
  const accept = counted(pipeline.createAcceptStage({ log, numbers, clock, landWithin: pipeline.landAndTell }), {
    onAccepted: (count) => metrics.onAccepted(count),
  });
  const withdrawals = pipeline.createWithdrawals();
  const apply = pipeline.createApplyStage({
    pool: hotPool,
    log,
    ids,
    messageEvents,
    clock,
    directory,
    accept,
    outbox,
    withdrawals,
    answersOf: (list) => connections.carrierOf(list) ?? {},
    owns: shares.events,
    onError,
    onReceipts: (listId, matched, total) => health.onReceipts(listId, matched, total),
    onTimed: (elapsedMs) => metrics.onStage('apply', elapsedMs),
  });
  const health = createCarrierHealth(clock);
  const metrics = createMetrics({ ...readingsOf(pool, { land, apply }), health, typeOf });
  if (config.roles.has('api')) startReader(building, land);
  if (config.roles.has('pipeline')) {
    building.use(pipeline.startHealthSaver({ pool: hotPool, clock, health, onError }));
    startReader(building, apply);
    const alert = createCredentialsAlert(logger, clock);
    const sending = startPipeline(building, {
      ...foundation,
      connections,
      sandboxOf: (list) => createSandboxConnection({ listId: list.id, onEvents, clock }),
      gate,
      numbers,
      ids,
      messageEvents,
      workerId,
      withdrawals,
      metrics,
      health,
      onEvents,
      onError,
      onCredentialsRefused(list) {
        metrics.onCredentialsRefused(list.id);
        alert(list);
      },
      owns: shares.lists,
    });
    building.use(pipeline.startOpenKeeper({ directory, connections, owns: shares.lists, onError }));
    wake.lists = (listIds) => sending.dispatcher.wake(listIds);
    const connect = (): Promise<Client> => connectListener(foundation.connection);
    building.use(openDueSignal({ connect, onDue: (listIds) => sending.dispatcher.wake(listIds) }));
  } else {
    wake.lists = (listIds) => void tellDue(hotPool, listIds).catch(onError);
  }
  if (config.roles.has('scheduler')) {
    const works = dueWorks({ ...foundation, connections, numbers, ids, messageEvents, onEvents, wake });
    startScheduler(building, works, onError);
    const dispatcher = startDelivery(foundation, { sender, vault, owns: shares.webhooks, metrics, onError });
    delivery.hint = (accountId) => dispatcher.hint(accountId);
    startImports(building, { ...foundation, outbox, onError });
  }
  const landed = (): Promise<void> => land.caughtUp(LANDED_TIMEOUT_MS);
  const previewGate = pipeline.createGate({ pool, directory, links, linkIds });
  const writing = { ...foundation, ids, linkIds, outbox, connections, numbers, accept };
  const verbs = bindVerbs({ ...writing, messageEvents, landed, gate: previewGate, vault, sender });
  const optInPages = optIns.createOptInPages({ ...writing, publicUrl: config.publicUrl, onError });
  const readiness = (): { ready: boolean; reasons: string[] } => {
    const reasons = directory.silentMs() < READY_STALE_MS ? [] : ['the database has not been heard from'];
    return { ready: reasons.length === 0, reasons };
  };
  return {
    ...foundation,
    ids,
    linkIds,
    accept,
    callbacks,
    optInPages,
    verbs,
    metrics,
    simulator,
    readiness,
  };
}

/** Stores what came in over the sessions of one list for whichever list of the same account at the SMSC it is meant. */
async function takeArrival(
  { directory, onEvents }: { directory: Directory; onEvents: (events: CarrierEvents) => Promise<void> },
  { list, content, isSameAccount }: SmppArrival,
): Promise<void> {
  const known = new Set([...directory.lists(), ...directory.listsOf(list.accountId)]);
  const lists = [...known].filter(
    ({ id, type, credentials }) =>
      id === list.id || (type === 'smpp' && credentials !== null && isSameAccount(credentials)),
  );
  await Promise.all(pipeline.shareArrivals(content, lists).map(onEvents));
}

function openSimulator(
  building: DisposalStack,
  config: Config,
  deps: { clock: Clock; onEvents: (events: CarrierEvents) => Promise<void> },
): SimulatorCarrier {
  const store = building.use(openSimulatorStore(join(config.dataDir, 'simulator')));
  return building.use(createSimulatorCarrier({ store, ...deps }));
}

/** What is counted for a metric, at the most. */
const MOST_COUNTED = 100_000;

function readingsOf(
  pool: Pool,
  readers: { land: LogReader; apply: LogReader },
): Pick<Parameters<typeof createMetrics>[0], 'messagesByState' | 'logBacklog' | 'webhooksWaiting'> {
  return {
    async messagesByState() {
      const byState = new Map<string, number>();
      for (const { state, count } of await sumCounts(pool)) {
        byState.set(state < 0 ? 'accepted' : toMessageState(state), count);
      }
      return byState;
    },
    async logBacklog() {
      return { outbound: await readers.land.backlog(), events: await readers.apply.backlog() };
    },
    webhooksWaiting: () => countWaiting(pool, MOST_COUNTED),
  };
}

/** Counts what it lets through. */
function counted(accept: Accept, metrics: Pick<Metrics, 'onAccepted'>): Accept {
  return {
    async accept(source, simulated, items) {
      const numbers = await accept.accept(source, simulated, items);
      metrics.onAccepted(numbers.length);
      return numbers;
    },
    async acceptRows(source, simulated, rows) {
      const first = await accept.acceptRows(source, simulated, rows);
      metrics.onAccepted(rows.count);
      return first;
    },
    async acceptWithin(transaction, source, simulated, items) {
      const numbers = await accept.acceptWithin(transaction, source, simulated, items);
      metrics.onAccepted(numbers.length);
      return numbers;
    },
  };
}

interface WorkerDeps {
  readonly config: Config;
  readonly limits: Limits;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

async function startWorker(building: DisposalStack, deps: WorkerDeps): Promise<number> {
  const { config, limits, pool, clock, onError } = deps;
  const { shareLeaseMs = SHARE_LEASE_MS } = limits;
  const roles = [...config.roles].join(',');
  const workerId = await registerWorker(pool, { host: hostname(), pid: process.pid, roles, nowMs: clock() });
  const heartbeat = setInterval(() => {
    touchWorker(pool, workerId, clock()).catch(onError);
  }, shareLeaseMs / 2);
  building.defer(async () => {
    clearInterval(heartbeat);
    await forgetWorker(pool, workerId).catch(onError);
  });
  return workerId;
}

interface Shares {
  /** Lists that this process sends for. */
  readonly lists: (listId: number) => boolean;
  /** Partitions of the log that it lands, and that it applies. */
  readonly log: (partition: number) => boolean;
  readonly events: (partition: number) => boolean;
  /** Shares of the endpoints that it delivers to. */
  readonly webhooks: (share: number) => boolean;
}

/** Lists are shared out by their id modulo this. */
const LIST_PARTITIONS = 64;

/**
 * Several processes on one database share lists and partitions of the log by lease. The embedded database has one
 * process, whose lock on the data folder makes everything its own.
 */
async function shareWork(
  building: DisposalStack,
  {
    config,
    limits,
    pool,
    clock,
    onError,
    workerId,
    log,
  }: WorkerDeps & { readonly workerId: number; readonly log: Log },
): Promise<Shares> {
  if (config.databaseUrl === null) {
    return { lists: ownsEverything, log: ownsEverything, events: ownsEverything, webhooks: ownsEverything };
  }
  async function share(kind: string, role: Role, partitions: number): Promise<(partition: number) => boolean> {
    const sharing = { pool, kind, partitions, workerId, role, clock, onError, leaseMs: limits.shareLeaseMs };
    const leases = building.use(createPartitionLeases(sharing));
    if (config.roles.has(role)) await leases.start();
    return (partition) => leases.owns(partition);
  }
  // A log in a data folder of one process is read by that process alone.
  const isLocal = log.name === 'lmdb';
  const ofList = await share('lists', 'pipeline', LIST_PARTITIONS);
  return {
    lists: (listId) => ofList(listId % LIST_PARTITIONS),
    log: isLocal ? ownsEverything : await share('log outbound', 'api', log.partitions),
    events: isLocal ? ownsEverything : await share('log events', 'pipeline', log.partitions),
    webhooks: await share('webhooks', 'scheduler', webhooks.ENDPOINT_SHARES),
  };
}

function startReader(building: DisposalStack, reader: LogReader): void {
  building.use(reader);
  reader.start();
}

function startPipeline(
  building: DisposalStack,
  deps: Omit<Parameters<typeof pipeline.createPipeline>[0], 'random' | 'minQueueAgeMs' | 'pool'> & Foundation,
): Pipeline {
  const sending = pipeline.createPipeline({
    ...deps,
    pool: deps.hotPool,
    random: Math.random,
    minQueueAgeMs: deps.config.minQueueAgeMs,
    leaseMs: deps.limits.workLeaseMs,
  });
  building.defer(() => sending.stop());
  sending.start();
  return sending;
}

interface ScheduledDeps extends Foundation {
  readonly connections: Connections;
  readonly numbers: NumberBlocks;
  readonly ids: IdCodec;
  readonly messageEvents: messages.MessageEvents;
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  readonly wake: { lists: (listIds: ReadonlySet<number>) => void };
}

function dueWorks(deps: ScheduledDeps): DueWork[] {
  const { upkeepPool, hotPool, limits, clock, directory, connections } = deps;
  const settling = {
    ...deps,
    pool: hotPool,
    listOf: (listId: number) => directory.list(listId),
    connectionOf: (list: List) => connections.of(list),
    deduplicates: (list: List) => connections.carrierOf(list)?.deduplicatesOwnId ?? false,
    onRequeued: (listId: number) => deps.wake.lists(new Set([listId])),
  };
  return [
    { name: 'recover', everyMs: EVERY.second, run: async () => (await pipeline.recoverSubmissions(settling)) > 0 },
    { name: 'settle', everyMs: EVERY.second, run: async () => (await pipeline.settleDoubts(settling)) > 0 },
    { name: 'tally', everyMs: EVERY.second, run: () => addUpSends(hotPool) },
    {
      name: 'unlock',
      everyMs: EVERY.second,
      async run() {
        await endStuckCopies(upkeepPool, limits.shareLeaseMs ?? SHARE_LEASE_MS);
        return false;
      },
    },
    {
      name: 'purge',
      everyMs: EVERY.tenMinutes,
      async run() {
        const nowMs = clock();
        await purgeIdempotencyKeys(upkeepPool, nowMs);
        await purgeParkedReports(upkeepPool, nowMs - 72 * HOUR_MS);
        await purgeUnreadableCalls(upkeepPool, nowMs - 7 * DAY_MS);
        await pipeline.endParts({ pool: upkeepPool, onEvents: deps.onEvents }, nowMs - 72 * HOUR_MS);
        await purgeImpressions(upkeepPool, nowMs - 90 * DAY_MS);
        await purgeStrayTexts(upkeepPool, nowMs - 30 * DAY_MS);
        await purgeOptInRequests(upkeepPool, nowMs - 7 * DAY_MS);
        await purgeCarrierRefs(upkeepPool, nowMs - 33 * DAY_MS);
        await forgetWorkers(upkeepPool, nowMs - DAY_MS);
        await webhooks.keepWebhooks(upkeepPool, nowMs);
        await purgeJobs(upkeepPool, { endedBeforeMs: nowMs - 30 * DAY_MS, uploadedBeforeMs: nowMs - DAY_MS });
        return false;
      },
    },
  ];
}

/** A file is worked off in statements that may take their time, beside everything else. */
function startImports(
  building: DisposalStack,
  deps: Foundation & { readonly outbox: webhooks.Outbox; readonly onError: (error: unknown) => void },
): void {
  const pool = building.adopt(createPool(deps.connection, { name: 'imports', max: 2, ...BACKGROUND_LIMITS }), (it) =>
    it.end(),
  );
  building.use(contacts.createImportRunner({ ...deps, pool })).start();
}

function startScheduler(building: DisposalStack, works: DueWork[], onError: (error: unknown) => void): void {
  const scheduler = createScheduler(works, onError);
  building.defer(() => scheduler.stop());
  scheduler.start();
}

interface DeliveryDeps {
  readonly sender: webhooks.WebhookSender;
  readonly vault: secrets.Vault;
  readonly owns: (share: number) => boolean;
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
}

/** Look-ups by keys alone, as on the path of a message, but each endpoint's are a loop. */
const DELIVERY_OPTIONS = '-c enable_seqscan=off -c jit=off';

function startDelivery({ building, connection, clock }: Foundation, deps: DeliveryDeps): webhooks.WebhookDispatcher {
  const session = { ...connection, options: DELIVERY_OPTIONS };
  const pool = building.adopt(createPool(session, { name: 'webhooks', max: 3, ...BACKGROUND_LIMITS }), (it) =>
    it.end(),
  );
  const { metrics, ...others } = deps;
  const onRecorded = (outcome: string, count: number): void => metrics.onWebhookTries(outcome, count);
  const dispatcher = webhooks.createDispatcher({ ...others, pool, clock, random: Math.random, onRecorded });
  building.defer(() => dispatcher.stop());
  dispatcher.start();
  return dispatcher;
}

interface VerbDeps extends Foundation {
  readonly ids: IdCodec;
  readonly linkIds: IdCodec;
  readonly messageEvents: messages.MessageEvents;
  readonly landed: () => Promise<void>;
  readonly vault: secrets.Vault;
  readonly sender: webhooks.WebhookSender;
  readonly gate: Parameters<typeof pipeline.preflight>[0]['gate'];
  readonly outbox: webhooks.Outbox;
  readonly connections: Connections;
  readonly numbers: NumberBlocks;
  readonly accept: Accept;
}

function bindVerbs(deps: VerbDeps): HttpVerbs {
  const { pool, directory, clock, config } = deps;
  const reading = { ...deps, messageIds: deps.ids };
  const managing = { ...deps, listTypes: readCredentialFields(), secretKey: async () => deps.secretKey };
  const verifying: lists.VerifyListDeps = {
    ...deps,
    check: (list) => pipeline.probeCredentials(deps, list),
    sendTest: (list, to) => pipeline.probeSend(deps, list, to),
  };
  return {
    getMessage: (caller, input) => messages.getMessage(reading, caller, input),
    listMessages: (caller, input) => messages.listMessages(reading, caller, input),
    cancelMessage: (caller, input) => messages.cancelMessage(reading, caller, input),
    preflight: (caller, item) => pipeline.preflight(deps, caller, item),
    contacts: contacts.bindContactVerbs({ ...deps, lookup: simulatedLookup }),
    listReplies: (caller, query) => inbound.listReplies(reading, caller, query),
    takeOptIn: (caller, input) => optIns.takeOptIn(deps, caller, input),
    listConsents: (caller, input) => compliance.listConsents({ pool }, caller, input),
    listLists: (caller, query) => lists.listLists(deps, caller, query),
    getList: (caller, input) => lists.getList(deps, caller, input),
    addList: (caller, input) => lists.addList(managing, caller, input),
    changeList: (caller, input) => lists.changeList(managing, caller, input),
    deleteList: (caller, input) => lists.deleteList(managing, caller, input),
    verifyList: (caller, input) => lists.verifyList(verifying, caller, input),
    whoAmI: async (caller) => accounts.whoAmI(caller),
    setupStatus: async (caller) => accounts.getSetupStatus(deps, caller),
    getSettings: (caller) => accounts.getSettings({ pool }, caller),
    updateSettings: (caller, patch) => accounts.updateSettings({ pool, directory, clock }, caller, patch),
    webhooks: webhooks.createWebhookVerbs({ ...reading, fields: endpointFieldsOf(config) }),
    pauseKey: (caller) => accounts.pauseCallingKey({ pool, directory }, caller),
  };
}

function endpointFieldsOf(config: Config): ReturnType<typeof webhooks.createEndpointFields> {
  const addresses = webhooks.createAddressRules(config.webhookAllowedCidrs);
  return webhooks.createEndpointFields({ allowHttp: config.webhookAllowHttp, addresses });
}

async function listen(building: DisposalStack, config: Config, parts: Parts): Promise<string> {
  const { directory, limits, pool, clock, accept, callbacks, verbs, metrics, logger, linkIds } = parts;
  const app = createHttpServer({
    config,
    directory,
    accept,
    idCodec: parts.ids,
    pool,
    clock,
    cover: secrets.createAnswerCover(parts.secretKey),
    verbs,
    callbacks,
    optInPages: parts.optInPages,
    metricsText: () => metrics.text(),
    isReady: parts.readiness,
    limits,
    servesApi: config.roles.has('api'),
    reportError: (error, requestId) => logger.error({ err: error, requestId }, 'request failed'),
    addRoutes: (scope) => registerSimulatorRoutes(scope, simulatorDeps(parts)),
  });
  if (config.roles.has('redirector')) addRedirects(app, { pool, linkIds, directory });
  building.defer(() => closeServer(app));
  await app.listen({ host: config.host, port: config.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  return `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
}

function simulatorDeps({ config, simulator, clock, directory }: Parts): Parameters<typeof registerSimulatorRoutes>[1] {
  const simulatorLists = (): ReturnType<Directory['lists']> =>
    directory.lists().filter((list) => list.type === 'simulator');
  return {
    simulator,
    clock,
    isAllowedAddress: createAddressCheck(config.simulatorCidrs),
    enabled: () => config.simulator ?? (!config.production && simulatorLists().length === directory.lists().length),
    simulatorLists,
    hasAccount: (accountId) => isKnown(directory.account(accountId)),
  };
}

function isKnown(account: Account | undefined): boolean {
  return account !== undefined && account.status !== 'deleted';
}

/** Loopback, and the networks that the operator named. */
function createAddressCheck(cidrs: readonly string[]): (address: string) => boolean {
  const allowed = new BlockList();
  allowed.addSubnet('127.0.0.0', 8, 'ipv4');
  allowed.addAddress('::1', 'ipv6');
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/');
    allowed.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
    return allowed.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}
