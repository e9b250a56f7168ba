import type { List } from '../accounts/index.ts';
import type { CarrierEvents } from '../carriers/carrier.ts';
import * as contacts from '../contacts/index.ts';
import { purgeIdempotencyKeys } from '../http/idempotency.ts';
import { DAY_MS, HOUR_MS } from '../lib/clock.ts';
import type { DisposalStack } from '../lib/disposal-stack.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type * as messages from '../messages/index.ts';
import type { Metrics } from '../observe/metrics.ts';
import * as phone from '../phone/index.ts';
import * as pipeline from '../pipeline/index.ts';
import type { Connections } from '../pipeline/index.ts';
import { EVERY, createScheduler, type DueWork } from '../scheduler/scheduler.ts';
import type * as secrets from '../secrets/index.ts';
import { addUpSends } from '../store/contact-activity-store.ts';
import { purgeImpressions } from '../store/impression-store.ts';
import { purgeJobs } from '../store/job-store.ts';
import type { NumberBlocks } from '../store/number-blocks.ts';
import { purgeOptInRequests } from '../store/opt-in-request-store.ts';
import { purgeOtps } from '../store/otp-store.ts';
import { SHARE_LEASE_MS } from '../store/partition-leases.ts';
import { createPool } from '../store/pool.ts';
import { purgeCarrierRefs, purgeParkedReports } from '../store/purge-store.ts';
import { purgeStrayTexts } from '../store/stray-text-store.ts';
import { endStuckCopies } from '../store/stuck-session-store.ts';
import { purgeUnreadableCalls } from '../store/unreadable-call-store.ts';
import { forgetWorkers } from '../store/worker-store.ts';
import * as webhooks from '../webhooks/index.ts';
import { BACKGROUND_LIMITS } from './database.ts';
import type { Foundation } from './foundation.ts';

interface ScheduledDeps extends Foundation {
  readonly connections: Connections;
  readonly numbers: NumberBlocks;
  readonly ids: IdCodec;
  readonly messageEvents: messages.MessageEvents;
  readonly contactEffects: pipeline.ContactEffects;
  readonly onEvents: (events: CarrierEvents) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly wake: { lists: (listIds: ReadonlySet<number>) => void };
}

export function dueWorks(deps: ScheduledDeps): DueWork[] {
  const { upkeepPool, hotPool, limits, clock, directory, connections } = deps;
  const phoneDataVersion = phone.phoneDataVersion();
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
    { name: 'phone facts', everyMs: EVERY.day, run: () => phone.renewFacts(upkeepPool, phoneDataVersion) },
    {
      name: 'webhooks',
      everyMs: EVERY.tenMinutes,
      async run() {
        await webhooks.keepWebhooks(upkeepPool, clock());
        return false;
      },
    },
    {
      name: 'do not call',
      everyMs: EVERY.day,
      async run() {
        await phone.readDoNotCall({ pool: upkeepPool, clock, files: deps.config.dncFiles, onError: deps.onError });
        return false;
      },
    },
    {
      // No message waits longer than a day, and no code can be used longer than an hour.
      name: 'codes',
      everyMs: EVERY.tenMinutes,
      run: async () => (await purgeOtps(upkeepPool, clock() - 25 * HOUR_MS)) > 0,
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
        await purgeJobs(upkeepPool, { endedBeforeMs: nowMs - 30 * DAY_MS, uploadedBeforeMs: nowMs - DAY_MS });
        return false;
      },
    },
  ];
}

/** A file is worked off in statements that may take their time, beside everything else. */
export function startImports(
  building: DisposalStack,
  deps: Foundation & { readonly outbox: webhooks.Outbox; readonly onError: (error: unknown) => void },
): void {
  const pool = building.adopt(createPool(deps.connection, { name: 'imports', max: 2, ...BACKGROUND_LIMITS }), (it) =>
    it.end(),
  );
  building.use(contacts.createImportRunner({ ...deps, pool })).start();
}

export function startScheduler(building: DisposalStack, works: DueWork[], onError: (error: unknown) => void): void {
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

export function startDelivery(
  { building, connection, clock }: Foundation,
  deps: DeliveryDeps,
): webhooks.WebhookDispatcher {
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
