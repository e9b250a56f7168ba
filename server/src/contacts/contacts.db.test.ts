import type { PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ContactApi, createContactApi, type Method } from '../../test/helpers/contact-api.ts';
import { START_MS } from '../../test/helpers/message-fixture.ts';
import { until } from '../../test/helpers/until.ts';
import { createAccount } from '../accounts/index.ts';
import { createList } from '../lists/index.ts';
import { withTransaction } from '../store/transaction.ts';

const LIST = '+18005551000';
const PHONE = '+13125550142';
const CONTACTS = '/api/v2/contacts';

let api: ContactApi;
beforeAll(async () => {
  api = await createContactApi();
  const { installation } = api;
  const { id: accountId } = installation.caller.account;
  const operator = { ...installation.deps };
  await createList(operator, { accountId, number: '+18005552000', type: 'simulator', name: 'Two' });
  const voip = { reject_voip: true };
  await createList(operator, { accountId, number: '+18005553000', type: 'simulator', name: 'Three', settings: voip });
  const other = await createAccount(installation.deps, { name: 'Other', email: 'a@b.example' });
  await createList(operator, { accountId: other.id, number: '+18005559000', type: 'simulator', name: 'Foreign' });
  await installation.directory.refresh();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  api.told.length = 0;
  api.installation.nowMs = START_MS;
  await api.installation.pool.query(
    'truncate contact, list_contact, account_contact, list_contact_activity, block, list_block, phone_lookup',
  );
});

const save = (change: object = {}) => api.call('POST', CONTACTS, { phone_number: PHONE, list_number: LIST, ...change });
const remove = () => api.call('DELETE', CONTACTS, { phone_number: PHONE, list_number: LIST });

