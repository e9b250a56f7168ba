import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  rotateWebhookSecret,
  updateWebhook,
} from './manage-webhooks.ts';
import type { WebhookDeps } from './webhook-deps.ts';
import { listDeliveries, replayDelivery, testWebhook } from './webhook-deliveries.ts';

type Bound<Verb> = Verb extends (deps: WebhookDeps, ...others: infer Others) => infer Result
  ? (...others: Others) => Result
  : never;

/** All verbs about webhooks, bound to what they need. */
export interface WebhookVerbs {
  readonly create: Bound<typeof createWebhook>;
  readonly list: Bound<typeof listWebhooks>;
  readonly get: Bound<typeof getWebhook>;
  readonly update: Bound<typeof updateWebhook>;
  readonly delete: Bound<typeof deleteWebhook>;
  readonly rotateSecret: Bound<typeof rotateWebhookSecret>;
  readonly test: Bound<typeof testWebhook>;
  readonly listDeliveries: Bound<typeof listDeliveries>;
  readonly replay: Bound<typeof replayDelivery>;
}

export function createWebhookVerbs(deps: WebhookDeps): WebhookVerbs {
  return {
    create: (...args) => createWebhook(deps, ...args),
    list: (...args) => listWebhooks(deps, ...args),
    get: (...args) => getWebhook(deps, ...args),
    update: (...args) => updateWebhook(deps, ...args),
    delete: (...args) => deleteWebhook(deps, ...args),
    rotateSecret: (...args) => rotateWebhookSecret(deps, ...args),
    test: (...args) => testWebhook(deps, ...args),
    listDeliveries: (...args) => listDeliveries(deps, ...args),
    replay: (...args) => replayDelivery(deps, ...args),
  };
}
