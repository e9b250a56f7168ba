import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createInstallation, START_MS, type Installation } from '../../test/helpers/message-fixture.ts';
import { createAccount } from '../accounts/index.ts';
import { hexId } from '../lib/public-id.ts';
import { createList } from './create-list.ts';
import { getList } from './get-list.ts';
import { addList, changeList, deleteList } from './manage-lists.ts';
import { type CarrierFinding, verifyList } from './verify-list.ts';

let installation: Installation;
let finding: CarrierFinding = { passed: true, detail: null };
const sent: string[] = [];

beforeAll(async () => {
  installation = await createInstallation();
  const other = await createAccount(installation.deps, { name: 'Other', email: 'a@b.example' });
  const foreign = { accountId: other.id, number: '+18005559000', type: 'simulator', name: 'Foreign' };
  await createList(installation.deps, foreign);
});
afterAll(() => installation[Symbol.asyncDispose]());
beforeEach(async () => {
  installation.nowMs = START_MS;
  finding = { passed: true, detail: null };
  await installation.pool.query('delete from list where id > 2; truncate inbound_text, list_contact, list_block');
  await installation.directory.refresh();
});

const TWILIO = { phone_number: '+18005552000', list_type: 'twilio', list_name: 'T', credentials: { token: 'a' } };
const deps = () => ({
  ...installation.deps,
  check: async () => finding,
  sendTest: async (_list: unknown, to: string) => {
    sent.push(to);
    return finding;
  },
});
const add = (body: object) => addList(deps(), installation.caller, { body: { ...body }, transaction: null });
const change = (id: string, body: object) => changeList(deps(), installation.caller, { id, body: { ...body } });
const verify = (id: string, body: object) => verifyList(deps(), installation.caller, { id, body: { ...body } });
const get = (id: number) => getList(deps(), installation.caller, { id: String(id) });

test('a list of a carrier of the account is made unverified, with its settings, and hides its credentials', async () => {
  const list = await add({ ...TWILIO, brand_name: 'Pets', settings: { stale_minutes: 5 }, status: 'paused' });
  expect(list).toMatchObject({
    phone_number: '+18005552000',
    list_type: 'twilio',
    brand_name: 'Pets',
    status: 'paused',
    is_byoc: true,
    verified: false,
    contact_count: 0,
    credentials: { token: '***' },
  });
  expect(list.settings).toMatchObject({ stale_minutes: 5, quiet_hours: true });
  expect(await get(list.id)).toEqual(list);
  expect(await add({ phone_number: '55555', list_type: 'simulator', list_name: 'S' })).toMatchObject({
    is_byoc: false,
    verified: true,
  });
});

test('a list is changed by what is named, and deleted without losing its number for others', async () => {
  const { id, v1_id: v1Id } = await add({ ...TWILIO, settings: { stale_minutes: 5 } });
  const changed = await change(v1Id, { list_name: 'U', brand_name: 'B', settings: { prepend: 'Hi ' } });
  expect(changed).toMatchObject({ list_name: 'U', brand_name: 'B', settings: { stale_minutes: 5, prepend: 'Hi ' } });
  expect(await change(String(id), { brand_name: null, status: 'paused' })).toMatchObject({
    brand_name: null,
    status: 'paused',
    list_name: 'U',
  });
  expect(await deleteList(deps(), installation.caller, { id: String(id) })).toEqual({ success: true, deleted: true });
  await expect(get(id)).rejects.toMatchObject({ code: 'not_found' });
  expect(await add(TWILIO)).toMatchObject({ status: 'active' });
});

