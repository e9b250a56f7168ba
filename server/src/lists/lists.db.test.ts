import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInstallation, START_MS, type Installation } from '../../test/helpers/message-fixture.ts';
import { createAccount } from '../accounts/index.ts';
import { readCredentialFields } from '../carriers/index.ts';
import { createList } from './create-list.ts';
import { getList } from './get-list.ts';
import { listLists, type RawListQuery } from './list-lists.ts';
import { listAllLists, setList } from './set-list.ts';

let installation: Installation;
beforeEach(async () => {
  installation = await createInstallation();
});
afterEach(() => installation[Symbol.asyncDispose]());

const operator = () => ({ ...installation.deps, listTypes: readCredentialFields() });
const get = (id: string) => getList(installation.deps, installation.caller, { id });
const idsOf = async (query: RawListQuery) =>
  (await listLists(installation.deps, installation.caller, query)).lists.map((list) => list.id);

async function add(number: string, accountId = installation.caller.account.id) {
  const list = await createList(operator(), { accountId, number, type: 'simulator', name: number });
  await installation.directory.refresh();
  return list;
}

test('a list shows its settings, hides its credentials and counts its active contacts', async () => {
  await installation.pool.query(
    `insert into list_contact (list_id, phone, active, created_ms) values (1, 1, true, 0), (1, 2, true, 0), (1, 3, false, 0)`,
  );
  await setList(installation.deps, { id: 1, credentials: { profile: 'secret' } });
  await installation.directory.refresh();
  const list = await get('1');
  expect(list).toMatchObject({
    id: 1,
    phone_number: '+18005551000',
    brand_name: 'Demo',
    list_name: 'Demo',
    list_type: 'simulator',
    status: 'active',
    contact_count: 2,
    created_at: new Date(START_MS).toISOString(),
    is_byoc: false,
    verified: true,
    key_policy_hint: { allowed_by_key: true },
    credentials: { profile: '***' },
  });
  expect(list.settings).toMatchObject({
    send_rate_per_minute: 17_000,
    quiet_hours: true,
    prepend: null,
    country: 'US',
  });
  expect(await get(list.v1_id)).toEqual(list);
});

test('unknown, foreign, deleted and malformed ids are not found', async () => {
  const other = await createAccount(installation.deps, { name: 'Other', email: 'a@b.example' });
  const foreign = await add('+18005552000', other.id);
  const deleted = await add('+18005553000');
  await setList(operator(), { id: deleted.id, status: 'deleted' });
  await installation.directory.refresh();
  for (const id of [String(foreign.id), String(deleted.id), deleted.v1_id, '99', '01', '0', '1.0', 'pn_', '']) {
    await expect(get(id)).rejects.toMatchObject({ code: 'not_found' });
  }
});

test('lists come all at once, by status, or in pages', async () => {
  for (const number of ['+18005552000', '+18005553000', '55555']) await add(number);
  await setList(operator(), { id: 2, status: 'paused' });
  await setList(operator(), { id: 3, status: 'deleted' });
  await installation.directory.refresh();
  expect(await idsOf({})).toEqual([1, 2, 4]);
  expect(await idsOf({ status: 'paused' })).toEqual([2]);
  expect(await idsOf({ status: 'deleted' })).toEqual([3]);
  const first = await listLists(installation.deps, installation.caller, { limit: '2' });
  expect(first.pagination).toEqual({ limit: 2, next_cursor: expect.any(String) });
  const cursor = String(first.pagination.next_cursor);
  const second = await listLists(installation.deps, installation.caller, { limit: '2', cursor });
  expect(second).toMatchObject({ lists: [{ id: 4 }], pagination: { limit: 2, next_cursor: null } });
});

test.each<[RawListQuery, string]>([
  [{ status: 'held' }, 'invalid_status'],
  [{ status: '' }, 'invalid_status'],
  [{ limit: '0' }, 'invalid_limit'],
  [{ limit: '' }, 'invalid_limit'],
  [{ limit: '1.5' }, 'invalid_limit'],
  [{ cursor: 'x' }, 'invalid_cursor'],
  [{ cursor: '' }, 'invalid_cursor'],
])('%j is refused with %s', async (query, code) => {
  await expect(idsOf(query)).rejects.toMatchObject({ code });
});

test('a number belongs to one list that is not deleted', async () => {
  await expect(add('+18005551000')).rejects.toMatchObject({ reason: 'exists' });
  await setList(operator(), { id: 1, status: 'deleted' });
  expect(await add('+18005551000')).toMatchObject({ status: 'active', verified: true });
});

test('a list of a real carrier is to be verified first', async () => {
  const { id: accountId } = installation.caller.account;
  const list = await createList(installation.deps, {
    accountId,
    number: '+18005552000',
    type: 'twilio',
    name: 'T',
    settings: { stale_minutes: 5 },
  });
  expect(list).toMatchObject({ is_byoc: true, verified: false, settings: { stale_minutes: 5 } });
  expect(await listAllLists(installation.deps, null)).toHaveLength(2);
});

