import { expect, test } from 'vitest';
import { createInstallation, insertRow, landBatch } from '../../test/helpers/message-fixture.ts';
import { checkBooks } from './check-books.ts';

test('books tell what is missing and which counters are wrong', async () => {
  await using installation = await createInstallation();
  const { pool } = installation;
  await landBatch(
    pool,
    10,
    Array.from({ length: 5 }, () => ({ to: '+13125550143', body: 'Hi' })),
  );
  await pool.query(`update outbound_batch set taken = 2, removed = '{0, 4}'`);
  await insertRow(pool, { number: 10, state: 'sent' });
  await insertRow(pool, { number: 11, state: 'delivered' });
  await pool.query(`update message_count set count = 8 where state = -1`);
  const books = { listId: 1, accepted: 8, waiting: 2, byState: { sent: 1, delivered: 1 }, difference: 4 };
  expect(await checkBooks(pool, { recount: false })).toEqual([{ ...books, miscounted: null }]);
  await pool.query('update message_count set count = 3 where state = 4');
  expect(await checkBooks(pool, { recount: true })).toMatchObject([
    { difference: 2, miscounted: [{ state: 'sent', counted: 3, rows: 1 }] },
  ]);
});
