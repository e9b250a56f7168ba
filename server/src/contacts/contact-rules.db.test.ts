import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ContactApi, createContactApi } from '../../test/helpers/contact-api.ts';
import { START_MS } from '../../test/helpers/message-fixture.ts';

const LIST = '+18005551000';
const PHONE = '+13125550142';
const CONTACTS = '/api/v2/contacts';
const HOUR_MS = 3_600_000;
const OPTED_OUT_MS = START_MS - HOUR_MS;
const UNSUBSCRIBED =
  'contact is unsubscribed from this list; pass a signup_date later than the opt-out to subscribe again';
const BLOCKED = 'contact is on the block list';

let api: ContactApi;
beforeAll(async () => {
  api = await createContactApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  api.told.length = 0;
  api.installation.nowMs = START_MS;
  await api.installation.pool.query(
    'truncate contact, list_contact, account_contact, block, list_block, phone_lookup, lookup_charge, idempotency_key',
  );
});

const save = (change: object = {}) => api.call('POST', CONTACTS, { phone_number: PHONE, list_number: LIST, ...change });
const bulk = (contacts: unknown[]) => api.call('POST', `${CONTACTS}/bulk`, { list_number: LIST, contacts });
const iso = (atMs: number): string => new Date(atMs).toISOString();

async function membership() {
  const { json } = await api.call('GET', `${CONTACTS}/${encodeURIComponent(PHONE)}`);
  return json.lists[0];
}

async function lastConsent(): Promise<number> {
  const { rows } = await api.installation.pool.query<{ seq: number }>(
    'select coalesce(max(seq), 0) as seq from consent',
  );
  return rows[0]?.seq ?? 0;
}

async function consentsAfter(seq: number): Promise<unknown[]> {
  const { rows } = await api.installation.pool.query(
    'select kind, at_ms as "atMs", ip_address as ip, url from consent where seq > $1 order by seq',
    [seq],
  );
  return rows;
}

/** Makes the list contact that a row of the table begins with. */
async function begin(state: 'active' | 'unsubscribed' | 'no_consent'): Promise<void> {
  await api.installation.pool.query(
    `insert into list_contact (list_id, phone, active, reason, unsubscribed_ms, signup_ms, signup_method, custom_fields,
       created_ms) values (1, 13125550142, $1, $2, $3, $4, $5, '{"a":1}', 0)`,
    [
      state === 'active',
      { active: null, unsubscribed: 'message', no_consent: 'no_consent' }[state],
      state === 'unsubscribed' ? OPTED_OUT_MS : null,
      START_MS - 10 * HOUR_MS,
      state === 'no_consent' ? 'inbound' : 'form',
    ],
  );
}

const before = iso(OPTED_OUT_MS);
const later = iso(OPTED_OUT_MS + 1);
const kept = { signup_date: iso(START_MS - 10 * HOUR_MS), signup_method: 'form' };

