import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ContactApi, createContactApi } from '../../test/helpers/contact-api.ts';
import { START_MS } from '../../test/helpers/message-fixture.ts';
import { readDoNotCall } from './read-do-not-call.ts';

const LIST = '+18005551000';
const VERSIONS = ['/api/v1/phone/validate', '/api/v2/phone/validate'] as const;
const [, V2] = VERSIONS;

let api: ContactApi;
beforeAll(async () => {
  api = await createContactApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  api.installation.nowMs = START_MS;
  await api.installation.pool.query(
    `truncate contact, list_contact, account_contact, phone_lookup, lookup_charge, do_not_call, do_not_call_file;
     update account set settings = '{}'`,
  );
  await api.installation.directory.refresh();
});

const validate = (phone: unknown, force?: unknown) => api.call('POST', V2, { phone, force });
const batch = (phones: unknown, force?: unknown) => api.call('POST', `${V2}/batch`, { phones, force });
const save = (phone: string) => api.call('POST', '/api/v2/contacts', { phone_number: phone, list_number: LIST });
const read = async (phone: string) => (await api.call('GET', `/api/v2/contacts/${encodeURIComponent(phone)}`)).json;

async function set(settings: object): Promise<void> {
  await api.installation.pool.query('update account set settings = $1', [JSON.stringify(settings)]);
  await api.installation.directory.refresh();
}

async function charged(): Promise<object[]> {
  const { rows } = await api.installation.pool.query(
    'select month, lookups, cost_micros as "costMicros" from lookup_charge order by month',
  );
  return rows;
}

describe.each(VERSIONS)('%s', (path) => {
  test.each<[string, object, number, string, string, string]>([
    ['', { force: 'x' }, 400, 'missing_phone', 'validation_error', 'phone is required'],
    ['', { phone: '' }, 400, 'missing_phone', 'validation_error', 'phone is required'],
    ['', { phone: 'x', force: 'true' }, 400, 'invalid_force', 'validation_error', 'force must be a boolean'],
    ['', { phone: 5 }, 400, 'invalid_phone', 'validation_error', 'invalid phone number format'],
    ['', { phone: '5550142' }, 400, 'invalid_phone', 'validation_error', 'invalid phone number format'],
    ['', { phone: '+1312555014\u0000' }, 400, 'invalid_phone', 'validation_error', 'invalid phone number format'],
    ['', { phone: '+13125550135' }, 500, 'provider_error', 'provider_error', 'The look-up of the number failed'],
    ['/batch', {}, 400, 'missing_phones', 'validation_error', 'phones is required'],
    ['/batch', { phones: [] }, 400, 'missing_phones', 'validation_error', 'phones is required'],
    ['/batch', { phones: {}, force: 1 }, 400, 'invalid_phones', 'validation_error', 'phones must be an array'],
    ['/batch', { phones: ['x'], force: 1 }, 400, 'invalid_force', 'validation_error', 'force must be a boolean'],
    [
      '/batch',
      { phones: Array.from({ length: 501 }, () => 'x') },
      413,
      'too_many_phones',
      'validation_error',
      'Maximum 500 phones per request',
    ],
  ])('%s refuses %j', async (rest, body, status, code, error, message) => {
    expect(await api.call('POST', path + rest, body)).toEqual({ status, json: { error, code, message } });
    expect(await charged()).toEqual([]);
  });

  test('errors that all endpoints share name a message too', async () => {
    const key = { 'x-api-key': 'nobody' };
    expect(await api.call('POST', path, {}, key)).toEqual({
      status: 401,
      json: { error: 'Invalid API key', code: 'invalid_api_key', message: 'Invalid API key' },
    });
    expect(await api.call('POST', path, '[]')).toMatchObject({
      json: { error: 'validation_error', code: 'invalid_body' },
    });
  });

  test('a US number may be written as people do', async () => {
    expect(await api.call('POST', path, { phone: '(312) 555-0142' })).toEqual({
      status: 200,
      json: {
        phone: '+13125550142',
        valid: true,
        line_type: 'mobile',
        carrier: 'Sim Mobile',
        carrier_raw: 'SIM MOBILE',
        ported: false,
        country: 'US',
        state: 'Illinois',
        city: null,
        on_dnc: false,
        disposition: 'ok',
        cost: 0.003,
        cached: false,
      },
    });
  });
});