describe('errors', () => {
  const good = { phone_number: PHONE, list_number: LIST };
  const rows: [string, Method, string, unknown, number, string][] = [
    ['too large', 'POST', CONTACTS, { ...good, first_name: 'x'.repeat(4_000) }, 413, 'payload_too_large'],
    ['no phone', 'POST', CONTACTS, { list_number: 'x' }, 400, 'missing_phone_number'],
    ['no list', 'POST', CONTACTS, { phone_number: 'x' }, 400, 'missing_list_number'],
    ['bad phone', 'POST', CONTACTS, { phone_number: '+1312555014', list_number: 'x' }, 400, 'invalid_phone'],
    ['bad list number', 'POST', CONTACTS, { ...good, list_number: '12' }, 400, 'invalid_list_number'],
    ...(
      [
        ['use_journeys', 'yes'],
        ['skip_journey_if_exists', 1],
        ['signup_date', new Date(START_MS + 86_400_001).toISOString()],
        ['signup_date', '11/02/2026'],
        ['ip_address', '300.1.1.1'],
        ['url', 'ftp://x.example'],
        ['url', 'https://user@x.example'],
        ['custom_fields', []],
        ['custom_fields', { 'bad key': 1 }],
        ['custom_fields', { a: { b: 1 } }],
        ['custom_fields', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, 1]))],
        ['custom_fields', { a: 'x'.repeat(1_001) }],
        ['replace_custom_fields', 'no'],
        ['ad_network_source', 5],
        ['ad_network_id', 'x'.repeat(256)],
        ['use_validation', 'true'],
        ['force_validation', 0],
        ['email', 'nobody'],
        ['first_name', 'a\u0000b'],
        ['last_name', 'x'.repeat(256)],
        ['timezone', 'Mars/Olympus'],
      ] as const
    ).map(([name, value]): [string, Method, string, unknown, number, string] => [
      `${name} ${JSON.stringify(value).slice(0, 20)}`,
      'POST',
      CONTACTS,
      { ...good, [name]: value },
      400,
      `invalid_${name}`,
    ]),
    ['unknown list', 'POST', CONTACTS, { ...good, list_number: '+18005554000' }, 400, 'list_not_found'],
    ['foreign list', 'POST', CONTACTS, { ...good, list_number: '+18005559000' }, 400, 'list_not_found'],
    ['unassigned number', 'POST', CONTACTS, { ...good, phone_number: '+13121550142' }, 400, 'not_sendable'],
    [
      'internet line',
      'POST',
      CONTACTS,
      { phone_number: '+15005550142', list_number: '+18005553000' },
      400,
      'not_sendable',
    ],
    ['no rows', 'POST', `${CONTACTS}/bulk`, { contacts: [] }, 400, 'missing_contacts'],
    ['rows absent', 'POST', `${CONTACTS}/bulk`, {}, 400, 'missing_contacts'],
    ['no array', 'POST', `${CONTACTS}/bulk`, { contacts: {} }, 400, 'invalid_contacts'],
    [
      'too many rows',
      'POST',
      `${CONTACTS}/bulk`,
      { contacts: Array.from({ length: 1_001 }, () => ({})) },
      413,
      'too_many_contacts',
    ],
    ['filter', 'GET', `${CONTACTS}?list_number=1`, undefined, 400, 'invalid_list_number'],
    ['filter', 'GET', `${CONTACTS}?list_number=%2B18005559000`, undefined, 400, 'list_not_found'],
    ['filter', 'GET', `${CONTACTS}?active=1`, undefined, 400, 'invalid_active'],
    ['page', 'GET', `${CONTACTS}?page=`, undefined, 400, 'invalid_page'],
    ['page', 'GET', `${CONTACTS}?page=0`, undefined, 400, 'invalid_page'],
    ['per_page', 'GET', `${CONTACTS}?per_page=x`, undefined, 400, 'invalid_per_page'],
    ['path', 'GET', `${CONTACTS}/3125550142`, undefined, 400, 'invalid_phone'],
    ['unknown', 'GET', `${CONTACTS}/%2B13125550199`, undefined, 404, 'contact_not_found'],
    ['no phone', 'PUT', CONTACTS, {}, 400, 'missing_phone_number'],
    ['no list', 'PUT', CONTACTS, { phone_number: 'x' }, 400, 'missing_list_number'],
    ['no fields', 'PUT', CONTACTS, { phone_number: 'x', list_number: 'x' }, 400, 'missing_custom_fields'],
    ['null fields', 'PUT', CONTACTS, { ...good, custom_fields: null }, 400, 'missing_custom_fields'],
    [
      'bad fields first',
      'PUT',
      CONTACTS,
      { phone_number: 'x', list_number: 'x', custom_fields: 1, merge_fields: 1 },
      400,
      'invalid_custom_fields',
    ],
    [
      'bad flag next',
      'PUT',
      CONTACTS,
      { phone_number: 'x', list_number: 'x', custom_fields: {}, merge_fields: 1 },
      400,
      'invalid_merge_fields',
    ],
    ['bad phone', 'PUT', CONTACTS, { phone_number: 'x', list_number: 'x', custom_fields: {} }, 400, 'invalid_phone'],
    ['bad list', 'PUT', CONTACTS, { ...good, list_number: 'x', custom_fields: {} }, 400, 'invalid_list_number'],
    ['unknown contact', 'PUT', CONTACTS, { ...good, custom_fields: {} }, 400, 'contact_not_found'],
    ['no phone', 'DELETE', CONTACTS, {}, 400, 'missing_phone_number'],
    ['no list', 'DELETE', `${CONTACTS}?phone_number=x`, undefined, 400, 'missing_list_number'],
    ['bad phone', 'DELETE', `${CONTACTS}?phone_number=x&list_number=x`, undefined, 400, 'invalid_phone'],
    ['bad list', 'DELETE', CONTACTS, { ...good, list_number: 'x' }, 400, 'invalid_list_number'],
    ['no phone', 'POST', '/api/v2/blocks', {}, 400, 'missing_phone_number'],
    ['bad phone', 'POST', '/api/v2/blocks', { phone_number: 5, list_number: 5 }, 400, 'invalid_phone'],
    ['bad list', 'POST', '/api/v2/blocks', { ...good, list_number: 5, reason: 5 }, 400, 'invalid_list_number'],
    ['bad reason', 'POST', '/api/v2/blocks', { ...good, reason: 'x'.repeat(256) }, 400, 'invalid_reason'],
    ['unknown list', 'POST', '/api/v2/blocks', { ...good, list_number: '+18005559000' }, 400, 'list_not_found'],
    ['filter', 'GET', '/api/v2/blocks?phone_number=5', undefined, 400, 'invalid_phone'],
    ['page', 'GET', '/api/v2/blocks?page=-1', undefined, 400, 'invalid_page'],
    ['per_page', 'GET', '/api/v2/blocks?per_page=0', undefined, 400, 'invalid_per_page'],
    ['unknown', 'DELETE', `/api/v2/blocks/${'a'.repeat(24)}`, undefined, 404, 'not_found'],
    ['malformed', 'DELETE', '/api/v2/blocks/5', undefined, 404, 'not_found'],
  ];

  test.each(rows)('%s: %s %s', async (_name, method, path, body, status, code) => {
    expect(await api.call(method, path, body)).toMatchObject({ status, json: { code } });
    const { rows: stored } = await api.installation.pool.query(
      'select 1 from contact union all select 1 from list_contact union all select 1 from block',
    );
    expect(stored).toEqual([]);
  });

  test('an update tells what is missing: the contact, the list, or the one on the other', async () => {
    await save();
    const put = (list: string) =>
      api.call('PUT', CONTACTS, { phone_number: PHONE, list_number: list, custom_fields: {} });
    expect(await put('+18005559000')).toMatchObject({ status: 400, json: { code: 'list_not_found' } });
    expect(await put('+18005552000')).toMatchObject({ status: 400, json: { code: 'list_contact_not_found' } });
  });

  test.each([
    [null, 'no_billing_config'],
    ['no_payment_method', 'no_payment_method'],
    ['payment_failed', 'payment_failed'],
    ['suspended', 'suspended'],
  ])('billing that is enforced and in state %s refuses look-ups only', async (state, code) => {
    const set = (settings: object) =>
      api.installation.pool.query('update account set settings = $1', [JSON.stringify(settings)]);
    await set({ billing_enforced: true, billing_state: state });
    await api.installation.directory.refresh();
    expect(await save({ use_validation: true })).toMatchObject({ status: 402, json: { code } });
    const rows = [{ phone_number: PHONE, list_number: LIST, use_validation: true }];
    expect(await api.call('POST', `${CONTACTS}/bulk`, { contacts: rows })).toMatchObject({ status: 402 });
    expect(await save()).toMatchObject({ status: 201 });
    await set({});
    await api.installation.directory.refresh();
  });
});

