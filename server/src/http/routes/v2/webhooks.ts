import { Type } from 'typebox';
import { toObjectSchema } from '../../../lib/fields.ts';
import { deletedWebhookSchema, endpointFieldDocs, webhookPageSchema, webhookSchema } from '../../../webhooks/index.ts';
import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { webhookParams } from '../../path-params.ts';

const PATH = '/api/v2/webhooks';

/** Endpoints that events are posted to: `/api/v2/webhooks` and `/api/v2/webhooks/{id}`. */
export function webhookRoutes({ verbs }: Pick<HttpDeps, 'verbs'>): readonly ApiRoute[] {
  return [
    {
      method: 'POST',
      path: PATH,
      status: 201,
      body: 'required',
      effect: 'transaction',
      answerIsSecret: true,
      docs: {
        operationId: 'createWebhook',
        tag: 'Webhooks',
        summary: 'Have events posted to an address',
        description: 'The secret that requests are signed with is shown in this answer only.',
        body: toObjectSchema(endpointFieldDocs.create),
        bodyExample: { url: 'https://hooks.example.net/sms', events: ['delivery', 'unsubscribe'] },
        response: webhookSchema,
        errors: [
          'missing_url',
          'missing_events',
          'invalid_url',
          'invalid_events',
          'invalid_description',
          'invalid_secret',
          'invalid_include_drops',
          'too_many_webhooks',
        ],
      },
      handle: ({ caller, body, transaction }) => verbs.webhooks.create(caller, { body, transaction }),
    },
    {
      method: 'GET',
      path: PATH,
      status: 200,
      body: 'none',
      docs: {
        operationId: 'listWebhooks',
        tag: 'Webhooks',
        summary: 'List webhooks, newest first',
        query: Type.Partial(
          Type.Object({
            page: Type.String({ description: 'From 1' }),
            per_page: Type.String({ description: '1 to 100, default 50; more counts as 100' }),
          }),
        ),
        response: webhookPageSchema,
        errors: ['invalid_page', 'invalid_per_page'],
      },
      handle: ({ caller, query }) => verbs.webhooks.list(caller, query),
    },
    {
      method: 'GET',
      path: `${PATH}/:id`,
      status: 200,
      body: 'none',
      docs: {
        operationId: 'getWebhook',
        tag: 'Webhooks',
        summary: 'Read a webhook',
        params: webhookParams,
        response: webhookSchema,
        errors: ['not_found'],
      },
      handle: ({ caller, params }) => verbs.webhooks.get(caller, { id: params['id'] ?? '' }),
    },
    {
      method: 'PUT',
      path: `${PATH}/:id`,
      status: 200,
      body: 'required',
      docs: {
        operationId: 'updateWebhook',
        tag: 'Webhooks',
        summary: 'Change, pause or resume a webhook',
        description: 'Only what is named is changed. What waited while it was paused goes out when it is active again.',
        params: webhookParams,
        body: toObjectSchema(endpointFieldDocs.update),
        bodyExample: { status: 'paused' },
        response: webhookSchema,
        errors: [
          'invalid_url',
          'invalid_events',
          'invalid_description',
          'invalid_include_drops',
          'invalid_status',
          'not_found',
        ],
      },
      handle: ({ caller, params, body, transaction }) =>
        verbs.webhooks.update(caller, { id: params['id'] ?? '', body, transaction }),
    },
    {
      method: 'DELETE',
      path: `${PATH}/:id`,
      status: 200,
      body: 'none',
      docs: {
        operationId: 'deleteWebhook',
        tag: 'Webhooks',
        summary: 'Delete a webhook with all that waits for it',
        params: webhookParams,
        response: deletedWebhookSchema,
        errors: ['not_found'],
      },
      handle: ({ caller, params }) => verbs.webhooks.delete(caller, { id: params['id'] ?? '' }),
    },
    {
      method: 'POST',
      path: `${PATH}/:id/rotate-secret`,
      status: 200,
      body: 'optional',
      effect: 'transaction',
      answerIsSecret: true,
      docs: {
        operationId: 'rotateWebhookSecret',
        tag: 'Webhooks',
        summary: 'Give a webhook a new secret',
        description:
          'For 24 hours `webhook-signature` has a signature by each of the two secrets, `X-Trackly-Signature` one by the new.',
        params: webhookParams,
        body: toObjectSchema(endpointFieldDocs.rotate),
        response: webhookSchema,
        errors: ['invalid_secret', 'not_found'],
      },
      handle: ({ caller, params, body, transaction }) =>
        verbs.webhooks.rotateSecret(caller, { id: params['id'] ?? '', body, transaction }),
    },
  ];
}
