import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { CarrierHealth } from './carrier-health.ts';

/** What the sending side counts. Called once a batch, with plain numbers: nothing here is paid a message. */
export interface PipelineMetrics {
  onStage(stage: string, elapsedMs: number): void;
  onGated(passed: number, refused: readonly { readonly outcome: { readonly reason: string } }[]): void;
  onAnswered(settled: readonly { readonly outcome: { readonly kind: string } }[]): void;
}

/** Read at each scrape. */
export interface Readings {
  /** Messages by state, over all lists. */
  messagesByState(): Promise<ReadonlyMap<string, number>>;
  logBacklog(): Promise<Readonly<Record<'outbound' | 'events', number>>>;
  /** What this process sees of the carriers of its lists. */
  readonly health: Pick<CarrierHealth, 'sending' | 'receipts'>;
  /** The type of a list, such as `twilio`. */
  readonly typeOf: (listId: number) => string;
  /** Deliveries to webhooks that wait for a try. */
  webhooksWaiting(): Promise<number>;
}

export interface Metrics extends PipelineMetrics {
  /** Once a group of answers in which the carrier of a list refused its credentials. */
  onCredentialsRefused(listId: number): void;
  /** Counted where requests are answered. */
  onAccepted(count: number): void;
  /** Tries to deliver to webhooks, by what came of them. */
  onWebhookTries(outcome: string, count: number): void;
  /** Prometheus text format. */
  text(): Promise<string>;
}

/** The metrics of one process. Counters are plain integers until somebody scrapes. */
export function createMetrics(readings: Readings): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let accepted = 0;
  const gated = new Map<string, number>();
  const answered = new Map<string, number>();
  const credentialsRefused = new Map<string, number>();
  const stageMs = new Map<string, number>();
  const webhookTries = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string, by: number): void => {
    counts.set(key, (counts.get(key) ?? 0) + by);
  };

  registerSum(
    registry,
    'trackly_accepted_messages_total',
    'Messages accepted by this process',
    () => new Map([['', accepted]]),
  );
  registerSum(registry, 'trackly_gated_messages_total', 'Messages by verdict of the gate', () => gated, 'verdict');
  registerSum(
    registry,
    'trackly_submitted_messages_total',
    'Messages by answer of the carrier',
    () => answered,
    'outcome',
  );
  registerSum(
    registry,
    'trackly_credentials_refused_total',
    'Groups of answers in which a carrier refused the credentials of a list',
    () => credentialsRefused,
    'list',
  );
  registerSum(
    registry,
    'trackly_stage_seconds_total',
    'Wall time of each stage of the sending side',
    () => toSeconds(stageMs),
    'stage',
  );
  registerSum(
    registry,
    'trackly_webhook_tries_total',
    'Tries to deliver to webhooks, by outcome',
    () => webhookTries,
    'outcome',
  );
  registerReadings(registry, readings);
  registerHealth(registry, readings);

  return {
    onAccepted(count) {
      accepted += count;
    },
    onCredentialsRefused: (listId) => add(credentialsRefused, String(listId), 1),
    onWebhookTries: (outcome, count) => add(webhookTries, outcome, count),
    onStage: (stage, elapsedMs) => add(stageMs, stage, elapsedMs),
    onGated(passed, refused) {
      add(gated, 'pass', passed);
      for (const { outcome } of refused) add(gated, outcome.reason, 1);
    },
    onAnswered(settled) {
      for (const { outcome } of settled) add(answered, outcome.kind, 1);
    },
    text: () => registry.metrics(),
  };
}

function toSeconds(stageMs: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...stageMs].map(([stage, ms]) => [stage, ms / 1_000]));
}

/** A counter whose values are set from our own sums when they are asked for. */
function registerSum(
  registry: Registry,
  name: string,
  help: string,
  sums: () => ReadonlyMap<string, number>,
  label?: string,
): void {
  registry.registerMetric(
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [],
      collect() {
        this.reset();
        for (const [value, sum] of sums()) {
          if (label === undefined) this.inc(sum);
          else this.inc({ [label]: value }, sum);
        }
      },
    }),
  );
}

function registerReadings(registry: Registry, readings: Readings): void {
  registerReading(registry, 'trackly_messages', 'Messages that reached the gate, by state', 'state', () =>
    readings.messagesByState(),
  );
  registerReading(
    registry,
    'trackly_log_entries',
    'Entries of the log that are durable and not in the database yet',
    'topic',
    async () => new Map(Object.entries(await readings.logBacklog())),
  );
  registerReading(
    registry,
    'trackly_webhook_deliveries',
    'Deliveries to webhooks that wait for a try; counted up to 100,000',
    'state',
    async () => new Map([['pending', await readings.webhooksWaiting()]]),
  );
}

const HEALTH_LABELS = ['list', 'carrier'] as const;

function registerHealth(registry: Registry, { health, typeOf }: Readings): void {
  const labels = (listId: number): { list: number; carrier: string } => ({ list: listId, carrier: typeOf(listId) });
  registry.registerMetric(
    new Gauge({
      name: 'trackly_carrier_up',
      help: 'Whether messages of the list get through to its carrier; 0 after 5 failed connections in a row, or without a session',
      labelNames: HEALTH_LABELS,
      registers: [],
      collect() {
        this.reset();
        for (const [listId, { state }] of health.sending()) this.set(labels(listId), state === 'down' ? 0 : 1);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'trackly_carrier_in_flight_messages',
      help: 'Messages that are submitted and not answered',
      labelNames: HEALTH_LABELS,
      registers: [],
      collect() {
        this.reset();
        for (const [listId, { inFlight }] of health.sending()) this.set(labels(listId), inFlight);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'trackly_carrier_sessions',
      help: 'Sessions of the list at its SMSC, and those that it asks for and are missing',
      labelNames: [...HEALTH_LABELS, 'state'],
      registers: [],
      collect() {
        this.reset();
        for (const [listId, { sessions }] of health.sending()) {
          if (sessions === null) continue;
          this.set({ ...labels(listId), state: 'bound' }, sessions.bound);
          this.set({ ...labels(listId), state: 'missing' }, sessions.wanted - sessions.bound);
        }
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'trackly_carrier_receipts_total',
      help: 'Receipts by whether they found their message when they came',
      labelNames: [...HEALTH_LABELS, 'matched'],
      registers: [],
      collect() {
        this.reset();
        for (const [listId, { matched, total }] of health.receipts()) {
          this.inc({ ...labels(listId), matched: 'yes' }, matched);
          this.inc({ ...labels(listId), matched: 'no' }, total - matched);
        }
      },
    }),
  );
}

/** A gauge that is read when it is asked for. It has no values while the database is away; the other metrics stay. */
function registerReading(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => Promise<ReadonlyMap<string, number>>,
): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [],
      async collect() {
        const values = await read().catch(() => new Map<string, number>());
        this.reset();
        for (const [value, count] of values) this.set({ [label]: value }, count);
      },
    }),
  );
}
