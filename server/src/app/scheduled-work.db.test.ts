import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { DAY_MS, HOUR_MS } from '../lib/clock.ts';
import { dueWorks } from './scheduled-work.ts';

const NOW_MS = Date.parse('2026-11-25T12:00:00Z');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

async function purge(): Promise<void> {
  const deps = { upkeepPool: database.pool, clock: () => NOW_MS, onEvents: async () => {} };
  const works = dueWorks(deps as unknown as Parameters<typeof dueWorks>[0]);
  await works.find(({ name }) => name === 'purge')?.run();
}

test.each([
  ['opt_in_impression', 'at_ms', 90 * DAY_MS, { list_id: 1, page: 'hosted', configuration: '{}' }],
  ['stray_text', 'received_ms', 30 * DAY_MS, { carrier: 'x', account_id: 'a', phone: '+1', body: 'Hi' }],
  ['opt_in_request', 'asked_ms', 7 * DAY_MS, { list_id: 1, asks: 1, method: 'optin', evidence: '{}' }],
  ['unreadable_call', 'received_ms', 7 * DAY_MS, { carrier: 'x', account_id: 'a', body: Buffer.of(1) }],
  ['parked_report', 'parked_ms', 72 * HOUR_MS, { list_id: 1, carrier_id: 'x', report: '{}' }],
] as const)('%s rows are forgotten by %s', async (table, column, keptMs, columns) => {
  const rows = [NOW_MS - keptMs, NOW_MS - keptMs - 1];
  for (const [phone, atMs] of rows.entries()) {
    const row: Record<string, unknown> = { ...columns, [column]: atMs };
    if (table === 'opt_in_request') row['phone'] = phone;
    const names = Object.keys(row);
    const places = names.map((_, index) => `$${index + 1}`);
    await database.pool.query(
      `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`,
      Object.values(row),
    );
  }
  await purge();
  const { rows: left } = await database.pool.query<{ at: number }>(`select ${column} as at from ${table}`);
  expect(left).toEqual([{ at: NOW_MS - keptMs }]);
});
