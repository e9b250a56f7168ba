import type { Caller } from '../accounts/index.ts';
import { DAY_MS } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { Row } from '../lib/fields.ts';
import { offsetOf, parsePage, toPagination } from '../lib/page.ts';
import { createTimedId } from '../lib/timed-id.ts';
import type { Transaction } from '../store/transaction.ts';
import {
  countEndpoints,
  deleteEndpoint,
  insertEndpoint,
  listEndpoints,
  replaceSecret,
  updateEndpoint,
  type EndpointChange,
} from '../store/webhook-endpoint-store.ts';
import { secretPlace } from '../store/webhook-secret-store.ts';
import { createSecret } from './signature.ts';
import { change, checkFields, needEndpoint, parseHexId, type WebhookDeps, type WebhookInput } from './webhook-deps.ts';
import { toWebhookView, type WebhookPage, type WebhookView } from './webhook-view.ts';

const MAX_ENDPOINTS = 20;
const MAX_PER_PAGE = 100;
/** For so long requests are signed with the secret before, too. */
const OLD_SECRET_MS = DAY_MS;

/**
 * @returns the endpoint with its secret, which is shown this once
 * @throws AppError `missing_url`, `missing_events`, `invalid_<field>`, `too_many_webhooks`
 */
export async function createWebhook(
  deps: WebhookDeps,
  { account }: Caller,
  { body, transaction }: { body: Row; transaction: Transaction | null },
): Promise<WebhookView> {
  checkFields(deps, deps.fields.create, body);
  return await change(deps, transaction, async (transaction) => {
    if ((await countEndpoints(transaction, account.id)) >= MAX_ENDPOINTS) throw new AppError('too_many_webhooks');
    const id = createTimedId(deps.clock());
    const secret = secretOf(body);
    const row = await insertEndpoint(transaction, {
      id,
      accountId: account.id,
      url: body['url'] as string,
      events: eventsOf(body) ?? [],
      description: (body['description'] as string | undefined) ?? '',
      includeDrops: (body['include_drops'] as boolean | undefined) ?? true,
      secret: await deps.vault.seal(transaction, secret, secretPlace(id)),
      createdMs: deps.clock(),
    });
    return toWebhookView(row, secret);
  });
}

/** Newest first. @throws AppError `invalid_page`, `invalid_per_page` */
export async function listWebhooks(
  { pool }: WebhookDeps,
  { account }: Caller,
  query: Readonly<Record<string, string | undefined>>,
): Promise<WebhookPage> {
  const page = parsePage(query, MAX_PER_PAGE);
  const { endpoints, total } = await listEndpoints(pool, account.id, { limit: page.perPage, offset: offsetOf(page) });
  return { webhooks: endpoints.map((row) => toWebhookView(row)), pagination: toPagination(page, total) };
}

/** @throws AppError `not_found` */
export async function getWebhook({ pool }: WebhookDeps, caller: Caller, input: { id: string }): Promise<WebhookView> {
  return toWebhookView(await needEndpoint(pool, caller, parseHexId(input.id)));
}

/**
 * Changes what is given. Set active, what waited goes out.
 * @throws AppError `invalid_<field>`, `not_found`
 */
export async function updateWebhook(deps: WebhookDeps, { account }: Caller, input: WebhookInput): Promise<WebhookView> {
  const id = parseHexId(input.id);
  checkFields(deps, deps.fields.update, input.body);
  const row = await change(deps, input.transaction, (transaction) =>
    updateEndpoint(transaction, account.id, id, toChange(input.body)),
  );
  if (row === undefined) throw new AppError('not_found');
  return toWebhookView(row);
}

function toChange(body: Row): EndpointChange {
  const given: Record<string, unknown> = {
    url: body['url'],
    events: eventsOf(body),
    description: body['description'],
    includeDrops: body['include_drops'],
    status: body['status'],
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));
}

/** Waiting deliveries go with it. @throws AppError `not_found` */
export async function deleteWebhook(
  deps: WebhookDeps,
  { account }: Caller,
  input: { id: string },
): Promise<{ success: true; deleted: true }> {
  const id = parseHexId(input.id);
  const isDeleted = await change(deps, null, (transaction) => deleteEndpoint(transaction, account.id, id));
  if (!isDeleted) throw new AppError('not_found');
  return { success: true, deleted: true };
}

/**
 * For a day requests carry a signature by the secret before, too.
 * @returns the endpoint with its new secret, which is shown this once
 * @throws AppError `invalid_secret`, `not_found`
 */
export async function rotateWebhookSecret(
  deps: WebhookDeps,
  { account }: Caller,
  input: WebhookInput,
): Promise<WebhookView> {
  const id = parseHexId(input.id);
  checkFields(deps, deps.fields.rotate, input.body);
  const secret = secretOf(input.body);
  const row = await change(deps, input.transaction, async (transaction) => {
    const sealed = await deps.vault.seal(transaction, secret, secretPlace(id));
    const oldUntilMs = deps.clock() + OLD_SECRET_MS;
    return await replaceSecret(transaction, account.id, id, { secret: sealed, oldUntilMs });
  });
  if (row === undefined) throw new AppError('not_found');
  return toWebhookView(row, secret);
}

function secretOf(body: Row): string {
  const given = body['secret'];
  return typeof given === 'string' && given !== '' ? given : createSecret();
}

/** Each once. */
function eventsOf(body: Row): string[] | undefined {
  const events = body['events'];
  return Array.isArray(events) ? [...new Set(events as string[])] : undefined;
}
