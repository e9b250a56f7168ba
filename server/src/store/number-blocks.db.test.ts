import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { openNumberBlocks } from './number-blocks.ts';
import { DatabaseUnavailableError } from './transaction.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database[Symbol.asyncDispose]());

test('what is left at the end is given back, handed out by the next, and by nobody else', async () => {
  const first = await openNumberBlocks(database.pool, 'message');
  const start = await first.take(10);
  await first[Symbol.asyncDispose]();
  await using second = await openNumberBlocks(database.pool, 'message');
  expect(await second.take(1)).toBe(start + 10);
  expect(first.takeNow(1)).toBeUndefined();
  await expect(first.take(1)).rejects.toThrow(DatabaseUnavailableError);
});

test('numbers taken while the end waits for the database are not given back', async () => {
  const first = await openNumberBlocks(database.pool, 'message');
  const ending = first[Symbol.asyncDispose]();
  const late = first.takeNow(5);
  await ending;
  await using second = await openNumberBlocks(database.pool, 'message');
  const next = await second.take(1);
  expect(late === undefined || next >= late + 5).toBe(true);
});

test('two that run at the same time never hand out the same number', async () => {
  await using first = await openNumberBlocks(database.pool, 'message');
  await using second = await openNumberBlocks(database.pool, 'message');
  const taken = await Promise.all(Array.from({ length: 400 }, (_, n) => (n % 2 === 0 ? first : second).take(7_000)));
  const inOrder = taken.toSorted((a, b) => a - b);
  for (const [index, number] of inOrder.entries()) {
    expect((inOrder[index + 1] ?? Infinity) - number).toBeGreaterThanOrEqual(7_000);
  }
});
