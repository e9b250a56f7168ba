import type { Client } from 'pg';
import { createSandboxConnection } from '../carriers/sandbox/sandbox-connection.ts';
import type { SimulatorCarrier } from '../carriers/simulator/simulator-carrier.ts';
import type { HttpVerbs } from '../http/http-deps.ts';
import { SECOND_MS } from '../lib/clock.ts';
import type { DisposalStack } from '../lib/disposal-stack.ts';
import { createIdCodec, type IdCodec } from '../lib/public-id.ts';
import * as messages from '../messages/index.ts';
import { createCarrierHealth } from '../observe/carrier-health.ts';
import { createComplaintsAlert } from '../observe/complaints-alert.ts';
import { createCredentialsAlert } from '../observe/credentials-alert.ts';
import { createErrorReporter } from '../observe/error-reporter.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import * as optIns from '../opt-ins/index.ts';
import * as pipeline from '../pipeline/index.ts';
import type { Accept, CallbackReceiver, Pipeline } from '../pipeline/index.ts';
import type { LogReader } from '../pipeline/log-reader.ts';
import * as secrets from '../secrets/index.ts';
import { openDueSignal, tellDue } from '../store/due-signal.ts';
import { openNumberBlocks } from '../store/number-blocks.ts';
import { createPool } from '../store/pool.ts';
import * as webhooks from '../webhooks/index.ts';
import { bindVerbs } from './bind-verbs.ts';
import { BACKGROUND_LIMITS, connectListener } from './database.ts';
import type { Foundation } from './foundation.ts';
import { openCarriers } from './open-carriers.ts';
import { openWithdrawals } from './open-withdrawals.ts';
import { counted, readingsOf } from './readings.ts';
import { dueWorks, startDelivery, startImports, startScheduler } from './scheduled-work.ts';
import { shareWork, startWorker } from './share-work.ts';

const LANDED_TIMEOUT_MS = 2 * SECOND_MS;

/** Beyond this `/readyz` says that the database is away. */
const READY_STALE_MS = 5 * SECOND_MS;

/** What the HTTP server stands on. */
export interface Parts extends Foundation {
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

/** Builds what the roles of this process need, and starts it. */
export async function buildParts(foundation: Foundation): Promise<Parts> {
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
  const { withdrawals, withdraw, withdrawSoon, announce, isDeaf } = await openWithdrawals(foundation, workerId);
  const onEvents = pipeline.createTakeEvents({ log, directory, withdrawals, announce, clock });
  const health = createCarrierHealth(clock);
  const { simulator, connections, callbacks } = openCarriers({ ...foundation, health, onEvents, onError });
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
  const onComplaints = createComplaintsAlert(logger);
  const contactEffects = pipeline.createContactEffects({ directory, outbox, withdraw: withdrawSoon, onComplaints });
  const apply = pipeline.createApplyStage({
    pool: hotPool,
    log,
    ids,
    messageEvents,
    contactEffects,
    clock,
    directory,
    accept,
    outbox,
    withdraw: withdrawSoon,
    answersOf: (list) => connections.carrierOf(list) ?? {},
    owns: shares.events,
    onError,
    onReceipts: (listId, matched, total) => health.onReceipts(listId, matched, total),
    onTimed: (elapsedMs) => metrics.onStage('apply', elapsedMs),
  });
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
      contactEffects,
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
      owns: (listId) => !isDeaf() && shares.lists(listId),
    });
    building.use(pipeline.startOpenKeeper({ directory, connections, owns: shares.lists, onError }));
    wake.lists = (listIds) => sending.dispatcher.wake(listIds);
    const connect = (): Promise<Client> => connectListener(foundation.connection);
    building.use(openDueSignal({ connect, onDue: (listIds) => sending.dispatcher.wake(listIds) }));
  } else {
    wake.lists = (listIds) => void tellDue(hotPool, listIds).catch(onError);
  }
  if (config.roles.has('scheduler')) {
    const settling = { connections, numbers, ids, messageEvents, contactEffects, onEvents, onError, wake };
    const works = dueWorks({ ...foundation, ...settling });
    startScheduler(building, works, onError);
    const dispatcher = startDelivery(foundation, { sender, vault, owns: shares.webhooks, metrics, onError });
    delivery.hint = (accountId) => dispatcher.hint(accountId);
    startImports(building, { ...foundation, outbox, onError });
  }
  const landed = (): Promise<void> => land.caughtUp(LANDED_TIMEOUT_MS);
  const previewGate = pipeline.createGate({ pool, directory, links, linkIds });
  const writing = { ...foundation, ids, linkIds, outbox, withdraw, connections, numbers, accept };
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
