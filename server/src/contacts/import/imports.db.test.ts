import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ContactApi, createContactApi } from '../../../test/helpers/contact-api.ts';
import { API_KEY, START_MS } from '../../../test/helpers/message-fixture.ts';
import { until } from '../../../test/helpers/until.ts';
import { pause } from '../../lib/pause.ts';
import { NO_OUTBOX } from '../../webhooks/index.ts';
import { createImportRunner, type ImportRunner } from './import-runner.ts';

const LIST = '%2B18005551000';

let api: ContactApi;
beforeAll(async () => {
  api = await createContactApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.installation.pool.query(
    'truncate contact, list_contact, account_contact, job, job_chunk, job_error, job_phone',
  );
});

const failures: unknown[] = [];

function startRunner(): ImportRunner {
  const { pool, directory, deps } = api.installation;
  const onError = (error: unknown): void => void failures.push(error);
  const runner = createImportRunner({ pool, directory, clock: deps.clock, outbox: NO_OUTBOX, onError });
  runner.start();
  return runner;
}

async function upload(file: string | Buffer, query = `list_number=${LIST}&dry_run=false`, type = 'text/csv') {
  const response = await api.http.app.inject({
    method: 'POST',
    url: `/api/v2/contacts/import?${query}`,
    headers: { 'x-api-key': API_KEY, 'content-type': type },
    payload: file,
  });
  return { status: response.statusCode, json: JSON.parse(response.body) };
}

async function importAll(file: string | Buffer, dryRun = false) {
  const { status, json } = await upload(file, `list_number=${LIST}&dry_run=${dryRun}`);
  expect(status).toBe(201);
  await using runner = startRunner();
  expect(runner).toBeDefined();
  const { id } = json.job;
  await until('the job ends', async () => (await stateOf(id)) !== 'running');
  const job = (await api.call('GET', `/api/v2/jobs/${id}`)).json;
  return { job, errors: await getText(`/api/v2/jobs/${id}/errors`) };
}

/** Asked slowly: the runner needs the same thread. */
async function stateOf(id: string): Promise<string> {
  await pause(50);
  return (await api.call('GET', `/api/v2/jobs/${id}`)).json.state as string;
}

async function getText(url: string): Promise<string> {
  const response = await api.http.app.inject({ method: 'GET', url, headers: { 'x-api-key': API_KEY } });
  expect(response.headers['content-type']).toBe('text/csv; charset=utf-8');
  return response.body;
}

const stored = async () =>
  (
    await api.installation.pool.query(
      'select phone, custom_fields, signup_ms, signup_method from list_contact order by phone',
    )
  ).rows;

test.each<[string, string, string, number, string]>([
  ['phone\n', '', 'text/csv', 400, 'missing_list_number'],
  ['phone\n', 'list_number=5', 'text/csv', 400, 'invalid_list_number'],
  ['phone\n', `list_number=${LIST}&dry_run=1`, 'text/csv', 400, 'invalid_dry_run'],
  ['phone\n', 'list_number=%2B18005554000', 'text/csv', 400, 'list_not_found'],
  ['phone\n', `list_number=${LIST}`, 'application/json', 415, 'unsupported_media_type'],
  ['phone\n', `list_number=${LIST}`, 'text/csv; charset=utf-16', 415, 'unsupported_media_type'],
  ['name,email\nZoe,a@b.example\n', `list_number=${LIST}`, 'text/csv', 400, 'missing_phone_column'],
  ['', `list_number=${LIST}`, 'text/csv', 400, 'missing_phone_column'],
])('%j with %s as %s is refused', async (file, query, type, status, code) => {
  expect(await upload(file, query, type)).toMatchObject({ status, json: { code } });
  const { rows } = await api.installation.pool.query('select 1 from job union all select 1 from job_chunk');
  expect(rows).toEqual([]);
});

test('a dry run, the default, tells what would be and stores nothing', async () => {
  const { json } = await upload('phone\n3125550142\n', `list_number=${LIST}`);
  expect(json.job).toMatchObject({ type: 'contact_import', state: 'running', dry_run: true, finished_at: null });
  const { job } = await importAll('phone\n3125550142\n3125550143\n555\n', true);
  expect(job).toMatchObject({
    state: 'finished',
    dry_run: true,
    rows: { read: 3, created: 2, updated: 0, failed: 1, duplicates: 0 },
    seconds_left: 0,
    finished_at: expect.any(String),
  });
  expect(await stored()).toEqual([]);
});