describe('what an existing list contact does', () => {
  test.each<[string, 'active' | 'unsubscribed' | 'no_consent', object, object, string[], object[], string[]]>([
    ['stays', 'active', {}, { active: true, ...kept }, [], [], []],
    [
      'stays, with a record of its consent',
      'active',
      { signup_date: later },
      { active: true, ...kept },
      [],
      [{ kind: 'opt_in', atMs: OPTED_OUT_MS + 1, ip: null, url: null }],
      [],
    ],
    [
      'stays, with a record of where it consented',
      'active',
      { ip_address: '::1', url: 'https://x.example/' },
      { active: true, ...kept },
      [],
      [{ kind: 'opt_in', atMs: START_MS, ip: '::1', url: 'https://x.example/' }],
      [],
    ],
    ['stays out', 'unsubscribed', {}, { active: false, unsubscribed_at: before, ...kept }, [UNSUBSCRIBED], [], []],
    ['stays out', 'unsubscribed', { signup_date: before }, { active: false, ...kept }, [UNSUBSCRIBED], [], []],
    ['stays out', 'unsubscribed', { ip_address: '::1' }, { active: false, ...kept }, [UNSUBSCRIBED], [], []],
    [
      'comes back',
      'unsubscribed',
      { signup_date: later },
      { active: true, signup_date: later, signup_method: 'form', unsubscribed_at: null, unsubscribe_reason: null },
      [],
      [{ kind: 'resubscribe', atMs: OPTED_OUT_MS + 1, ip: null, url: null }],
      ['resubscribe'],
    ],
    [
      'consents for the first time',
      'no_consent',
      {},
      { active: true, signup_date: iso(START_MS), signup_method: 'api', unsubscribe_reason: null },
      [],
      [{ kind: 'opt_in', atMs: START_MS, ip: null, url: null }],
      ['resubscribe'],
    ],
  ])('%s: %s, %j', async (_name, state, request, after, warnings, consents, events) => {
    await begin(state);
    const seq = await lastConsent();
    const saved = await save({ custom_fields: { b: 2 }, ...request });
    expect(saved).toMatchObject({ status: 201, json: { is_new_contact: true, is_new_list_contact: false, warnings } });
    expect(await membership()).toMatchObject({ ...after, custom_fields: { a: 1, b: 2 } });
    expect(await consentsAfter(seq)).toEqual(consents);
    expect(api.told.map(({ event }) => event)).toEqual(events);
  });

  test.each<[string, string | undefined]>([
    ['on the list', LIST],
    ['in the account', undefined],
  ])('is stored while it is blocked %s, and stays blocked', async (_where, listNumber) => {
    await begin('unsubscribed');
    await api.call('POST', '/api/v2/blocks', { phone_number: PHONE, list_number: listNumber });
    expect((await save()).json.warnings).toEqual([UNSUBSCRIBED, BLOCKED]);
    expect((await save({ signup_date: later })).json.warnings).toEqual([BLOCKED]);
    expect(await membership()).toMatchObject({ active: true });
    const { rows } = await api.installation.pool.query('select list_id, phone from list_block');
    expect(rows).toEqual([{ list_id: 1, phone: 13_125_550_142 }]);
  });
});