test.each<[string, object]>([
  ['+13125550100', { line_type: 'fixed line', carrier: 'Sim Landline', disposition: 'unreachable' }],
  ['+13125550109', { line_type: 'fixed line', disposition: 'unreachable' }],
  ['+13125550110', { line_type: 'voip', carrier: 'Sim VoIP', disposition: 'risky' }],
  ['+13125550119', { line_type: 'voip', disposition: 'risky' }],
  ['+13125550120', { valid: false, disposition: 'invalid' }],
  ['+13125550124', { valid: false, disposition: 'invalid' }],
  ['+13125550125', { line_type: 'unknown', carrier: null, carrier_raw: null, disposition: 'unknown' }],
  ['+13125550129', { line_type: 'unknown', disposition: 'unknown' }],
  ['+13125550130', { line_type: 'mobile', on_dnc: true, disposition: 'risky' }],
  ['+13125550134', { line_type: 'mobile', on_dnc: true, disposition: 'risky' }],
  ['+13125550140', { line_type: 'mobile', ported: true, disposition: 'ok' }],
  ['+13125550141', { ported: true, disposition: 'ok' }],
  ['+13125550142', { line_type: 'mobile', ported: false, disposition: 'ok' }],
  ['+13121550142', { valid: false, disposition: 'invalid' }],
  ['+15005550142', { line_type: 'voip', disposition: 'risky', state: null }],
  ['+18005550142', { line_type: 'fixed line', disposition: 'unreachable' }],
  ['+442079460958', { line_type: 'fixed line', country: 'GB', state: null, disposition: 'unreachable' }],
  ['+447400123456', { line_type: 'mobile', country: 'GB', disposition: 'ok' }],
])('the simulated provider says of %s %j', async (phone, answer) => {
  expect(await validate(phone)).toMatchObject({ status: 200, json: { phone, ...answer } });
});

test('an answer is paid once, unless it is forced, and the month adds up', async () => {
  await set({ lookup_price: 0.0041 });
  expect((await validate('+13125550142')).json).toMatchObject({ cost: 0.0041, cached: false });
  expect((await validate('+13125550142')).json).toMatchObject({ cost: 0, cached: true });
  expect((await validate('+13125550142', false)).json).toMatchObject({ cost: 0, cached: true });
  expect((await validate('+13125550142', true)).json).toMatchObject({ cost: 0.0041, cached: false });
  expect(await charged()).toEqual([{ month: '2026-11', lookups: 2, costMicros: 8_200 }]);
  api.installation.nowMs = Date.UTC(2026, 11, 1);
  await validate('+13125550143');
  expect(await charged()).toEqual([
    { month: '2026-11', lookups: 2, costMicros: 8_200 },
    { month: '2026-12', lookups: 1, costMicros: 4_100 },
  ]);
});

test('a look-up that failed is neither paid nor remembered', async () => {
  await validate('+13125550136');
  const { rows } = await api.installation.pool.query('select 1 from phone_lookup');
  expect({ rows, charged: await charged() }).toEqual({ rows: [], charged: [] });
});

test('a repeat with the same Idempotency-Key pays once and answers the same', async () => {
  const headers = { 'idempotency-key': 'once' };
  const body = { phone: '+13125550142', force: true };
  const first = await api.call('POST', V2, body, headers);
  expect(await api.call('POST', V2, body, headers)).toEqual(first);
  expect(await charged()).toMatchObject([{ lookups: 1 }]);
});

describe('a batch', () => {
  test('answers in order, each number alone, and pays equal numbers once', async () => {
    await validate('+13125550143');
    const phones = [
      '+13125550142',
      '12',
      '312-555-0142',
      '+13125550143',
      '+13125550137',
      5,
      '+13125550101',
      '+13125550111',
      '+13125550121',
      '+13125550126',
    ];
    const { status, json } = await batch(phones);
    expect(status).toBe(200);
    expect(json.results).toMatchObject([
      { phone: '+13125550142', cached: false, cost: 0.003, disposition: 'ok' },
      { phone: '12', error: 'validation_error', code: 'invalid_phone', message: 'invalid phone number format' },
      { phone: '+13125550142', cached: true, cost: 0, disposition: 'ok' },
      { phone: '+13125550143', cached: true, cost: 0, disposition: 'ok' },
      { phone: '+13125550137', error: 'provider_error', code: 'provider_error', message: expect.any(String) },
      { phone: null, code: 'invalid_phone' },
      { disposition: 'unreachable' },
      { disposition: 'risky' },
      { disposition: 'invalid' },
      { disposition: 'unknown' },
    ]);
    expect(json.summary).toEqual({
      total: 10,
      ok: 3,
      unreachable: 1,
      invalid: 1,
      risky: 1,
      unknown: 1,
      errors: 3,
      cached: 2,
      total_cost: 0.015,
    });
  });

  test('of 500 numbers is taken, and force pays for all of them again', async () => {
    const phones = Array.from({ length: 500 }, (_, index) => `+1312556${String(1_000 + index)}`);
    expect((await batch(phones)).json.summary).toMatchObject({ total: 500, ok: 500, cached: 0, total_cost: 1.5 });
    expect((await batch(phones)).json.summary).toMatchObject({ cached: 500, total_cost: 0 });
    expect((await batch(phones, true)).json.summary).toMatchObject({ cached: 0, total_cost: 1.5 });
  });
});

