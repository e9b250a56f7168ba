import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ContactApi, createContactApi } from '../../../test/helpers/contact-api.ts';
import { API_KEY, START_MS } from '../../../test/helpers/message-fixture.ts';
import { until } from '../../../test/helpers/until.ts';
import { verifyConsents } from '../../compliance/index.ts';
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
    'truncate contact, list_contact, account_contact, job, job_chunk, job_error, job_phone, idempotency_key',
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

async function upload(
  file: string | Buffer,
  query = `list_number=${LIST}&dry_run=false`,
  type = 'text/csv',
  key?: string,
) {
  const response = await api.http.app.inject({
    method: 'POST',
    url: `/api/v2/contacts/import?${query}`,
    headers: { 'x-api-key': API_KEY, 'content-type': type, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    payload: file,
  });
  const replayed = response.headers['idempotent-replayed'] === 'true';
  return { status: response.statusCode, json: JSON.parse(response.body), replayed };
}

async function count(table: string): Promise<number> {
  const { rows } = await api.installation.pool.query(`select count(*)::int as count from ${table}`);
  return rows[0].count as number;
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

test.each<[string | Buffer, string, string, number, string]>([
  ['phone\n', '', 'text/csv', 400, 'missing_list_number'],
  ['phone\n', 'list_number=5', 'text/csv', 400, 'invalid_list_number'],
  ['phone\n', `list_number=${LIST}&dry_run=1`, 'text/csv', 400, 'invalid_dry_run'],
  ['phone\n', 'list_number=%2B18005554000', 'text/csv', 400, 'list_not_found'],
  ['phone\n', `list_number=${LIST}`, 'application/json', 415, 'unsupported_media_type'],
  ['phone\n', `list_number=${LIST}`, 'text/csv; charset=utf-16', 415, 'unsupported_media_type'],
  ['name,email\nZoe,a@b.example\n', `list_number=${LIST}`, 'text/csv', 400, 'missing_phone_column'],
  ['', `list_number=${LIST}`, 'text/csv', 400, 'missing_phone_column'],
  [Buffer.from('\uFEFFphone\n3125550142\n', 'utf16le'), `list_number=${LIST}`, 'text/csv', 400, 'invalid_encoding'],
  [Buffer.from('phone,prénom\n', 'latin1'), `list_number=${LIST}`, 'text/csv', 400, 'invalid_encoding'],
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

test('custom fields of a number stay within their limit over several files', async () => {
  const keys = (first: number): string[] => Array.from({ length: 60 }, (_, index) => `custom_fields.k${first + index}`);
  const file = (first: number): string =>
    `phone,${keys(first).join(',')}\n3125550142,${keys(first).fill('x').join(',')}\n3125550143,x${','.repeat(59)}\n`;
  await importAll(file(0));
  for (const isDry of [true, false]) {
    const { job, errors } = await importAll(file(60), isDry);
    expect(job.rows).toMatchObject({ created: 0, updated: 1, failed: 1 });
    expect(errors).toContain('2,+13125550142,invalid_custom_fields');
  }
  const fields = (await stored()).map((row) => Object.keys(row.custom_fields).length);
  expect(fields).toEqual([60, 2]);
});

test('formulas of strangers leave as text, and come back as they were', async () => {
  const formula = '=HYPERLINK("https://evil.example","x")';
  await importAll(`phone,first_name,custom_fields.note\n3125550142,"${formula.replaceAll('"', '""')}",-1+1\n`);
  const exported = await getText(`/api/v2/contacts/export?list_number=${LIST}`);
  expect(exported).toContain(`"'=HYPERLINK(""https`);
  expect(exported).toContain(",'-1+1\r\n");
  await api.installation.pool.query('truncate contact, list_contact, account_contact');
  await importAll(exported);
  const { json } = await api.call('GET', '/api/v2/contacts/%2B13125550142');
  expect(json).toMatchObject({ first_name: formula, lists: [{ custom_fields: { note: '-1+1' } }] });
});

describe('a batch', () => {
  const file = [
    'phone,email,first_name,consent_date,ad_network_source,carrier,line_type,custom_fields.tier,custom_fields.__proto__',
    '3125550142,zoe@nwp.example,Zoë,2026-01-02,adwords,Example,voip,gold,x',
    '3125550143,,,,,,,,',
    '+13125550144,,"Ng, Ann",2026-01-02T03:04:05Z,,,,silver,',
    '',
  ].join('\n');
  const tables = async () => {
    const { pool } = api.installation;
    const [people, profiles, contacts, consents] = await Promise.all(
      [
        `select list_id, phone, active, reason, unsubscribed_ms, signup_ms, signup_method, ad_network_source, ad_network_id,
           custom_fields, created_ms, length(id) as id from list_contact order by phone`,
        'select * from account_contact order by phone',
        `select phone, is_valid, line_type, country, state, carrier, on_dnc, created_ms, length(id) as id
           from contact order by phone`,
        `select phone, list_id, kind, at_ms, source, ip_address, user_agent, url, text, keyword, actor
           from consent order by seq desc limit 3`,
      ].map(async (text) => (await pool.query(text)).rows),
    );
    return { people, profiles, contacts, consents };
  };

  test('of new numbers is loaded, and stores what the way of all subscriptions does', async () => {
    await importAll(file);
    const loaded = await tables();
    expect(loaded.people).toHaveLength(3);
    expect(loaded.consents).toHaveLength(3);
    await api.installation.pool.query('truncate contact, list_contact, account_contact');
    // One of the list keeps the batch from being loaded.
    await importAll('phone\n3125550199\n');
    const { job } = await importAll(`${file}3125550199,,,,,,,,\n`);
    expect(job.rows).toMatchObject({ read: 4, created: 3, updated: 1 });
    const other = await tables();
    const others = (rows: { phone: number }[] = []) => rows.filter(({ phone }) => phone !== 13125550199);
    expect(others(other.people)).toEqual(loaded.people);
    expect(others(other.contacts)).toEqual(loaded.contacts);
    expect(other.profiles).toEqual(loaded.profiles);
    expect(other.consents).toEqual(loaded.consents);
    expect(await verifyConsents(api.installation)).toMatchObject({ ok: true });
  });

  test('goes the other way when somebody else stores one of its numbers in the same moment', async () => {
    const { pool } = api.installation;
    const other = await pool.connect();
    await other.query('begin');
    await other.query(`insert into list_contact (list_id, phone, created_ms) values (1, 13125550143, 0)`);
    const { json } = await upload(file);
    await using runner = startRunner();
    expect(runner).toBeDefined();
    await until('the import waits for the other', async () => {
      const { rows } = await pool.query('select 1 from pg_locks where not granted');
      return rows.length > 0;
    });
    await other.query('commit');
    other.release();
    await until('the job ends', async () => (await stateOf(json.job.id)) !== 'running');
    const { rows } = (await api.call('GET', `/api/v2/jobs/${json.job.id}`)).json;
    expect(rows).toEqual({ read: 3, created: 2, updated: 1, failed: 0, duplicates: 0 });
    expect(await count('account_contact')).toBe(2);
    expect(failures).toEqual([]);
  });

  test.each([true, false])(
    'counts the first row of a number wherever the others stand (dry run: %s)',
    async (isDry) => {
      await importAll('phone,first_name\n3125550142,Known\n');
      const filler = (first: number): string =>
        Array.from({ length: 20_000 }, (_, index) => `${3_125_600_000 + first + index},"${'n'.repeat(30)}"\n`).join('');
      // New and listed ones, one that cannot be written to, and one of the filler; again at once, soon and much later.
      const some = '3125550142,A\n3125550143,B\n3121550142,C\n3125600000,D\n';
      const { job } = await importAll(
        `phone,first_name\n${some}${some}${filler(0)}${some}${filler(20_000)}${some}`,
        isDry,
      );
      expect(job.rows).toEqual({ read: 40_016, created: 40_001, updated: 1, failed: 1, duplicates: 13 });
      if (isDry) return;
      for (const [phone, name] of [
        ['13125550142', 'A'],
        ['13125550143', 'B'],
        ['13125600000', 'D'],
      ]) {
        expect((await api.call('GET', `/api/v2/contacts/%2B${phone}`)).json.first_name).toBe(name);
      }
      expect(await count('job_phone')).toBe(0);
    },
  );
});

describe('an upload with an Idempotency-Key', () => {
  const query = `list_number=${LIST}&dry_run=false`;
  const send = (file: string, key: string, given = query) => upload(file, given, 'text/csv', key);

  test('is answered once: repeated, it is the same job', async () => {
    const first = await send('phone\n3125550142\n', 'k1');
    const second = await send('phone\n3125550142\n', 'k1');
    expect(first).toMatchObject({ status: 201, replayed: false });
    expect(second).toEqual({ ...first, replayed: true });
    expect(await count('job')).toBe(1);
    expect(await count('job_chunk')).toBe(1);
  });

  test('is refused when the file or the query is another one', async () => {
    await send('phone\n3125550142\n', 'k2');
    for (const [file, given] of [
      ['phone\n3125550143\n', query],
      ['phone\n3125550142\n', `list_number=${LIST}`],
    ] as const) {
      expect(await send(file, 'k2', given)).toMatchObject({ status: 422, json: { code: 'idempotency_key_reused' } });
    }
    expect(await count('job')).toBe(1);
  });

  test('makes one job when it comes several times in one moment', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => send('phone\n3125550142\n', 'k3')));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(made.map(({ json }) => json.job.id)).size).toBe(1);
    for (const { json } of answers.filter(({ status }) => status !== 201)) {
      expect(json.code).toBe('idempotency_in_progress');
    }
    expect(await count('job')).toBe(1);
    expect(await count('job_chunk')).toBe(1);
  });

  test('keeps nothing of a refusal, and its key stays free', async () => {
    expect(await send('name\nZoe\n', 'k4')).toMatchObject({ status: 400 });
    expect(await send('phone\n3125550142\n', 'k4')).toMatchObject({ status: 201, replayed: false });
    expect(await upload('phone\n', query, 'text/csv', '')).toMatchObject({ json: { code: 'invalid_idempotency_key' } });
  });
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
