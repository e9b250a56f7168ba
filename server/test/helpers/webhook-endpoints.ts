import type { Directory } from '../../src/accounts/index.ts';
import type { Pool } from '../../src/store/pool.ts';

/** An endpoint as a row, where what is tested needs no secret of it. `columns` by their names in the table. */
export async function addEndpointRow(
  { pool, directory }: { readonly pool: Pool; readonly directory: Directory },
  columns: Readonly<Record<string, unknown>> & { readonly account_id: string; readonly events: readonly string[] },
): Promise<string> {
  const { rows } = await pool.query<{ count: number }>('select count(*) from webhook_endpoint');
  const id = String(Number(rows[0]?.count) + 1).padStart(24, '0');
  const row = { id, url: 'https://hooks.example.net/sms', secret: '', created_ms: 0, ...columns };
  const names = Object.keys(row);
  await pool.query(
    `insert into webhook_endpoint (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
  await directory.refresh();
  return id;
}

/** The bodies that wait or waited for endpoints, oldest event first. */
export async function readBodies(pool: Pool, endpointId?: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<{ body: string }>(
    `select body from webhook_delivery where endpoint_id = $1 or $1 is null order by id`,
    [endpointId ?? null],
  );
  return rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}