describe('billing that is enforced', () => {
  test.each([
    [null, 'no_billing_config'],
    ['no_payment_method', 'no_payment_method'],
    ['payment_failed', 'payment_failed'],
    ['suspended', 'suspended'],
  ])('and in state %s refuses what would be paid, and answers what is known', async (state, code) => {
    await validate('+13125550142');
    await set({ billing_enforced: true, billing_state: state });
    const refused = { status: 402, json: { error: 'billing_error', code, message: expect.any(String) } };
    expect(await validate('+13125550143')).toEqual(refused);
    expect(await validate('+13125550142', true)).toEqual(refused);
    expect(await batch(['+13125550142', '+13125550143'])).toEqual(refused);
    expect(await validate('+13125550142')).toMatchObject({ status: 200, json: { cached: true } });
    expect(await batch(['+13125550142', 'x'])).toMatchObject({ status: 200, json: { summary: { cached: 1 } } });
    expect(await validate('x')).toMatchObject({ status: 400 });
  });

  test('and in order refuses nothing', async () => {
    await set({ billing_enforced: true, billing_state: 'ok' });
    expect(await validate('+13125550143')).toMatchObject({ status: 200 });
  });
});

test('what is learned is written into the contact, if there is one', async () => {
  await save('+13125550101');
  await validate('+13125550101');
  expect(await read('+13125550101')).toMatchObject({
    line_type: 'LANDLINE',
    carrier: 'Sim Landline',
    validation_status: 'unreachable',
    on_dnc: false,
  });
  await save('+13125550130');
  await batch(['+13125550130', '+13125550102']);
  expect(await read('+13125550130')).toMatchObject({ on_dnc: true, validation_status: 'risky' });
  const { rows } = await api.installation.pool.query('select 1 from contact where phone = 13125550102');
  expect(rows).toEqual([]);
});

describe('do-not-call lists', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackly-dnc-'));
    return () => rm(folder, { recursive: true });
  });
  const errors: string[] = [];
  const readFiles = async (...names: string[]) => {
    errors.length = 0;
    const { pool, deps } = api.installation;
    await readDoNotCall({
      pool,
      clock: deps.clock,
      files: names.map((name) => join(folder, name)),
      onError: (error) => errors.push(String(error)),
    });
  };
  const write = (name: string, text: string) => writeFile(join(folder, name), text);

  test('mark numbers, and forget them when a list no longer holds them', async () => {
    for (const phone of ['+13125550142', '+13125550143', '+13125550144']) await save(phone);
    await write('ftc.txt', 'number\r\n312,5550142\r\n\r\n3125550143\r\n3125550143\r\n');
    await write('state.txt', '+13125550143\n');
    await readFiles('ftc.txt', 'state.txt');
    const marked = async () =>
      (await Promise.all(['+13125550142', '+13125550143', '+13125550144'].map(read))).map(({ on_dnc }) => on_dnc);
    expect(await marked()).toEqual([true, true, false]);
    expect((await validate('+13125550142')).json).toMatchObject({ on_dnc: true, disposition: 'risky' });

    await write('ftc.txt', '3125550144\n');
    await utimes(join(folder, 'ftc.txt'), 1, 1);
    await readFiles('ftc.txt', 'state.txt');
    expect(await marked()).toEqual([false, true, true]);
    expect((await validate('+13125550142')).json).toMatchObject({ on_dnc: false, disposition: 'ok', cached: true });

    await readFiles('ftc.txt');
    expect(await marked()).toEqual([false, false, true]);
    expect(errors).toEqual([]);
  });

  test('stay as they were when a file is gone or holds no number', async () => {
    await write('ftc.txt', '3125550142\n');
    await readFiles('ftc.txt');
    await write('ftc.txt', '');
    await readFiles('ftc.txt');
    expect(errors).toEqual([expect.stringContaining('holds no phone number')]);
    await rm(join(folder, 'ftc.txt'));
    await readFiles('ftc.txt');
    expect(errors).toEqual([expect.stringContaining('ENOENT')]);
    expect((await validate('+13125550142')).json).toMatchObject({ on_dnc: true });
  });

  test('leave alone what the look-up provider says', async () => {
    await save('+13125550130');
    await validate('+13125550130');
    await readFiles();
    expect(await read('+13125550130')).toMatchObject({ on_dnc: true });
  });
});