test.each([
  [{ number: '5' }],
  [{ type: 'fax' }],
  [{ name: ' ' }],
  [{ settings: { stale_minutes: 0 } }],
  [{ settings: { stale_minutes: '5' } }],
  [{ settings: { colour: 'red' } }],
  [{ settings: { __proto__x: 1 } }],
  [{ settings: { shortener_domain: 'https://x.example' } }],
  [{ settings: { budgets: [{ name: 'x' }] } }],
])('a new list with %j is refused', async (wrong) => {
  const { id: accountId } = installation.caller.account;
  const input = { accountId, number: '+18005552000', type: 'simulator', name: 'Two', ...wrong };
  await expect(createList(operator(), input)).rejects.toMatchObject({ reason: 'invalid' });
});

test('credentials are sealed in the database, open in memory and replaced as a whole', async () => {
  const { id: accountId } = installation.caller.account;
  const credentials = { token: 'a-token', nested: { url: 'https://carrier.example', headers: { Key: 'a-key' } } };
  const input = { accountId, number: '+18005552000', type: 'twilio', name: 'T', credentials };
  const { id } = await createList(installation.deps, input);
  await installation.directory.refresh();
  expect(installation.directory.list(id)?.credentials).toEqual(credentials);
  const stored = async () =>
    (await installation.pool.query<{ text: string }>(`select credentials::text as text from list where id = ${id}`))
      .rows[0]!.text;
  expect(await stored()).toMatch(/^\{"token": "1\.[A-Za-z0-9+/=]+", "nested": "1\.[A-Za-z0-9+/=]+"\}$/);
  expect(await get(String(id))).toMatchObject({ credentials: { token: '***', nested: '***' } });

  await setList(installation.deps, { id, credentials: { token: 'another' } });
  await installation.directory.refresh();
  expect(installation.directory.list(id)?.credentials).toEqual({ token: 'another' });
  await setList(installation.deps, { id, credentials: {} });
  await installation.directory.refresh();
  expect(await stored()).toBe('{}');
});

test('credentials that were moved to another list or field, or changed, cannot be used and harm no other list', async () => {
  await setList(installation.deps, { id: 1, credentials: { profile: 'slow' } });
  const other = await add('+18005552000');
  const unusable = async (change: string) => {
    await setList(installation.deps, { id: other.id, credentials: { profile: 'slow', token: 'a-token' } });
    await installation.pool.query(`update list set credentials = ${change} where id = ${other.id}`);
    await installation.directory.refresh();
    expect(installation.directory.list(1)?.credentials).toEqual({ profile: 'slow' });
    expect(installation.directory.list(other.id)?.credentials).toBeNull();
  };
  await unusable('(select credentials from list where id = 1)');
  await unusable(`jsonb_build_object('api_key', credentials->'token')`);
  await unusable(`jsonb_build_object('token', overlay(credentials->>'token' placing 'AAAA' from 20))`);
  await unusable(`'{"token": "a-token"}'`);
  await unusable(`'{"token": "9.AAAA"}'`);
  await unusable(`'{"token": 5}'`);
  expect(await get(String(other.id))).toMatchObject({ credentials: {} });
});

test('a list that the operator vouches for is verified at once', async () => {
  const { id: accountId } = installation.caller.account;
  const input = { accountId, number: '+18005552000', type: 'twilio', name: 'T', isByoc: false };
  expect(await createList(installation.deps, input)).toMatchObject({ is_byoc: false, verified: true });
});

test('settings are merged, and null brings the default back', async () => {
  await setList(operator(), {
    id: 1,
    brandName: 'Brand',
    settings: { stale_minutes: 5, prepend: 'Hi ', shortener_domain: 'l.example' },
  });
  await setList(operator(), { id: 1, name: 'Renamed', settings: { stale_minutes: null, quiet_hours: false } });
  await installation.directory.refresh();
  expect(await get('1')).toMatchObject({
    brand_name: 'Brand',
    list_name: 'Renamed',
    settings: { stale_minutes: 30, prepend: 'Hi ', quiet_hours: false, shortener_domain: 'l.example' },
  });
  expect(installation.directory.list(1)?.settings).toMatchObject({ staleMinutes: 30, shortenerDomain: 'l.example' });
  expect(await setList(operator(), { id: 1, brandName: null })).toMatchObject({ brand_name: null });
  await expect(setList(operator(), { id: 9, name: 'x' })).rejects.toMatchObject({ reason: 'not_found' });
  await expect(setList(operator(), { id: 1, status: 'off' })).rejects.toMatchObject({ reason: 'invalid' });
});