test('columns, dates, names, custom fields and unknown columns are understood', async () => {
  const file = [
    '\uFEFFMSISDN,Email,first_name,OptIn_Date,custom_fields.tier,ad_network_source,shoe size,carrier,line_type',
    '+13125550142,zoe@nwp.example,Zoë,2026-01-02,gold,adwords,9,Example,voip',
    '3125550143,,"Ng, Ann ""A""",01/31/2026,,,,,',
    '3125550144,,,1-5-2026,"two\nlines",,,,',
    '3125550145,,,2026-01-02T03:04:05Z,,,,,',
    '',
  ].join('\r\n');
  const { job, errors } = await importAll(file);
  expect(job).toMatchObject({
    rows: { read: 4, created: 4, updated: 0, failed: 0, duplicates: 0 },
    unknown_columns: ['shoe size'],
  });
  expect(errors).toBe('line,phone_number,code,error\r\n');
  const at = (text: string): number => Date.parse(text);
  expect(await stored()).toEqual([
    { phone: 13125550142, custom_fields: { tier: 'gold' }, signup_ms: at('2026-01-02'), signup_method: 'import' },
    { phone: 13125550143, custom_fields: {}, signup_ms: at('2026-01-31'), signup_method: 'import' },
    { phone: 13125550144, custom_fields: { tier: 'two\nlines' }, signup_ms: at('2026-01-05'), signup_method: 'import' },
    { phone: 13125550145, custom_fields: {}, signup_ms: at('2026-01-02T03:04:05Z'), signup_method: 'import' },
  ]);
  const { json } = await api.call('GET', '/api/v2/contacts/%2B13125550142');
  expect(json).toMatchObject({ first_name: 'Zoë', email: 'zoe@nwp.example', carrier: 'Example', line_type: 'VOIP' });
  expect((await api.call('GET', '/api/v2/contacts/%2B13125550143')).json.first_name).toBe('Ng, Ann "A"');
});

test('bad rows are reported by their line, with what is wrong, and keep nobody else out', async () => {
  const tomorrow = new Date(START_MS + 86_400_000).toISOString();
  const rows: [string | Buffer, string][] = [
    ['3125550142,,,', ''],
    ['555,,,', 'invalid_phone'],
    [',a@b.example,,', 'missing_phone_number'],
    ['3125550143,nobody,,', 'invalid_email'],
    [`3125550144,,${'x'.repeat(256)},`, 'invalid_first_name'],
    [`3125550145,,,${tomorrow}`, 'invalid_consent_date'],
    ['3125550146,,,02/30/2026', 'invalid_consent_date'],
    ['3125550147,,,,too,many', 'invalid_row'],
    ['3125550148,a@b.example,"Joe "Bob" Ng",', 'invalid_row'],
    [Buffer.from([...Buffer.from('3125550149,,'), 0xff, 0xfe, ...Buffer.from(',')]), 'invalid_encoding'],
    ['3125550150,,a\u0000b,', 'invalid_first_name'],
    [`3125550151,,"${'y\n'.repeat(500_000)}",`, 'invalid_first_name'],
    ['3121550142,,,', 'not_sendable'],
    ['3125550142,,,', ''],
    ['3125550152,,,', ''],
  ];
  const file = Buffer.concat([
    Buffer.from('phone,email,first_name,consent\n'),
    ...rows.map(([row]) => Buffer.concat([Buffer.from(row), Buffer.from('\n')])),
  ]);
  const { job, errors } = await importAll(file);
  expect(job.rows).toEqual({ read: 15, created: 2, updated: 0, failed: 12, duplicates: 1 });
  const reported = errors.trim().split('\r\n').slice(1);
  const lines = rows.map((_, index) => index + 2 + (index > 11 ? 500_000 : 0));
  const expected = rows.flatMap(([, code], index) => (code === '' ? [] : [[String(lines[index]), code]]));
  expect(reported.map((line) => [line.split(',')[0], line.split(',')[2]])).toEqual(expected);
});

test('a quote that is never closed ends in a report, not in memory', async () => {
  const { job } = await importAll(`phone,first_name\n3125550142,"${'x'.repeat(17 * 1024 * 1024)}`);
  expect(job).toMatchObject({ state: 'failed', error: 'a quote in line 2 is never closed', rows: { created: 0 } });
});