describe('limits', () => {
  const sized = (bytes: number) => {
    const contact = {
      phone_number: PHONE,
      list_number: LIST,
      custom_fields: { a: 'x'.repeat(1_000), b: 'x'.repeat(1_000) },
    };
    const size = Buffer.byteLength(JSON.stringify({ ...contact, ignored: '' }));
    return { ...contact, ignored: 'é'.repeat((bytes - size) >> 1) + 'x'.repeat((bytes - size) & 1) };
  };

  test('a contact of 4,000 bytes is taken, and one byte more is not, alone or in bulk', async () => {
    expect(await api.call('POST', CONTACTS, sized(4_001))).toMatchObject({
      status: 413,
      json: { code: 'payload_too_large' },
    });
    expect((await bulk([sized(4_001)])).json.errors).toMatchObject([{ index: 0, code: 'payload_too_large' }]);
    expect((await bulk([sized(4_000)])).json.errors).toEqual([]);
    expect(await api.call('POST', CONTACTS, sized(4_000))).toMatchObject({ status: 200 });
  });

  test('1,000 rows are taken at once, and each bad one is told by its place', async () => {
    const contacts = Array.from({ length: 1_000 }, (_, index) => ({
      phone_number: index % 7 === 3 ? `+1312556${index}` : `+1312556${1_000 + index}`,
      signup_date: index % 11 === 5 ? 'soon' : '2026-09-01',
    }));
    const { status, json } = await bulk(contacts);
    const expected = contacts.flatMap((_, index) => {
      const code = index % 7 === 3 ? 'invalid_phone' : index % 11 === 5 ? 'invalid_signup_date' : undefined;
      return code === undefined ? [] : [{ index, code }];
    });
    expect(status).toBe(201);
    expect(json.errors.map(({ index, code }: { index: number; code: string }) => ({ index, code }))).toEqual(expected);
    expect(json).toMatchObject({
      success_count: 1_000 - expected.length,
      error_count: expected.length,
      contacts_created: 1_000 - expected.length,
      list_contacts_created: 1_000 - expected.length,
    });
    const { rows } = await api.installation.pool.query('select count(*) from list_contact');
    expect(rows).toEqual([{ count: 1_000 - expected.length }]);
  });

  test('custom fields that are too many together with the stored ones are refused', async () => {
    const fields = (from: number) =>
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${from + index}`, 1]));
    await save({ custom_fields: fields(0) });
    expect(await save({ custom_fields: fields(60) })).toMatchObject({
      status: 400,
      json: { code: 'invalid_custom_fields' },
    });
    const rows = [
      { phone_number: PHONE, custom_fields: fields(40) },
      { phone_number: PHONE, custom_fields: { another: 1 } },
      { phone_number: PHONE, custom_fields: { k0: null } },
      { phone_number: PHONE, custom_fields: { another: 1 } },
      { phone_number: PHONE, custom_fields: fields(100), replace_custom_fields: true },
      { phone_number: PHONE, custom_fields: { another: 1 } },
    ];
    expect((await bulk(rows)).json).toMatchObject({
      success_count: 5,
      errors: [{ index: 1, code: 'invalid_custom_fields' }],
    });
    expect(Object.keys((await membership()).custom_fields)).toHaveLength(61);
  });

  test('a batch of which every row fails is answered with 201', async () => {
    expect(await bulk([{}, null])).toMatchObject({
      status: 201,
      json: {
        success_count: 0,
        error_count: 2,
        errors: [{ code: 'missing_phone_number' }, { code: 'invalid_contact' }],
      },
    });
  });

  test('the same warning of several rows is told once, with their number', async () => {
    await begin('unsubscribed');
    const rows = [{ phone_number: PHONE }, { phone_number: '+13125550143' }, { phone_number: PHONE }];
    expect((await bulk(rows)).json.warnings).toEqual([`${UNSUBSCRIBED} (2 rows)`]);
  });
});

describe('repeats with the same Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'once' };

  test('of a batch act once, and another batch is refused', async () => {
    const batch = (contacts: unknown[]) =>
      api.call('POST', `${CONTACTS}/bulk`, { list_number: LIST, contacts }, headers);
    const first = await batch([{ phone_number: PHONE, use_validation: true }, {}]);
    expect(first).toMatchObject({ status: 201, json: { success_count: 1, contacts_created: 1 } });
    expect(await batch([{ phone_number: PHONE, use_validation: true }, {}])).toEqual(first);
    expect(await batch([{}])).toMatchObject({ status: 422, json: { code: 'idempotency_key_reused' } });
  });

  test('of a block answer 201 again', async () => {
    const block = () => api.call('POST', '/api/v2/blocks', { phone_number: PHONE }, headers);
    const first = await block();
    expect(first.status).toBe(201);
    expect(await block()).toEqual(first);
    expect((await api.call('POST', '/api/v2/blocks', { phone_number: PHONE })).status).toBe(200);
  });
});

describe('reads', () => {
  test('list contacts are filtered by list and by whether they are active', async () => {
    await save();
    await save({ phone_number: '+13125550143' });
    await api.call('DELETE', CONTACTS, { phone_number: PHONE, list_number: LIST });
    const phones = async (query: string) =>
      (await api.call('GET', `${CONTACTS}?${query}`)).json.contacts.map(
        (contact: { phone_number: string }) => contact.phone_number,
      );
    expect(await phones('active=true')).toEqual(['+13125550143']);
    expect(await phones('active=false&list_number=%2B18005551000')).toEqual([PHONE]);
    expect(await phones('active=false&active=true')).toEqual(['+13125550143']);
    const { json } = await api.call('GET', `${CONTACTS}?active=false`);
    expect(json.contacts).toMatchObject([{ unsubscribe_reason: 'api', unsubscribed_at: iso(START_MS), send_count: 0 }]);
  });

  test.each([[LIST], [undefined]])('a contact that is blocked (%s) says so', async (listNumber) => {
    await save();
    const blocked = async () => (await api.call('GET', `${CONTACTS}/${encodeURIComponent(PHONE)}`)).json.blocked;
    expect(await blocked()).toBe(false);
    await api.call('POST', '/api/v2/blocks', { phone_number: PHONE, list_number: listNumber });
    expect(await blocked()).toBe(true);
  });

  test('blocks come in pages, newest first', async () => {
    for (let i = 0; i < 3; i++) {
      api.installation.nowMs = START_MS + i;
      await api.call('POST', '/api/v2/blocks', { phone_number: `+1312555014${i}`, list_number: i === 1 ? LIST : null });
    }
    const { json } = await api.call('GET', '/api/v2/blocks?per_page=2');
    expect(json).toMatchObject({
      blocks: [
        { phone_number: '+13125550142', list_number: null, created_at: iso(START_MS + 2) },
        { phone_number: '+13125550141', list_number: LIST },
      ],
      pagination: { page: 1, per_page: 2, total: 3, total_pages: 2 },
    });
    const second = await api.call('GET', '/api/v2/blocks?per_page=2&page=2');
    expect(second.json.blocks).toMatchObject([{ phone_number: '+13125550140' }]);
  });
});

describe('look-ups', () => {
  const charged = async () =>
    (await api.installation.pool.query('select coalesce(sum(lookups), 0) as lookups from lookup_charge')).rows[0]
      ?.lookups;
  const billing = async (settings: object) => {
    await api.installation.pool.query('update account set settings = $1', [JSON.stringify(settings)]);
    await api.installation.directory.refresh();
  };

  test('nothing is asked about a contact that is refused anyway', async () => {
    const refused = { phone_number: '+13121550142', use_validation: true };
    expect((await save(refused)).json.code).toBe('not_sendable');
    expect((await bulk([refused, { phone_number: 'x', use_validation: true }])).json).toMatchObject({
      errors: [{ code: 'not_sendable' }, { code: 'invalid_phone' }],
    });
    expect(Number(await charged())).toBe(0);
  });

  test('what is wrong with the contact is told before what is wrong with the bill', async () => {
    await billing({ billing_enforced: true });
    const codes = async (change: object) => (await save({ use_validation: true, ...change })).json.code;
    expect(await codes({ phone_number: '+13121550142' })).toBe('not_sendable');
    expect(await codes({ list_number: '+18005559999' })).toBe('list_not_found');
    expect(await codes({})).toBe('no_billing_config');
    await billing({});
  });

  test('a known answer is no reason to refuse one contact, but a batch is refused as a whole', async () => {
    await save({ use_validation: true });
    await billing({ billing_enforced: true });
    expect(await save({ use_validation: true })).toMatchObject({ status: 200, json: { validation: { cached: true } } });
    expect(await bulk([{ phone_number: '+13125550143' }, { phone_number: PHONE, use_validation: true }])).toMatchObject(
      {
        status: 402,
        json: { code: 'no_billing_config' },
      },
    );
    const { rows } = await api.installation.pool.query('select phone from contact');
    expect(rows).toEqual([{ phone: 13_125_550_142 }]);
    await billing({});
  });

  test('a number that bulk refuses is not stored, and of one that is known the look-up is kept', async () => {
    await save({ phone_number: '+13125550101' });
    const rows = ['+13125550101', '+13125550102', '+13125550110'].map((phone) => ({
      phone_number: phone,
      use_validation: true,
    }));
    expect((await bulk(rows)).json).toMatchObject({
      success_count: 1,
      errors: [
        { index: 0, code: 'validation_failed', validation: { disposition: 'unreachable' } },
        { index: 1, code: 'validation_failed' },
      ],
    });
    const read = async (phone: string) => (await api.call('GET', `${CONTACTS}/${encodeURIComponent(phone)}`)).json;
    expect(await read('+13125550101')).toMatchObject({ line_type: 'LANDLINE', validation_status: 'unreachable' });
    expect(await read('+13125550102')).toMatchObject({ code: 'contact_not_found' });
    expect(await read('+13125550110')).toMatchObject({
      line_type: 'VOIP',
      carrier: 'Sim VoIP',
      validation_status: 'risky',
    });
    expect(Number(await charged())).toBe(3);
  });
});
