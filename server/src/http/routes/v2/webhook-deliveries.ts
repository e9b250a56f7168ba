import { Type } from 'typebox';
import { toObjectSchema } from '../../../lib/fields.ts';
import {
  deliveryPageSchema,
  deliveryQueryFields,
  endpointFieldDocs,
  replayedDeliverySchema,
  testedWebhookSchema,
} from '../../../webhooks/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { deliveryParams, webhookParams } from '../../path-params.ts';

const PATH = '/api/v2/webhooks/:id';

/** What went to a webhook, a try by hand, and once more. */
export function webhookDeliveryRoutes({ verbs }: Pick<HttpDeps, 'verbs'>): readonly ApiRoute[] {
  return [
    {
      method: 'POST',
      path: `${PATH}/test`,
      status: 200,
      body: 'optional',
      effect: 'repeatable',
      docs: {
        operationId: 'testWebhook',
        tag: 'Webhooks',
        summary: 'Send a sample event, once',
        description: 'Works on paused webhooks. The sample has `"test": true`.',
        params: webhookParams,
        body: toObjectSchema(endpointFieldDocs.test),
        response: testedWebhookSchema,
        errors: ['invalid_event', 'not_found'],
      },
      handle: ({ caller, params, body }) => verbs.webhooks.test(caller, { id: params['id'] ?? '', body }),
    },
    {
      method: 'GET',
      path: `${PATH}/deliveries`,
      status: 200,
      body: 'none',
      docs: {
        operationId: 'listWebhookDeliveries',
        tag: 'Webhooks',
        summary: 'List what went to a webhook in the last 30 days, newest first',
        params: webhookParams,
        query: Type.Partial(Type.Object(deliveryQueryFields)),
        response: deliveryPageSchema,
        errors: [
          'invalid_limit',
          'invalid_cursor',
          'invalid_state',
          'invalid_event',
          'invalid_message_id',
          'not_found',
        ],
      },
      handle: ({ caller, params, query }) => verbs.webhooks.listDeliveries(caller, { id: params['id'] ?? '', query }),
    },
    {
      method: 'POST',
      path: `${PATH}/deliveries/:delivery_id/replay`,
      status: 201,
      body: 'optional',
      effect: 'transaction',
      docs: {
        operationId: 'replayWebhookDelivery',
        tag: 'Webhooks',
        summary: 'Deliver an event once more',
        description: 'A new delivery with the same `webhook-id` and the same body.',
        params: deliveryParams,
        body: Type.Object({}),
        response: replayedDeliverySchema,
        errors: ['not_found'],
      },
      handle: ({ caller, params, transaction }) =>
        verbs.webhooks.replay(caller, {
          id: params['id'] ?? '',
          deliveryId: params['delivery_id'] ?? '',
          transaction,
        }),
    },
  ];
}
