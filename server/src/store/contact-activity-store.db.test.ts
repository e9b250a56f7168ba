import { expect, test } from 'vitest';
import { createTestDatabase } from '../../test/helpers/test-database.ts';
import { addUpSends, recordSends, takeBackSends } from './contact-activity-store.ts';
import type { Pool } from './pool.ts';
import { withTransaction } from './transaction.ts';

async function addContacts(pool: Pool, count: number): Promise<void> {
  await pool.query(
    'insert into list_contact (list_id, phone, created_ms) select 1, phone, 0 from generate_series(1, $1::int) as phone',
    [count],
  );
}

async function activity(pool: Pool): Promise<[phone: number, sends: number, lastSentMs: number][]> {
  const { rows } = await pool.query<{ phone: number; sends: number; last: number }>(
    'select phone, send_count as sends, last_sent_ms as last from list_contact_activity order by phone',
  );
  return rows.map(({ phone, sends, last }) => [phone, sends, last]);
}

test('sends and sends taken back are added up by contact, and phones without one are left alone', async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  await addContacts(pool, 3);
  await withTransaction(pool, async (transaction) => {
    await recordSends(transaction, 1, [1, 2, 2, 99], 50);
    await recordSends(transaction, 1, [1], 40);
    await takeBackSends(transaction, 1, [2, 3]);
  });
  expect(await activity(pool)).toEqual([]);
  expect(await addUpSends(pool)).toBe(false);
  expect(await activity(pool)).toEqual([
    [1, 2, 50],
    [2, 1, 50],
  ]);
  await withTransaction(pool, async (transaction) => {
    await recordSends(transaction, 1, [1, 3], 30);
    await takeBackSends(transaction, 1, [2, 2]);
  });
  await addUpSends(pool);
  expect(await activity(pool)).toEqual([
    [1, 3, 50],
    [2, 0, 50],
    [3, 1, 30],
  ]);
  expect((await pool.query('select from send_tally')).rowCount).toBe(0);
});

test('each tally counts once, and a send that is taken back not at all, however many processes add up', async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  await addContacts(pool, 20);
  const phones = Array.from({ length: 20 }, (_, index) => index + 1);
  await Promise.all(
    Array.from({ length: 120 }, async (_, n) => {
      await withTransaction(pool, (transaction) => recordSends(transaction, 1, n % 2 === 0 ? phones : [7, 3, 1], n));
      if (n % 10 === 0) await addUpSends(pool);
      await withTransaction(pool, (transaction) => takeBackSends(transaction, 1, [1]));
      if (n % 10 === 5) await addUpSends(pool);
    }),
  );
  let more = true;
  while (more) more = await addUpSends(pool);
  const expected = phones.map((phone) => [phone, phone === 1 ? 0 : phone === 7 || phone === 3 ? 120 : 60]);
  expect((await activity(pool)).map(([phone, sends]) => [phone, sends])).toEqual(expected);
});
