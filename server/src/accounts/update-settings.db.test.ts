import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOW_MS, testAccount, testKey } from '../../test/helpers/http-fixture.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import type { Caller } from './directory-types.ts';
import { getSettings, updateSettings } from './update-settings.ts';

let database: TestDatabase;
const caller: Caller = { account: testAccount(), key: testKey() };

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query('insert into account (id, name, owner_email, created_ms) values ($1, $2, $3, $4)', [
    caller.account.id,
    caller.account.name,
    caller.account.ownerEmail,
    NOW_MS,
  ]);
});
afterAll(async () => database[Symbol.asyncDispose]());

function createDeps() {
  const deps = {
    pool: database.pool,
    clock: () => NOW_MS,
    refreshed: 0,
    directory: { refresh: async () => void deps.refreshed++ },
  };
  return deps;
}

test('a patch changes what it names, and the directory follows', async () => {
  const deps = createDeps();
  const before = await getSettings(deps, caller);
  const after = await updateSettings(deps, caller, {
    timezone: 'America/Chicago',
    dedupe_window_seconds: 0,
    prepend: null,
    billing_enforced: true,
    products: [],
    postback_secret: 'mine',
    nonsense: 1,
  });
  expect(after.settings).toEqual({ ...before.settings, timezone: 'America/Chicago', dedupe_window_seconds: 0 });
  expect(deps.refreshed).toBe(1);
  expect(await getSettings(deps, caller)).toEqual(after);
  expect((await updateSettings(deps, caller, { timezone: null })).settings).toMatchObject({
    timezone: null,
    dedupe_window_seconds: 0,
  });
});

test('the secret for postbacks stays until it is rotated', async () => {
  const deps = createDeps();
  const { settings } = await getSettings(deps, caller);
  expect(settings['postback_secret']).toMatch(/^[0-9a-f]{32}$/);
  expect((await getSettings(deps, caller)).settings['postback_secret']).toBe(settings['postback_secret']);
  const rotated = await updateSettings(deps, caller, { rotate_postback_secret: true });
  expect(rotated.settings['postback_secret']).toMatch(/^[0-9a-f]{32}$/);
  expect(rotated.settings['postback_secret']).not.toBe(settings['postback_secret']);
  expect(rotated.settings).not.toHaveProperty('rotate_postback_secret');
});

test('one wrong value changes nothing', async () => {
  const deps = createDeps();
  const before = await getSettings(deps, caller);
  await expect(updateSettings(deps, caller, { brand_name: 'New', tune: 7 })).rejects.toMatchObject({
    code: 'invalid_tune',
  });
  expect(await getSettings(deps, caller)).toEqual(before);
  expect(deps.refreshed).toBe(0);
});
