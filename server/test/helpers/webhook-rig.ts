import { createVault } from '../../src/secrets/index.ts';
import { withTransaction } from '../../src/store/transaction.ts';
import {
  createAddressRules,
  createDispatcher,
  createEndpointFields,
  createWebhookSender,
  createWebhookVerbs,
  type WebhookDispatcher,
  type WebhookEvent,
  type WebhookVerbs,
} from '../../src/webhooks/index.ts';
import { createInstallation, START_MS, type Installation } from './message-fixture.ts';

const ALLOWED = ['127.0.0.0/8'];

/** Webhooks on a database of their own, with receivers on loopback and a clock that the test moves. */
export interface WebhookRig extends AsyncDisposable {
  readonly installation: Installation;
  readonly verbs: WebhookVerbs;
  readonly errors: unknown[];
  /** A dispatcher that is started; the test or the end of the rig stops it. */
  startDelivering(options?: { timeoutMs?: number }): WebhookDispatcher;
  /** An endpoint of the demo account with its secret. */
  add(url: string, body?: Readonly<Record<string, unknown>>): Promise<{ id: string; secret: string }>;
  emit(...events: WebhookEvent[]): Promise<void>;
}

export async function createWebhookRig(): Promise<WebhookRig> {
  const installation = await createInstallation();
  const { pool, caller, deps } = installation;
  const vault = createVault({ pool, secretKey: await deps.secretKey() });
  const sender = createWebhookSender({ allowedCidrs: ALLOWED, timeoutMs: 2_000 });
  const addresses = createAddressRules(ALLOWED);
  const fields = createEndpointFields({ allowHttp: true, addresses });
  const verbs = createWebhookVerbs({ ...deps, vault, sender, fields });
  const errors: unknown[] = [];
  const started: { stop(): Promise<void> }[] = [];
  return {
    installation,
    verbs,
    errors,
    startDelivering({ timeoutMs = 2_000 } = {}) {
      const ownSender = createWebhookSender({ allowedCidrs: ALLOWED, timeoutMs });
      const dispatcher = createDispatcher({
        pool,
        vault,
        sender: ownSender,
        clock: deps.clock,
        random: () => 0.5,
        owns: () => true,
        onError: (error) => void errors.push(error),
      });
      dispatcher.start();
      started.push({
        async stop() {
          await dispatcher.stop();
          await ownSender[Symbol.asyncDispose]();
        },
      });
      return dispatcher;
    },
    async add(url, body = {}) {
      const made = await verbs.create(caller, { body: { url, events: ['*'], ...body }, transaction: null });
      return { id: made.id, secret: made.secret };
    },
    emit: (...events) =>
      withTransaction(pool, (transaction) => deps.outbox.emit(transaction, caller.account.id, events)),
    async [Symbol.asyncDispose]() {
      for (const one of started) await one.stop();
      await sender[Symbol.asyncDispose]();
      await installation[Symbol.asyncDispose]();
    },
  };
}

/** An event like any other, told apart by its word. */
export function unsubscribed(keyword = 'STOP'): WebhookEvent {
  const listNumber = '+18445550111';
  return { event: 'unsubscribe', phone: 13_125_550_142, listNumber, keyword, reason: 'message', atMs: START_MS };
}
