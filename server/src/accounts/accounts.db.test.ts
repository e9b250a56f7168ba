import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/test-database.ts';
import { createDemo } from './first-start.ts';
import { createAccount, findAccount, listAccounts, resumeAccount, suspendAccount } from './manage-accounts.ts';
import { createKey, listKeys, pauseKey, resumeKey, revokeKey } from './manage-keys.ts';

const NOW_MS = 1_793_639_049_250;
let database: TestDatabase;
let deps: { pool: TestDatabase['pool']; clock: () => number };

beforeEach(async () => {
  database = await createTestDatabase();
  deps = { pool: database.pool, clock: () => NOW_MS };
});
afterEach(() => database[Symbol.asyncDispose]());

test('of several first starts at once one makes the demo, later ones do nothing', async () => {
  const starts = await Promise.all(Array.from({ length: 5 }, () => createDemo(database.pool, { nowMs: NOW_MS })));
  const made = starts.filter((start) => start.created);
  expect(made).toEqual([
    { created: true, apiKey: expect.stringMatching(/^trk_[0-9a-f]{32}$/), listNumber: '+18005551000' },
  ]);
  expect(await createDemo(database.pool, { apiKey: 'x', nowMs: NOW_MS })).toEqual({ created: false });
  expect(await listAccounts(deps)).toMatchObject([{ name: 'Demo', owner_email: 'owner@localhost', status: 'active' }]);
  const { rows } = await database.pool.query('select email, role from account_member');
  expect(rows).toEqual([{ email: 'owner@localhost', role: 'Owner' }]);
});

test('accounts are made, found, suspended and resumed', async () => {
  await expect(findAccount(deps, {})).rejects.toMatchObject({ reason: 'not_found' });
  const account = await createAccount(deps, { name: 'Northwind', email: 'a@b.example' });
  expect(account).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{24}$/),
    created_at: '2026-11-02T17:04:09.250Z',
  });
  expect(await findAccount(deps, {})).toEqual(account);
  await createAccount(deps, { name: 'Other', email: 'c@d.example' });
  await expect(findAccount(deps, {})).rejects.toMatchObject({ reason: 'ambiguous' });
  expect(await findAccount(deps, { id: account.id.toUpperCase() })).toEqual(account);
  expect(await suspendAccount(deps, account)).toMatchObject({ status: 'suspended' });
  expect(await resumeAccount(deps, account)).toMatchObject({ status: 'active' });
  await expect(suspendAccount(deps, { id: 'f'.repeat(24) })).rejects.toMatchObject({ reason: 'not_found' });
  await expect(createAccount(deps, { name: ' ', email: 'a@b.example' })).rejects.toMatchObject({ reason: 'invalid' });
  await expect(createAccount(deps, { name: 'A', email: 'ab' })).rejects.toMatchObject({ reason: 'invalid' });
});

test('a key shows its secret once and only its hash is stored', async () => {
  const account = await createAccount(deps, { name: 'Northwind', email: 'a@b.example' });
  const created = await createKey(deps, { accountId: account.id, name: 'prod', requireConfirmation: true });
  expect(created.key).toMatch(/^trk_[0-9a-f]{32}$/);
  const { key, ...shown } = created;
  expect(await listKeys(deps, { accountId: account.id })).toEqual([shown]);
  const { rows } = await database.pool.query(
    `select sha256(convert_to($1, 'UTF8')) = key_hash as same, api_key::text as row from api_key`,
    [key],
  );
  expect(rows[0].same).toBe(true);
  expect(rows[0].row).not.toContain(key);
});

test('keys are paused, resumed and revoked for good', async () => {
  const account = await createAccount(deps, { name: 'Northwind', email: 'a@b.example' });
  const { id } = await createKey(deps, { accountId: account.id, name: 'prod' });
  expect(await pauseKey(deps, { id })).toMatchObject({ status: 'paused' });
  expect(await resumeKey(deps, { id })).toMatchObject({ status: 'active' });
  expect(await revokeKey(deps, { id })).toMatchObject({ status: 'revoked' });
  expect(await revokeKey(deps, { id })).toMatchObject({ status: 'revoked' });
  await expect(resumeKey(deps, { id })).rejects.toMatchObject({ reason: 'not_found' });
});

test('a key cannot be bound to a list of somebody else', async () => {
  const account = await createAccount(deps, { name: 'Northwind', email: 'a@b.example' });
  await expect(createKey(deps, { accountId: account.id, name: 'k', allowedListIds: [1] })).rejects.toMatchObject({
    reason: 'invalid',
  });
});