describe('one contact', () => {
  test('is created with 201, changed with 200, and read with all that is known', async () => {
    const created = await save({
      email: 'zoe@nwp.example',
      first_name: 'Zoe',
      custom_fields: { tier: 'silver' },
      signup_date: '2026-09-14T11:20:00Z',
      ad_network_source: 'adwords',
    });
    expect(created).toEqual({
      status: 201,
      json: {
        success: true,
        contact_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        list_contact_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        is_new_contact: true,
        is_new_list_contact: true,
        journeys_enrolled: 0,
        warnings: [],
      },
    });
    const second = await save({ list_number: '+18005552000', custom_fields: {} });
    expect(second).toMatchObject({ status: 201, json: { is_new_contact: false, is_new_list_contact: true } });
    expect(await save({ last_name: 'Ng' })).toMatchObject({
      status: 200,
      json: { is_new_contact: false, is_new_list_contact: false, contact_id: created.json.contact_id },
    });
    expect(await api.call('GET', `${CONTACTS}/%2B13125550142`)).toEqual({
      status: 200,
      json: {
        phone_number: PHONE,
        carrier: null,
        line_type: 'CELL PHONE',
        timezone: 'America/Chicago',
        is_valid: true,
        timezones: ['America/Chicago'],
        state: 'IL',
        validation_status: null,
        on_dnc: false,
        contact_id: created.json.contact_id,
        email: 'zoe@nwp.example',
        first_name: 'Zoe',
        last_name: 'Ng',
        blocked: false,
        lists: [
          {
            list_id: 1,
            list_number: LIST,
            active: true,
            signup_date: '2026-09-14T11:20:00.000Z',
            custom_fields: { tier: 'silver' },
            send_count: 0,
            click_count: 0,
            revenue_total: 0,
            conversion_count: 0,
            last_sent_at: null,
            last_clicked_at: null,
            signup_method: 'api',
            in_workflow: false,
            unsubscribed_at: null,
            unsubscribe_reason: null,
            list_contact_id: created.json.list_contact_id,
          },
          expect.objectContaining({ list_id: 2 }),
        ],
      },
    });
  });

  test('an explicit zone comes before that of the number, and the account last', async () => {
    await save({ timezone: 'America/Denver' });
    await save({ phone_number: '+18505550142' });
    const zoneOf = async (phone: string) => (await api.call('GET', `${CONTACTS}/%2B${phone}`)).json.timezone;
    expect(await zoneOf('13125550142')).toBe('America/Denver');
    expect(await zoneOf('18505550142')).toBeNull();
  });

  test('a signup date that is a little ahead is stored as now', async () => {
    await save({ signup_date: new Date(START_MS + 86_000_000).toISOString() });
    const { json } = await api.call('GET', CONTACTS);
    expect(json.contacts[0].signup_date).toBe(new Date(START_MS).toISOString());
  });

  test('an opt-out holds until a newer consent comes, and each step is told and recorded', async () => {
    await save();
    expect(await remove()).toEqual({ status: 200, json: { success: true, unsubscribed: true } });
    expect(await remove()).toEqual({ status: 200, json: { success: true, unsubscribed: false } });
    expect(await save({ signup_date: new Date(START_MS).toISOString() })).toMatchObject({
      status: 200,
      json: {
        warnings: [
          'contact is unsubscribed from this list; pass a signup_date later than the opt-out to subscribe again',
        ],
      },
    });
    api.installation.nowMs += 10_000;
    const later = new Date(START_MS + 5_000).toISOString();
    expect(await save({ signup_date: later, ip_address: '203.0.113.7' })).toMatchObject({ json: { warnings: [] } });
    const { json } = await api.call('GET', `${CONTACTS}?active=true`);
    expect(json.contacts).toMatchObject([{ active: true, signup_date: later, unsubscribe_reason: null }]);
    expect(api.told.map(({ event }) => event)).toEqual(['resubscribe', 'unsubscribe', 'resubscribe']);
    const { rows } = await api.installation.pool.query(
      'select kind, source, ip_address, actor from consent order by seq desc limit 3',
    );
    const actor = `key:${api.installation.caller.key.id}`;
    // Nothing of the consent that was older than the opt-out: it allows nothing.
    expect(rows.map((row) => row.kind)).toEqual(['resubscribe', 'opt_out', 'opt_in']);
    expect(rows[0]).toEqual({ kind: 'resubscribe', source: 'api', ip_address: '203.0.113.7', actor });
  });

  test('the other list of the account keeps its subscription', async () => {
    await save();
    await save({ list_number: '+18005552000' });
    await remove();
    const { json } = await api.call('GET', `${CONTACTS}?active=true`);
    expect(json.contacts).toMatchObject([{ list_id: 2 }]);
  });

  test('fields are merged, replaced and taken away, and the answer has all of them', async () => {
    await save({ custom_fields: { a: 1, b: 'x' } });
    const put = (custom_fields: object, merge_fields?: boolean) =>
      api.call('PUT', CONTACTS, { phone_number: PHONE, list_number: LIST, custom_fields, merge_fields });
    expect(await put({ b: null, c: true })).toMatchObject({ json: { custom_fields: { a: 1, c: true } } });
    expect(await put({})).toMatchObject({ status: 200, json: { success: true, custom_fields: { a: 1, c: true } } });
    expect(await put({ d: 1.5 }, false)).toMatchObject({ json: { custom_fields: { d: 1.5 } } });
    const many = (start: number) =>
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${start + index}`, 1]));
    await put(many(0), false);
    expect(await put(many(60))).toMatchObject({ status: 400, json: { code: 'invalid_custom_fields' } });
  });

  test('a contact that the installation knows is not refused, whatever its number', async () => {
    await api.installation.pool.query(
      `insert into contact (phone, is_valid, line_type, created_ms) values (13121550142, false, 'FAKE', 0)`,
    );
    expect(await save({ phone_number: '+13121550142' })).toMatchObject({
      status: 201,
      json: { is_new_contact: false },
    });
  });

  test('a look-up is stored whatever it says, asked once, and its failure is a warning', async () => {
    const first = await save({ phone_number: '+13125550101', use_validation: true });
    expect(first).toMatchObject({
      status: 201,
      json: { validation: { disposition: 'unreachable', line_type: 'fixed line', cost: 0.003, cached: false } },
    });
    expect(first.json.validation).not.toHaveProperty('phone');
    const again = await save({ phone_number: '+13125550101', use_validation: true });
    expect(again.json.validation).toMatchObject({ cost: 0, cached: true });
    const forced = await save({ phone_number: '+13125550101', use_validation: true, force_validation: true });
    expect(forced.json.validation).toMatchObject({ cost: 0.003, cached: false });
    expect(await api.call('GET', `${CONTACTS}/%2B13125550101`)).toMatchObject({
      json: { line_type: 'LANDLINE', carrier: 'Sim Landline', validation_status: 'unreachable' },
    });
    const failed = await save({ phone_number: '+13125550135', use_validation: true });
    expect(failed).toMatchObject({ status: 201, json: { warnings: ['phone validation failed'] } });
    expect(failed.json).not.toHaveProperty('validation');
  });

  test('a repeat with the same Idempotency-Key acts once', async () => {
    const headers = { 'idempotency-key': 'once' };
    const body = { phone_number: PHONE, list_number: LIST };
    const first = await api.call('POST', CONTACTS, body, headers);
    expect(await api.call('POST', CONTACTS, body, headers)).toEqual(first);
    expect(api.told).toHaveLength(1);
  });
});

test('bulk rows are judged alone, act in order and are counted', async () => {
  await save({ phone_number: '+13125550150' });
  await api.call('DELETE', CONTACTS, { phone_number: '+13125550150', list_number: LIST });
  const contacts = [
    { phone_number: PHONE, custom_fields: { a: 1, b: 1 } },
    { phone_number: PHONE, custom_fields: { a: 2 }, first_name: 'Zoe' },
    { phone_number: '+13125550' },
    'x',
    { phone_number: '+13121550142' },
    { phone_number: '+13125550143', list_number: '+18005554000' },
    { phone_number: '+13125550150' },
    { phone_number: '+13125550102', use_validation: true },
    { phone_number: '+13125550136', use_validation: true },
    { phone_number: '+13125550144', first_name: 'x'.repeat(4_001) },
    { phone_number: PHONE, list_number: '+18005552000' },
  ];
  const reply = await api.call('POST', `${CONTACTS}/bulk`, { list_number: LIST, contacts });
  expect(reply).toMatchObject({
    status: 201,
    json: {
      success_count: 4,
      error_count: 7,
      errors: [
        { index: 2, phone_number: '+13125550', code: 'invalid_phone', error: 'phone_number must be in E.164 format' },
        { index: 3, phone_number: null, code: 'invalid_contact' },
        { index: 4, code: 'not_sendable' },
        { index: 5, code: 'list_not_found' },
        { index: 7, code: 'validation_failed', validation: { disposition: 'unreachable' } },
        { index: 8, code: 'provider_error' },
        { index: 9, code: 'payload_too_large' },
      ],
      contacts_created: 1,
      list_contacts_created: 2,
      journeys_enrolled: 0,
      warnings: [
        'contact is unsubscribed from this list; pass a signup_date later than the opt-out to subscribe again (1 rows)',
      ],
    },
  });
  expect(reply.json).not.toHaveProperty('success');
  const { json } = await api.call('GET', `${CONTACTS}/%2B13125550142`);
  expect(json).toMatchObject({ first_name: 'Zoe', lists: [{ custom_fields: { a: 2, b: 1 } }, { list_id: 2 }] });
});

test('pages hold every list contact once, newest signup first, then the larger id', async () => {
  const contacts = Array.from({ length: 30 }, (_, index) => ({
    phone_number: `+131255501${String(index).padStart(2, '0')}`,
    list_number: index % 3 === 0 ? '+18005552000' : LIST,
    signup_date: `2026-09-${String(1 + (index % 4)).padStart(2, '0')}`,
  }));
  await api.call('POST', `${CONTACTS}/bulk`, { contacts });
  const seen: { signup_date: string; list_contact_id: string }[] = [];
  for (let page = 1; page <= 4; page++) {
    const { json } = await api.call('GET', `${CONTACTS}?page=${page}&per_page=8`);
    expect(json.pagination).toEqual({ page, per_page: 8, total: 30, total_pages: 4 });
    seen.push(...json.contacts);
  }
  expect(new Set(seen.map((contact) => contact.list_contact_id)).size).toBe(30);
  const keys = seen.map((contact) => contact.signup_date + contact.list_contact_id);
  expect(keys).toEqual([...keys].sort().toReversed());
  const beyond = await api.call('GET', `${CONTACTS}?page=9&per_page=5000&list_number=%2B18005552000`);
  expect(beyond.json).toEqual({ contacts: [], pagination: { page: 9, per_page: 1000, total: 10, total_pages: 1 } });
});

describe('blocks', () => {
  const gateRows = async () =>
    (await api.installation.pool.query('select list_id from list_block order by list_id')).rows.map(
      (row) => row.list_id,
    );

  test('a block of the account holds on all its lists, on new ones too, until it is taken away', async () => {
    const added = await api.call('POST', '/api/v2/blocks', { phone_number: PHONE, reason: 'litigator' });
    expect(added).toMatchObject({
      status: 201,
      json: { success: true, block: { phone_number: PHONE, list_number: null, reason: 'litigator' } },
    });
    expect(added.json).not.toHaveProperty('created');
    expect(await api.call('POST', '/api/v2/blocks', { phone_number: PHONE, reason: 'other' })).toEqual({
      status: 200,
      json: added.json,
    });
    expect(await save()).toMatchObject({ status: 201, json: { warnings: ['contact is on the block list'] } });
    const { deps, caller, pool } = api.installation;
    const list = await createList(deps, {
      accountId: caller.account.id,
      number: '+18005556000',
      type: 'simulator',
      name: 'New',
    });
    expect(await gateRows()).toEqual([1, 2, 3, list.id]);
    await withTransaction(pool, (transaction) => transaction.query('delete from list where id = $1', [list.id]));
    await pool.query('delete from list_block where list_id = $1', [list.id]);
    await api.installation.directory.refresh();
    const onList = await api.call('POST', '/api/v2/blocks', { phone_number: PHONE, list_number: LIST });
    expect((await api.call('GET', `/api/v2/blocks?phone_number=%2B13125550142`)).json.pagination.total).toBe(2);
    const id = added.json.block.id.toUpperCase();
    expect(await api.call('DELETE', `/api/v2/blocks/${id}`)).toEqual({
      status: 200,
      json: { success: true, deleted: true },
    });
    expect(await gateRows()).toEqual([1]);
    await api.call('DELETE', `/api/v2/blocks/${onList.json.block.id}`);
    expect(await gateRows()).toEqual([]);
    const kinds = await pool.query('select kind from consent order by seq desc limit 4');
    expect(kinds.rows.map((row) => row.kind)).toEqual(['unblock', 'unblock', 'block', 'opt_in']);
  });
});

const OTHER_LIST = '+18005552000';

test.each([
  ['DELETE', '/api/v2/contacts', { phone_number: PHONE, list_number: LIST }, [true, false]],
  ['POST', '/api/v2/blocks', { phone_number: PHONE, list_number: OTHER_LIST }, [false, true]],
  ['POST', '/api/v2/blocks', { phone_number: PHONE }, [true, true]],
  ['POST', '/api/v1/opt-outs', { to: PHONE, from_phone_number_id: LIST }, [true, false]],
  ['POST', '/api/v1/opt-outs', { to: PHONE }, [true, true]],
  ['POST', '/api/v1/opt-outs', { to: '+13125550199' }, [true, true]],
  ['POST', '/api/v1/opt-outs', { to: '+13125550199', from_phone_number_id: OTHER_LIST }, [false, true]],
] as const)('%s %s %j keeps back what passed the gate before it', async (method, path, body, expected) => {
  await save();
  await save({ list_number: OTHER_LIST });
  const { directory } = api.installation;
  const looks = [LIST, OTHER_LIST].map((number) => api.withdrawals.look(directory.listByNumber(number)?.id ?? 0));
  expect((await api.call(method, path, body)).status).toBeLessThan(300);
  const phone = Number('to' in body ? body.to : body.phone_number);
  expect(looks.map((look) => look.isWithdrawn(phone))).toEqual(expected);
});

test.each([
  ['', {}],
  [' with an Idempotency-Key', { 'idempotency-key': 'meets-a-deadlock' }],
])('an opt-out%s that meets a change of the same contacts in another order is done again', async (_, headers) => {
  await save();
  await save({ list_number: OTHER_LIST });
  const { pool, directory } = api.installation;
  const lockOn = (client: PoolClient, number: string) =>
    client.query('select from list_contact where list_id = $1 for update', [directory.listByNumber(number)?.id]);
  const other = await pool.connect();
  try {
    await other.query('begin');
    // The other one finds out about the circle first.
    await other.query(`set local deadlock_timeout = '3s'`);
    await lockOn(other, OTHER_LIST);
    const optOut = api.call('POST', '/api/v1/opt-outs', { to: PHONE }, headers);
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await until('the opt-out waits', async () => (await pool.query(waiting)).rowCount === 1);
    // On a machine that is slow enough it is this one that has to give way.
    await lockOn(other, LIST).catch(() => {});
    await other.query('commit');
    expect(await optOut).toMatchObject({ status: 201, json: { lists_unsubscribed: 2 } });
  } finally {
    other.release();
  }
});

describe('version 1', () => {
  const V1 = '/api/v1';
  test('writes do nothing and say so, but the body must be JSON', async () => {
    const stub = { success: true, deprecated: true, message: 'v1 contact writes do nothing; use /api/v2/contacts' };
    for (const [method, path] of [
      ['POST', '/contacts'],
      ['POST', '/contacts/bulk'],
      ['PUT', '/contacts/13125550142'],
      ['PATCH', '/contacts/13125550142'],
      ['DELETE', '/contacts/13125550142'],
    ] as const) {
      expect(await api.call(method, V1 + path, { a: 1 })).toEqual({ status: 200, json: stub });
      expect(await api.call(method, V1 + path)).toEqual({ status: 200, json: stub });
      expect(await api.call(method, V1 + path, '{')).toMatchObject({ status: 400, json: { code: 'invalid_json' } });
    }
  });

  test('a contact is one number with the state of all its lists', async () => {
    await save({ email: 'zoe@nwp.example' });
    await save({ list_number: '+18005552000' });
    await remove();
    const { json } = await api.call('GET', `${V1}/contacts/(312)%20555-0142`);
    expect(json).toMatchObject({
      phone_number: PHONE,
      status: 'subscribed',
      opted_out: new Date(START_MS).toISOString(),
      deprecated: true,
      contact: { id: expect.any(String), email: 'zoe@nwp.example', status: 'subscribed', timezone: 'America/Chicago' },
    });
    await api.call('POST', '/api/v2/blocks', { phone_number: PHONE });
    const list = await api.call('GET', `${V1}/contacts?limit=5000`);
    expect(list.json.contacts).toMatchObject([{ phone_number: PHONE, status: 'unsubscribed' }]);
  });

  test.each([
    ['GET', '/contacts/555', undefined, 400, 'invalid_phone'],
    ['GET', '/contacts/3125550142', undefined, 404, 'contact_not_found'],
    ['GET', '/contacts/abc', undefined, 400, 'invalid_phone'],
    ['GET', '/contacts/%2B0123', undefined, 400, 'invalid_phone'],
    ['GET', '/contacts/3125550142%00', undefined, 400, 'invalid_phone'],
    ['GET', '/contacts?limit=0', undefined, 400, 'invalid_limit'],
    ['GET', '/contacts?limit=', undefined, 400, 'invalid_limit'],
    ['GET', '/contacts?limit=1.5', undefined, 400, 'invalid_limit'],
    ['GET', '/contacts?limit=x&offset=x', undefined, 400, 'invalid_limit'],
    ['GET', '/contacts?offset=-1', undefined, 400, 'invalid_offset'],
    ['GET', '/contacts?offset=1e3', undefined, 400, 'invalid_offset'],
    ['POST', '/opt-outs', {}, 400, 'missing_to'],
    ['POST', '/opt-outs', { to_msisdn: '', to: null, reason: 5 }, 400, 'missing_to'],
    ['POST', '/opt-outs', { to_msisdn: 3125550142 }, 400, 'invalid_phone'],
    ['POST', '/opt-outs', { to_msisdn: '5550142', reason: 5 }, 400, 'invalid_phone'],
    ['POST', '/opt-outs', { to: PHONE, reason: 'x'.repeat(256), from_phone_number_id: 'x' }, 400, 'invalid_reason'],
    ['POST', '/opt-outs', { to: PHONE, from_phone_number_id: true }, 400, 'invalid_from'],
    ['POST', '/opt-outs', { to: PHONE, from_phone_number_id: 'pn_0000000000000000' }, 404, 'list_not_found'],
    ['POST', '/opt-outs', { to: PHONE, from_phone_number_id: '+18005559000' }, 404, 'list_not_found'],
    ['POST', '/opt-outs', { to_msisdn: '', to: '555' }, 400, 'invalid_phone'],
    ['POST', '/opt-outs', { to: PHONE, reason: 5 }, 400, 'invalid_reason'],
    ['POST', '/opt-outs', { to: PHONE, from_phone_number_id: 'x' }, 400, 'invalid_from'],
    ['POST', '/opt-outs', { to: PHONE, from_phone_number_id: 99 }, 404, 'list_not_found'],
  ] as const)('%s %s %j', async (method, path, body, status, code) => {
    expect(await api.call(method, V1 + path, body)).toMatchObject({ status, json: { code, deprecated: true } });
  });

  test('contacts and their page have exactly the fields of version 1; a page is sorted by id and goes from the offset', async () => {
    await save({ first_name: 'Zoe', last_name: 'Ray' });
    await save({ phone_number: '+13125550143' });
    const whole = (await api.call('GET', `${V1}/contacts`)).json;
    expect(Object.keys(whole)).toEqual(['contacts', 'deprecated']);
    const ids = whole.contacts.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(ids.toSorted());
    const [first] = whole.contacts.filter((row: { phone_number: string }) => row.phone_number === PHONE);
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      phone_number: PHONE,
      first_name: 'Zoe',
      last_name: 'Ray',
      email: null,
      status: 'subscribed',
      opted_out: null,
      timezone: 'America/Chicago',
      created_at: new Date(START_MS).toISOString(),
    });
    expect((await api.call('GET', `${V1}/contacts/3125550142`)).json).toEqual({
      phone_number: PHONE,
      status: 'subscribed',
      opted_out: null,
      contact: first,
      deprecated: true,
    });
    const page = await api.call('GET', `${V1}/contacts?limit=1&offset=1`);
    expect(page.json.contacts).toEqual([whole.contacts[1]]);
    expect((await api.call('GET', `${V1}/contacts?offset=2`)).json.contacts).toEqual([]);
  });

  test.each(['+13125550142', '13125550142', '(312) 555-0142', '312.555.0142'])('reads %s', async (written) => {
    await save();
    expect((await api.call('GET', `${V1}/contacts/${encodeURIComponent(written)}`)).json.phone_number).toBe(PHONE);
    const optOut = await api.call('POST', `${V1}/opt-outs`, { to_msisdn: written });
    expect(optOut.json).toEqual({ success: true, to_msisdn: PHONE, lists_unsubscribed: 1, deprecated: true });
  });

  test('the reason of an opt-out is kept in the ledger', async () => {
    await save();
    await api.call('POST', `${V1}/opt-outs`, { to_msisdn: PHONE, reason: 'asked on the phone' });
    const { rows } = await api.installation.pool.query(
      `select source, text from consent where kind = 'opt_out' order by seq desc limit 1`,
    );
    expect(rows).toEqual([{ source: 'api', text: 'asked on the phone' }]);
  });

  test('an opt-out ends all subscriptions, or one; of an unknown number it is a block', async () => {
    await save();
    await save({ list_number: '+18005552000' });
    const optOut = (body: object) => api.call('POST', `${V1}/opt-outs`, body);
    expect(await optOut({ to_msisdn: '3125550142', from_phone_number_id: '2', reason: 'mail' })).toEqual({
      status: 201,
      json: { success: true, to_msisdn: PHONE, lists_unsubscribed: 1, deprecated: true },
    });
    expect(await optOut({ to: PHONE })).toMatchObject({ json: { lists_unsubscribed: 1 } });
    expect(await optOut({ to: PHONE })).toMatchObject({ json: { lists_unsubscribed: 0 } });
    // The account has a third list, which it was never on: nothing may be sent from there either, but nothing ended.
    expect(api.told.filter(({ event }) => event === 'unsubscribe')).toMatchObject([
      { listNumber: '+18005552000', reason: 'api', keyword: null },
      { listNumber: '+18005551000', reason: 'api', keyword: null },
    ]);
    expect((await save({ list_number: '+18005553000' })).json).toMatchObject({
      is_new_list_contact: false,
      warnings: [expect.stringContaining('unsubscribed from this list')],
    });
    expect(await optOut({ to: '+13125550199' })).toMatchObject({ status: 201, json: { lists_unsubscribed: 0 } });
    const { json } = await api.call('GET', '/api/v2/blocks');
    expect(json.blocks).toMatchObject([{ phone_number: '+13125550199', list_number: null }]);
  });
});
