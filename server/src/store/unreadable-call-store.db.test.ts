import { expect, test } from 'vitest';
import { createTestDatabase } from '../../test/helpers/test-database.ts';
import { insertUnreadableCall, purgeUnreadableCalls } from './unreadable-call-store.ts';

test('keeps the bytes of a call until they are old', async () => {
  await using database = await createTestDatabase();
  const { pool } = database;
  const call = { carrier: 'twilio', accountId: 'a'.repeat(24), contentType: null, body: Buffer.from([0, 255, 10]) };
  await insertUnreadableCall(pool, call, 1_000);
  await insertUnreadableCall(pool, { ...call, contentType: 'text/plain' }, 2_000);
  expect(await purgeUnreadableCalls(pool, 2_000)).toBe(1);
  const { rows } = await pool.query('select carrier, content_type, body from unreadable_call');
  expect(rows).toEqual([{ carrier: 'twilio', content_type: 'text/plain', body: Buffer.from([0, 255, 10]) }]);
});
