import type { Queryable } from './queryable.ts';
import type { Transaction } from './transaction.ts';

/** Where an account wants to be told of events. */
export interface EndpointRow {
  readonly id: string;
  readonly accountId: string;
  readonly url: string;
  /** Names, or `*` alone. */
  readonly events: readonly string[];
  readonly description: string;
  readonly includeDrops: boolean;
  readonly status: 'active' | 'paused' | 'disabled';
  readonly statusReason: string | null;
  /** Sealed. */
  readonly secret: string;
  readonly oldSecret: string | null;
  readonly oldSecretUntilMs: number | null;
  readonly lastSuccessMs: number | null;
  readonly lastFailureMs: number | null;
  readonly createdMs: number;
}

const COLUMNS = `id, account_id as "accountId", url, events, description, include_drops as "includeDrops", status,
  status_reason as "statusReason", secret, old_secret as "oldSecret", old_secret_until_ms as "oldSecretUntilMs",
  last_success_ms as "lastSuccessMs", last_failure_ms as "lastFailureMs", created_ms as "createdMs"`;

/** Holds off others that count the endpoints of the account until the transaction ends. */
export async function countEndpoints(transaction: Transaction, accountId: string): Promise<number> {
  await transaction.query({
    name: 'account.hold_for_endpoints',
    text: 'select 1 from account where id = $1 for no key update',
    values: [accountId],
  });
  const { rows } = await transaction.query<{ count: number }>({
    name: 'webhook_endpoint.count',
    text: 'select count(*) as count from webhook_endpoint where account_id = $1',
    values: [accountId],
  });
  return Number(rows[0]?.count);
}

export type NewEndpoint = Pick<
  EndpointRow,
  'id' | 'accountId' | 'url' | 'events' | 'description' | 'includeDrops' | 'secret' | 'createdMs'
>;

export async function insertEndpoint(transaction: Transaction, endpoint: NewEndpoint): Promise<EndpointRow> {
  const { rows } = await transaction.query<EndpointRow>({
    name: 'webhook_endpoint.insert',
    text: `
      insert into webhook_endpoint (id, account_id, url, events, description, include_drops, secret, created_ms)
      values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${COLUMNS}`,
    values: [
      endpoint.id,
      endpoint.accountId,
      endpoint.url,
      endpoint.events,
      endpoint.description,
      endpoint.includeDrops,
      endpoint.secret,
      endpoint.createdMs,
    ],
  });
  return rows[0] as EndpointRow;
}

export async function findEndpoint(db: Queryable, accountId: string, id: string): Promise<EndpointRow | undefined> {
  const { rows } = await db.query<EndpointRow>({
    name: 'webhook_endpoint.find',
    text: `select ${COLUMNS} from webhook_endpoint where id = $2 and account_id = $1`,
    values: [accountId, id],
  });
  return rows[0];
}

/** Newest first. */
export async function listEndpoints(
  db: Queryable,
  accountId: string,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ endpoints: EndpointRow[]; total: number }> {
  const { rows } = await db.query<EndpointRow>({
    name: 'webhook_endpoint.list',
    text: `
      select ${COLUMNS} from webhook_endpoint where account_id = $1
      order by created_ms desc, id desc limit $2 offset $3`,
    values: [accountId, page.limit, page.offset],
  });
  const { rows: counts } = await db.query<{ count: number }>({
    name: 'webhook_endpoint.count',
    text: 'select count(*) as count from webhook_endpoint where account_id = $1',
    values: [accountId],
  });
  return { endpoints: rows, total: Number(counts[0]?.count) };
}

export type EndpointChange = Partial<
  Pick<EndpointRow, 'url' | 'description' | 'includeDrops'> & { events: readonly string[]; status: 'active' | 'paused' }
>;

/** Changes what is given. One that is set active counts its failures anew. */
export async function updateEndpoint(
  db: Queryable,
  accountId: string,
  id: string,
  change: EndpointChange,
): Promise<EndpointRow | undefined> {
  const { rows } = await db.query<EndpointRow>({
    name: 'webhook_endpoint.update',
    text: `
      update webhook_endpoint
      set url = coalesce($3, url), events = coalesce($4, events), description = coalesce($5, description),
        include_drops = coalesce($6, include_drops), status = coalesce($7, status),
        status_reason = case when $7::text is null then status_reason end,
        failing_since_ms = case when $7::text = 'active' then null else failing_since_ms end
      where id = $2 and account_id = $1 returning ${COLUMNS}`,
    values: [
      accountId,
      id,
      change.url ?? null,
      change.events ?? null,
      change.description ?? null,
      change.includeDrops ?? null,
      change.status ?? null,
    ],
  });
  return rows[0];
}

/** Its deliveries are removed by the purge, and none of them goes out any more. */
export async function deleteEndpoint(db: Queryable, accountId: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'webhook_endpoint.delete',
    text: 'delete from webhook_endpoint where id = $2 and account_id = $1',
    values: [accountId, id],
  });
  return rowCount === 1;
}

/** Puts a new secret in; the one that was there stays good beside it until `oldUntilMs`. */
export async function replaceSecret(
  transaction: Transaction,
  accountId: string,
  id: string,
  { secret, oldUntilMs }: { readonly secret: string; readonly oldUntilMs: number },
): Promise<EndpointRow | undefined> {
  const { rows } = await transaction.query<EndpointRow>({
    name: 'webhook_endpoint.replace_secret',
    text: `
      update webhook_endpoint set secret = $3, old_secret = secret, old_secret_until_ms = $4
      where id = $2 and account_id = $1 returning ${COLUMNS}`,
    values: [accountId, id, secret, oldUntilMs],
  });
  return rows[0];
}

/** Pauses endpoints that have only failed since `sinceMs` or longer. Returns how many. */
export async function pauseFailing(db: Queryable, sinceMs: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'webhook_endpoint.pause_failing',
    text: `
      update webhook_endpoint set status = 'paused', status_reason = 'failing'
      where status = 'active' and failing_since_ms <= $1`,
    values: [sinceMs],
  });
  return rowCount ?? 0;
}