test.each<[object, string]>([
  [{}, 'missing_phone_number'],
  [{ phone_number: 'x' }, 'missing_list_type'],
  [{ phone_number: 'x', list_type: 'y', list_name: ' ' }, 'missing_list_name'],
  [{ ...TWILIO, phone_number: '5', list_type: 'fax' }, 'invalid_list_number'],
  [{ ...TWILIO, list_type: 'fax', list_name: 5 }, 'invalid_list_type'],
  [{ ...TWILIO, list_name: 5, brand_name: 5 }, 'invalid_list_name'],
  [{ ...TWILIO, brand_name: 5, credentials: 5 }, 'invalid_brand_name'],
  [{ ...TWILIO, list_name: 'x'.repeat(256), credentials: 5 }, 'name_too_long'],
  [{ ...TWILIO, is_byoc: 'yes' }, 'invalid_is_byoc'],
  [{ ...TWILIO, credentials: { colour: 'red' }, settings: 5 }, 'invalid_credentials'],
  [{ ...TWILIO, settings: { stale_minutes: 0 }, status: 'off' }, 'invalid_settings'],
  [{ ...TWILIO, settings: { join_keywords: ['a\u0000'] } }, 'invalid_settings'],
  [{ ...TWILIO, settings: [] }, 'invalid_settings'],
  [{ ...TWILIO, status: 'suspended' }, 'invalid_status'],
  [{ ...TWILIO, phone_number: '+18005551000' }, 'list_exists'],
  [{ ...TWILIO, phone_number: '+18005559000' }, 'list_exists'],
])('a new list %j is refused with %s', async (body, code) => {
  await expect(add(body)).rejects.toMatchObject({ code });
});

test.each<[string, object, string]>([
  ['2', {}, 'not_found'],
  ['99', {}, 'not_found'],
  ['1', { list_name: 5, brand_name: 5 }, 'invalid_list_name'],
  ['1', { brand_name: 5, credentials: 5 }, 'invalid_brand_name'],
  ['1', { brand_name: 'x'.repeat(256), credentials: 5 }, 'name_too_long'],
  ['1', { credentials: { colour: 'red' }, settings: 5 }, 'invalid_credentials'],
  ['1', { settings: { colour: 1 } }, 'invalid_settings'],
  ['1', { settings: { quiet_hours: 'no' } }, 'invalid_settings'],
  ['1', { settings: { quiet_hours_mode: 'drop' } }, 'invalid_settings'],
  ['1', { status: 'deleted' }, 'invalid_status'],
])('a change of list %s by %j is refused with %s', async (id, body, code) => {
  await expect(change(id, body)).rejects.toMatchObject({ code });
});

test('what cannot be changed is not looked at', async () => {
  const before = await get(1);
  expect(await change('1', { is_byoc: 'x', phone_number: 5, list_type: 'fax', verified: false })).toEqual(before);
});

test.each<[string]>([['2'], ['99'], ['pn_']])('list %s is not there to be deleted or verified', async (id) => {
  await expect(deleteList(deps(), installation.caller, { id })).rejects.toMatchObject({ code: 'not_found' });
  await expect(verify(id, {})).rejects.toMatchObject({ code: 'not_found' });
});

test('a key that may not use a list is told so', async () => {
  const { caller } = installation;
  const keyed = (ids: number[]) => ({ ...caller, key: { ...caller.key, allowedListIds: new Set(ids) } });
  const hint = async (ids: number[]) => (await getList(deps(), keyed(ids), { id: '1' })).key_policy_hint;
  expect([await hint([1]), await hint([7])]).toEqual([{ allowed_by_key: true }, { allowed_by_key: false }]);
});

test('who was suspended does not come back by himself', async () => {
  const { id } = await add(TWILIO);
  await installation.pool.query(`update list set status = 'suspended' where id = $1`, [id]);
  await installation.directory.refresh();
  await expect(change(String(id), { status: 'active' })).rejects.toMatchObject({ code: 'invalid_status' });
});