test('an opt-out holds against an import, unless the consent is newer', async () => {
  await importAll('phone\n3125550142\n3125550143\n');
  for (const phone of ['+13125550142', '+13125550143']) {
    await api.call('DELETE', '/api/v2/contacts', { phone_number: phone, list_number: '+18005551000' });
  }
  api.installation.nowMs = START_MS + 10 * 86_400_000;
  const newer = new Date(START_MS + 86_400_000).toISOString();
  const { job } = await importAll(`phone,consent_date\n3125550142,2026-01-01\n3125550143,${newer}\n`);
  expect(job.rows).toMatchObject({ created: 0, updated: 2 });
  const { rows } = await api.installation.pool.query('select active from list_contact order by phone');
  expect(rows).toEqual([{ active: false }, { active: true }]);
  api.installation.nowMs = START_MS;
});

test('what is exported can be imported again, without those who opted out', async () => {
  const file = 'phone_number,first_name,consent_date,custom_fields.a b,custom_fields.tier\n';
  await importAll(`${file}3125550142,"Z ""oe"", x",2026-01-02,1,gold\n3125550143,,2026-01-02,,\n`);
  await api.call('DELETE', '/api/v2/contacts', { phone_number: '+13125550143', list_number: '+18005551000' });
  const exported = await getText(`/api/v2/contacts/export?list_number=${LIST}`);
  expect(exported).toBe(
    [
      'phone_number,email,first_name,last_name,carrier,line_type,consent_date,ad_network_source,ad_network_id,unsubscribed_at,custom_fields.tier',
      '+13125550142,,"Z ""oe"", x",,,CELL PHONE,2026-01-02T00:00:00.000Z,,,,gold',
      `+13125550143,,,,,CELL PHONE,2026-01-02T00:00:00.000Z,,,${new Date(START_MS).toISOString()},`,
      '',
    ].join('\r\n'),
  );
  expect((await getText('/api/v2/contacts/export?active=true')).trim().split('\r\n')).toHaveLength(2);
  await api.installation.pool.query('truncate contact, list_contact, account_contact');
  const { job, errors } = await importAll(exported);
  expect(job.rows).toMatchObject({ created: 1, failed: 1 });
  expect(errors).toContain('3,+13125550143,unsubscribed');
  expect(await stored()).toMatchObject([{ phone: 13125550142, custom_fields: { tier: 'gold' } }]);
});

describe('a job', () => {
  test('goes on where it stopped, in another process, and takes each row once', async () => {
    const rows = Array.from({ length: 40_000 }, (_, index) => `${3_122_000_000 + index},"${'n'.repeat(40)}"`);
    const { json } = await upload(`phone,first_name\n${rows.join('\n')}\n${rows[0]}\n`);
    const read = async (): Promise<number> =>
      (await api.call('GET', `/api/v2/jobs/${json.job.id}`)).json.rows.read as number;
    {
      await using first = startRunner();
      expect(first).toBeDefined();
      await until('a batch is stored', async () => (await read()) > 0);
    }
    const before = await read();
    expect(before).toBeLessThan(40_001);
    await using second = startRunner();
    expect(second).toBeDefined();
    await until('the job is finished', async () => (await stateOf(json.job.id)) === 'finished');
    const { rows: counts } = (await api.call('GET', `/api/v2/jobs/${json.job.id}`)).json;
    expect(counts).toEqual({ read: 40_001, created: 40_000, updated: 0, failed: 0, duplicates: 1 });
    const left = await api.installation.pool.query('select 1 from job_chunk union all select 1 from job_phone');
    expect(left.rows).toEqual([]);
    expect(failures).toEqual([]);
  });

  test('is found by its account only', async () => {
    for (const id of ['5', 'a'.repeat(24)]) {
      expect(await api.call('GET', `/api/v2/jobs/${id}`)).toMatchObject({ status: 404, json: { code: 'not_found' } });
      expect(await api.call('GET', `/api/v2/jobs/${id}/errors`)).toMatchObject({ status: 404 });
    }
  });
});

test.each([
  ['list_number=5', 'invalid_list_number'],
  ['active=1', 'invalid_active'],
  ['list_number=%2B18005554000', 'list_not_found'],
])('an export with %s is refused with %s', async (query, code) => {
  expect(await api.call('GET', `/api/v2/contacts/export?${query}`)).toMatchObject({ status: 400, json: { code } });
});
