import type { ApiRoute } from './api-route.ts';
import type { HttpDeps } from './http-deps.ts';
import { sendBulkV1MessagesRoute } from './routes/v1/send-bulk-messages.ts';
import { sendV1MessageRoute } from './routes/v1/send-message.ts';
import { v1ContactRoutes } from './routes/v1/contact-routes.ts';
import { blockRoutes } from './routes/v2/block-routes.ts';
import { cancelMessageRoute } from './routes/v2/cancel-message.ts';
import { contactRoutes } from './routes/v2/contact-routes.ts';
import { getListRoute } from './routes/v2/get-list.ts';
import { getMessageRoute } from './routes/v2/get-message.ts';
import { getSettingsRoute } from './routes/v2/get-settings.ts';
import { getSetupStatusRoute } from './routes/v2/get-setup-status.ts';
import { importRoutes } from './routes/v2/import-routes.ts';
import { listRepliesRoute } from './routes/v2/list-replies.ts';
import { takeOptInRoute } from './routes/v2/take-opt-in.ts';
import { listConsentsRoute } from './routes/v2/list-consents.ts';
import { listListsRoute } from './routes/v2/list-lists.ts';
import { listWriteRoutes } from './routes/v2/list-write-routes.ts';
import { listMessagesRoute } from './routes/v2/list-messages.ts';
import { otpRoutes } from './routes/v2/otp-routes.ts';
import { pauseKeyRoute } from './routes/v2/pause-key.ts';
import { phoneRoutes } from './routes/v2/phone-routes.ts';
import { preflightMessageRoute } from './routes/v2/preflight-message.ts';
import { sendBulkRoutes } from './routes/v2/send-bulk.ts';
import { sendMessageRoutes } from './routes/v2/send-message.ts';
import { updateSettingsRoute } from './routes/v2/update-settings.ts';
import { webhookDeliveryRoutes } from './routes/v2/webhook-deliveries.ts';
import { webhookRoutes } from './routes/v2/webhooks.ts';
import { whoAmIRoute } from './routes/v2/who-am-i.ts';

/** Every endpoint of the API, in the order of the reference page. */
export function apiRoutes(deps: HttpDeps): readonly ApiRoute[] {
  return [
    ...sendMessageRoutes(deps),
    ...sendBulkRoutes(deps),
    preflightMessageRoute(deps),
    listMessagesRoute(deps),
    getMessageRoute(deps),
    cancelMessageRoute(deps),
    ...contactRoutes(deps),
    ...importRoutes(deps),
    ...blockRoutes(deps),
    ...phoneRoutes(deps),
    ...otpRoutes(deps),
    listConsentsRoute(deps),
    takeOptInRoute(deps),
    listRepliesRoute(deps),
    listListsRoute(deps),
    getListRoute(deps),
    ...listWriteRoutes(deps),
    ...webhookRoutes(deps),
    ...webhookDeliveryRoutes(deps),
    whoAmIRoute(deps),
    getSetupStatusRoute(deps),
    getSettingsRoute(deps),
    updateSettingsRoute(deps),
    pauseKeyRoute(deps),
    sendV1MessageRoute(deps),
    sendBulkV1MessagesRoute(deps),
    ...v1ContactRoutes(deps),
  ];
}