describe('verification', () => {
  const TO = '+13125550142';
  /** `receivedMs`: by the carrier's clock. */
  const reply = (listId: number, receivedMs: number, storedMs = receivedMs) =>
    installation.pool.query(
      `insert into inbound_text (list_id, carrier, carrier_inbound_id, id, phone, body, class, received_ms)
       values ($1, 'twilio', $2, $2, 13125550142, 'yes', 'reply', $3)`,
      [listId, hexId(storedMs), receivedMs],
    );

  test('goes from credentials over a text to its reply, and new credentials start it again', async () => {
    const { id } = await add(TWILIO);
    const step = (name: string) => verify(String(id), { step: name, to: TO });
    await reply(id, START_MS - 1_000);
    await expect(step('send')).rejects.toMatchObject({ code: 'step_out_of_order' });
    finding = { passed: false, detail: 'REJECTED_CREDENTIALS' };
    expect(await step('credentials')).toMatchObject({
      passed: false,
      next_step: 'credentials',
      detail: finding.detail,
    });
    finding = { passed: true, detail: null };
    expect(await step('credentials')).toEqual({
      success: true,
      step: 'credentials',
      passed: true,
      verified: false,
      next_step: 'send',
      detail: null,
    });
    await expect(step('webhook')).rejects.toMatchObject({ code: 'step_out_of_order' });
    expect(await step('send')).toMatchObject({ passed: true, verified: false, next_step: 'webhook' });
    expect(sent).toContain(TO);
    await expect(verify(String(id), { step: 'webhook', to: '+13125550143' })).rejects.toMatchObject({
      code: 'step_out_of_order',
    });
    expect(await step('webhook')).toMatchObject({ passed: false, next_step: 'webhook', detail: null });
    await reply(id, START_MS + 15 * 60_000 + 1);
    installation.nowMs += 15 * 60_000 + 2;
    expect(await step('webhook')).toMatchObject({ passed: false, detail: 'NO_REPLY' });
    await reply(id, START_MS + 15 * 60_000);
    expect(await step('webhook')).toMatchObject({ passed: true, verified: true, next_step: null });
    expect(await get(id)).toMatchObject({ verified: true });
    expect(await change(String(id), { credentials: { token: 'b' } })).toMatchObject({ verified: false });
    await expect(step('webhook')).rejects.toMatchObject({ code: 'step_out_of_order' });
  });

  test('a carrier whose clock is behind ours, or has no fractions of seconds, is believed', async () => {
    const { id } = await add(TWILIO);
    for (const step of ['credentials', 'send']) await verify(String(id), { step, to: TO });
    await reply(id, START_MS - 30_000, START_MS + 1);
    expect(await verify(String(id), { step: 'webhook', to: TO })).toMatchObject({ passed: true, verified: true });
  });

  test('new credentials while a step is under way are not taken for proven', async () => {
    const { id } = await add(TWILIO);
    await verify(String(id), { step: 'credentials' });
    const sending = verifyList(
      {
        ...deps(),
        async sendTest() {
          await change(String(id), { credentials: { token: 'b' } });
          return { passed: true, detail: null };
        },
      },
      installation.caller,
      { id: String(id), body: { step: 'send', to: TO } },
    );
    await expect(sending).rejects.toMatchObject({ code: 'step_out_of_order' });
    await reply(id, START_MS + 1);
    await expect(verify(String(id), { step: 'webhook', to: TO })).rejects.toMatchObject({ code: 'step_out_of_order' });
    expect(await get(id)).toMatchObject({ verified: false });
  });

  test.each([
    [
      'opted out',
      `insert into list_contact (list_id, phone, active, reason, created_ms) values ($1, 13125550142, false, 'message', 0)`,
    ],
    ['is blocked', 'insert into list_block (list_id, phone, created_ms) values ($1, 13125550142, 0)'],
  ])('nothing is sent to somebody who %s', async (_name, insert) => {
    const { id } = await add(TWILIO);
    await installation.pool.query(insert, [id]);
    await verify(String(id), { step: 'credentials' });
    sent.length = 0;
    expect(await verify(String(id), { step: 'send', to: TO })).toMatchObject({
      passed: false,
      next_step: 'send',
      detail: 'contact_blocked',
    });
    expect(sent).toEqual([]);
  });

  test.each<[object, string]>([
    [{}, 'missing_step'],
    [{ step: 'all' }, 'invalid_step'],
    [{ step: 'send' }, 'missing_to'],
    [{ step: 'webhook', to: '555' }, 'invalid_phone'],
  ])('%j is refused with %s', async (body, code) => {
    await expect(verify('1', body)).rejects.toMatchObject({ code });
  });
});
