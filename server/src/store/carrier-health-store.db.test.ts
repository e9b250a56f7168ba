import { expect, test } from 'vitest';
import { createTestDatabase } from '../../test/helpers/test-database.ts';
import { addReceiptCounts, readCarrierHealth, saveSendingHealth, type StoredSending } from './carrier-health-store.ts';

const DAY_MS = 86_400_000;
const UP: StoredSending = {
  listId: 7,
  state: 'up',
  inFlight: 3,
  lastErrorDetail: null,
  lastErrorCode: null,
  lastErrorMs: null,
  lastSuccessMs: 1_000,
};
const DOWN: StoredSending = {
  ...UP,
  state: 'down',
  inFlight: 0,
  lastErrorDetail: 'CARRIER_UNAVAILABLE',
  lastErrorCode: 'ECONNREFUSED',
  lastErrorMs: 2_000,
  lastSuccessMs: null,
};

test('the last word of a sending process holds, and what it does not know stays', async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  expect(await readCarrierHealth(pool, 7)).toBeUndefined();
  await saveSendingHealth(pool, [], 0);
  await saveSendingHealth(pool, [UP, { ...UP, listId: 8 }], 1_500);
  await saveSendingHealth(pool, [DOWN], 2_500);
  const { listId: _listId, ...down } = DOWN;
  const nothing = { receiptsMatched: 0, receiptsTotal: 0 };
  expect(await readCarrierHealth(pool, 7)).toEqual({ ...down, ...nothing, lastSuccessMs: 1_000, updatedMs: 2_500 });
  await saveSendingHealth(pool, [UP], 3_000);
  expect(await readCarrierHealth(pool, 7)).toMatchObject({ state: 'up', lastErrorCode: 'ECONNREFUSED' });
});

test('receipts add up for a day and begin anew then', async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const add = (matched: number, total: number, nowMs: number) =>
    addReceiptCounts(pool, [{ listId: 7, matched, total }], { nowMs, sinceMs: nowMs - DAY_MS });
  await add(1, 2, DAY_MS);
  await add(3, 3, 2 * DAY_MS);
  expect(await readCarrierHealth(pool, 7)).toMatchObject({ state: 'unknown', receiptsMatched: 4, receiptsTotal: 5 });
  await add(5, 10, 2 * DAY_MS + 1);
  expect(await readCarrierHealth(pool, 7)).toMatchObject({ receiptsMatched: 5, receiptsTotal: 10 });
});
