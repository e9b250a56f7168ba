import type { Caller, Directory } from '../accounts/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { findFieldError, type FieldTable, type Row } from '../lib/fields.ts';
import type { IdCodec } from '../lib/public-id.ts';
import type { Vault } from '../secrets/index.ts';
import type { Pool } from '../store/pool.ts';
import { type Transaction, withTransaction } from '../store/transaction.ts';
import { findEndpoint, type EndpointRow } from '../store/webhook-endpoint-store.ts';
import type { Queryable } from '../store/queryable.ts';
import type { EndpointFields } from './endpoint-fields.ts';
import type { WebhookSender } from './webhook-sender.ts';

/** What verbs about webhooks need. */
export interface WebhookDeps {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'refresh'>;
  readonly clock: Clock;
  readonly vault: Vault;
  readonly fields: EndpointFields;
  readonly sender: WebhookSender;
  readonly messageIds: Pick<IdCodec, 'decode'>;
}

/** Names one endpoint, and says what about it. */
export interface WebhookInput {
  readonly id: string;
  readonly body: Row;
  /** Where the effect belongs; null: into one of its own. */
  readonly transaction: Transaction | null;
}

/** The id in its one spelling. @throws AppError `not_found` for what can be no id */
export function parseHexId(id: string): string {
  if (!/^[0-9a-f]{24}$/i.test(id)) throw new AppError('not_found');
  return id.toLowerCase();
}

/** @throws AppError the code of the first field that is wrong, with what is wrong with it */
export function checkFields({ clock }: Pick<WebhookDeps, 'clock'>, fields: FieldTable, body: Row): void {
  const error = findFieldError(fields, body, clock());
  if (error === undefined) return;
  const field = fields.all.find(({ invalid }) => invalid === error);
  const message = field?.explain?.(body[field.name]);
  throw new AppError(error, message === undefined ? {} : { message });
}

/** @throws AppError `not_found` */
export async function needEndpoint(db: Queryable, { account }: Caller, id: string): Promise<EndpointRow> {
  const endpoint = await findEndpoint(db, account.id, id);
  if (endpoint === undefined) throw new AppError('not_found');
  return endpoint;
}

/** In the request's transaction where it has one. Other parts of this process know of the change when it resolves. */
export async function change<T>(
  { pool, directory }: Pick<WebhookDeps, 'pool' | 'directory'>,
  transaction: Transaction | null,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  if (transaction !== null) return await work(transaction);
  const result = await withTransaction(pool, work);
  await directory.refresh();
  return result;
}
