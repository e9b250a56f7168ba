import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../server/test/helpers/test-database.ts';
import { type DataFolder, type Env, makeDataFolder, readJson, runCli } from './helpers/run-cli.ts';

let database: TestDatabase;
let folder: DataFolder;
let env: Env;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await makeDataFolder();
  env = toEnv(database);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function toEnv({ connection, name }: TestDatabase): Env {
  return {
    DATABASE_URL: `postgres:///${name}?host=${String(connection.host)}&user=${String(connection.user)}`,
    TRACKLY_DATA_DIR: folder.path,
    TRACKLY_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
}

interface Row {
  readonly id: string;
  readonly status: string;
}

async function createAccount(name = 'Northwind'): Promise<string> {
  return (await readJson<Row>(['accounts', 'create', '--name', name, '--email', 'owner@northwind.example'], env)).id;
}

const LIST = ['lists', 'create', '--number', '+18445550111', '--name', 'Pets', '--brand', 'Northwind Pets'];

test('an account is made, listed, suspended and resumed', async () => {
  const id = await createAccount();
  expect(await readJson(['accounts', 'list'], env)).toMatchObject([{ id, name: 'Northwind', status: 'active' }]);
  expect(await readJson(['accounts', 'suspend', id], env)).toMatchObject({ id, status: 'suspended' });
  expect((await runCli(['accounts', 'resume', id], env)).stdout).toBe(`Account ${id} (Northwind) is active.\n`);
  expect((await runCli(['accounts', 'list'], env)).stdout).toContain('owner@northwind.example');
  const unknown = await runCli(['accounts', 'suspend', 'f'.repeat(24)], env);
  expect(unknown).toEqual({ code: 1, stdout: '', stderr: `There is no account ${'f'.repeat(24)}\n` });
});

test('a key is shown once, belongs to lists, and is paused, resumed and revoked', async () => {
  await createAccount();
  await readJson(LIST, env);
  const flags = ['--name', 'shop', '--sandbox', '--require-confirmation', '--lists', '1'];
  const created = await readJson<Row & { key: string }>(['keys', 'create', ...flags], env);
  expect(created).toMatchObject({
    key: expect.stringMatching(/^trk_[0-9a-f]{32}$/),
    sandbox: true,
    send_policy: { require_confirmation: true },
    allowed_list_ids: [1],
  });
  expect((await runCli(['keys', 'list', '--json'], env)).stdout).not.toContain(created.key);
  for (const [verb, status] of [
    ['pause', 'paused'],
    ['resume', 'active'],
    ['revoke', 'revoked'],
  ] as const) {
    expect(await readJson(['keys', verb, created.id], env)).toMatchObject({ id: created.id, status });
  }
  const foreign = await runCli(['keys', 'create', '--name', 'x', '--lists', '9'], env);
  expect(foreign).toMatchObject({ code: 1, stderr: 'The account has no list 9\n' });
});

test('with several accounts a command asks which one', async () => {
  await createAccount('One');
  const two = await createAccount('Two');
  const unclear = await runCli(['keys', 'create', '--name', 'x'], env);
  expect(unclear).toMatchObject({ code: 1, stderr: 'There are 2 accounts: say which one with --account ID\n' });
  expect(await readJson(['keys', 'create', '--name', 'x', '--account', two], env)).toMatchObject({ account_id: two });
});

test('a list is made and changed with settings and credentials', async () => {
  await createAccount();
  const credentials = join(folder.path, 'credentials.json');
  await writeFile(credentials, '{"profile":"slow"}');
  const list = await readJson([...LIST, '--setting', 'stale_minutes=60', '--credentials-file', credentials], env);
  expect(list).toMatchObject({
    id: 1,
    phone_number: '+18445550111',
    list_type: 'simulator',
    settings: { stale_minutes: 60 },
  });
  expect(JSON.stringify(list)).not.toContain('slow');
  const stored = async () => (await database.pool.query('select credentials from list')).rows[0];
  const sealed = { credentials: { profile: expect.stringMatching(/^1\.[A-Za-z0-9+/=]+$/) } };
  const first = await stored();
  expect(first).toEqual(sealed);
  const changed = await readJson(
    ['lists', 'set', '+18445550111', '--status', 'paused', '--setting', 'stale_minutes=null'],
    env,
  );
  expect(changed).toMatchObject({ status: 'paused', settings: { stale_minutes: 30 } });
  expect(await readJson(['lists', 'list'], env)).toMatchObject([{ id: 1, status: 'paused' }]);
  expect(await runCli(['lists', 'set', '1', '--setting', 'stale_minutes=0'], env)).toMatchObject({
    code: 1,
    stdout: '',
  });
  expect(await runCli(['lists', 'set', '1'], env)).toMatchObject({ code: 2, stderr: 'Nothing to change was given\n' });
  await writeFile(credentials, '{"profile":"lossy"}');
  await readJson(['lists', 'set', '1', '--credentials-file', credentials], env);
  expect(await stored()).toEqual(sealed);
  expect(await stored()).not.toEqual(first);
  await writeFile(credentials, '[]');
  expect(await runCli(['lists', 'set', '1', '--credentials-file', credentials], env)).toMatchObject({
    code: 1,
    stderr: `${credentials} does not hold a JSON object\n`,
  });
});

test('a message that is sent here waits in the database, is listed and keeps the books balanced', async () => {
  await createAccount();
  await readJson(LIST, env);
  const sent: { message_id: string }[] = [];
  for (const list of ['1', '+18445550111']) {
    sent.push(await readJson(['send', '--to', '+13125550142', '--list', list, '--body', `Hello from ${list}`], env));
  }
  const ids = sent.map(({ message_id }) => message_id);
  const page = await readJson<{ messages: Row[] }>(['messages', 'list', '--list', '1', '--status', 'queued'], env);
  expect(page.messages.map(({ id }) => id)).toEqual(ids.toReversed());
  expect(await readJson(['messages', 'list', '--to', '+13125550143'], env)).toMatchObject({ messages: [] });
  expect(await readJson(['messages', 'show', ids[0] ?? ''], env)).toMatchObject({
    state: 'queued',
    template: 'Hello from 1',
  });
  const doctor = await readJson<{ ok: boolean; checks: { name: string; text: string }[] }>(
    ['doctor', '--recount'],
    env,
  );
  expect(doctor.ok).toBe(true);
  expect(doctor.checks.find(({ name }) => name === 'books')?.text).toBe('List 1: accepted 2 = 2 waiting.');
});

test('the rules of a send hold here too', async () => {
  await createAccount();
  await readJson(LIST, env);
  const send = (to: string, list: string) => runCli(['send', '--to', to, '--list', list, '--body', 'x'], env);
  expect(await send('+1312', '1')).toMatchObject({ code: 1, stderr: 'to must be a phone number in E.164 format\n' });
  expect(await send('+13125550142', '7')).toMatchObject({ code: 1, stderr: 'No list with this number\n' });
});

test('the doctor finds books that do not balance', async () => {
  await database.pool.query('insert into message_count (list_id, state, count) values (1, -1, 5), (1, 7, 3)');
  const { code, stdout } = await runCli(['doctor'], env);
  expect(code).toBe(1);
  expect(stdout).toContain('✗ books       List 1: accepted 5 is not 0 waiting + 3 delivered (difference 2).');
});

test('an old schema is refused by commands, told by a dry run and brought up by migrate', async () => {
  await using empty = await createTestDatabase({ empty: true });
  env = toEnv(empty);
  const refused = await runCli(['accounts', 'list'], env);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/^The database lacks 0001-foundation.*: apply them with `trackly migrate`\n$/);
  expect((await runCli(['doctor'], env)).stdout).toContain('✗ migrations');
  expect(await readJson(['migrate', '--dry-run'], env)).toMatchObject({ pending: ['0001-foundation'] });
  expect(await readJson(['migrate'], env)).toMatchObject({ applied: ['0001-foundation'] });
  expect(await readJson(['migrate'], env)).toEqual({ applied: [] });
  expect(await readJson(['accounts', 'list'], env)).toEqual([]);
});

test('a database that is away and a wrong variable are one sentence', async () => {
  const away = await runCli(['accounts', 'list'], { ...env, DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' });
  expect(away).toMatchObject({ code: 1, stdout: '' });
  expect(away.stderr).toMatch(
    /^The database cannot be reached \(.*ECONNREFUSED.*\): check DATABASE_URL and that it runs\.\n$/,
  );
  const wrong = await runCli(['accounts', 'list'], { ...env, LOG: 'paper' });
  expect(wrong).toMatchObject({ code: 1, stderr: 'LOG is "paper": it must be lmdb or postgres\n' });
});

test.each([
  [['acounts', 'list'], 'Unknown command `acounts`. Did you mean `accounts`?\n'],
  [['accounts', 'lsit'], 'Unknown command `accounts lsit`. Did you mean `accounts list`?\n'],
  [
    ['accounts', 'list', '--jsn'],
    'Unknown flag `--jsn`. Did you mean `--json`? (see `trackly accounts list --help`)\n',
  ],
  [['keys', 'pause'], 'ID is missing (see `trackly keys pause --help`)\n'],
])('wrong use %j ends with 2 and names what was meant', async (args, stderr) => {
  expect(await runCli(args, env)).toEqual({ code: 2, stdout: '', stderr });
});

test('help is on standard output when it is asked for', async () => {
  expect(await runCli(['--help'], env)).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('messages show ID'),
  });
  expect(await runCli(['keys', '--help'], env)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('keys revoke ID'),
  });
  expect(await runCli(['send', '--help'], env)).toMatchObject({ code: 0, stdout: expect.stringContaining('--wait') });
  expect(await runCli([], env)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Usage: trackly'),
  });
  expect(await runCli(['keys'], env)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('keys revoke ID'),
  });
});

test('contacts are imported from a file, after a dry run, shown, exported and unsubscribed', async () => {
  await createAccount();
  await readJson(LIST, env);
  const file = join(folder.path, 'people.csv');
  await writeFile(
    file,
    'phone,first_name,shoe size\n3125550142,Zoe,9\n555,Bad,1\n3125550143,Ann,8\n3125550142,Twice,9\n',
  );
  const run = (...more: string[]) =>
    runCli(['contacts', 'import', file, '--list', '+18445550111', '--json', ...more], env);
  const dry = await run();
  expect(dry.code).toBe(1);
  expect(JSON.parse(dry.stdout)).toMatchObject({
    dry_run: true,
    rows: { read: 4, created: 2, updated: 0, failed: 1, duplicates: 1 },
    unknown_columns: ['shoe size'],
    error_file: join(folder.path, 'people.errors.csv'),
  });
  expect(await readFile(join(folder.path, 'people.errors.csv'), 'utf8')).toMatch(
    /^line,phone_number,code,error\r\n3,555,invalid_phone,/,
  );
  expect((await runCli(['contacts', 'export'], env)).stdout.trim().split('\r\n')).toHaveLength(1);
  expect(JSON.parse((await run('--apply')).stdout)).toMatchObject({ dry_run: false, rows: { created: 2 } });
  expect(JSON.parse((await run('--apply')).stdout)).toMatchObject({ rows: { created: 0, updated: 2 } });
  expect(await readJson(['contacts', 'show', '+13125550142'], env)).toMatchObject({
    first_name: 'Zoe',
    lists: [{ active: true, signup_method: 'import' }],
  });
  const unsubscribe = ['contacts', 'unsubscribe', '+13125550142'];
  expect(await readJson(unsubscribe, env)).toEqual({ lists_unsubscribed: 1 });
  expect((await runCli(unsubscribe, env)).stdout).toBe('It was subscribed to none.\n');
  // It could be texted all the same, so the opt-out is kept.
  expect(await readJson(['contacts', 'unsubscribe', '+13125550177'], env)).toEqual({ lists_unsubscribed: 0 });
  expect(await readJson(['contacts', 'show', '+13125550177'], env)).toMatchObject({ lists: [{ active: false }] });
  const exported = (await runCli(['contacts', 'export', '--list', '1'], env)).stdout.trim().split('\r\n');
  expect(exported[1]).toMatch(/^\+13125550142,,Zoe,.*,2\d{3}-.*Z$/);
  expect(exported[2]).toMatch(/^\+13125550143,,Ann,/);
  const utf16 = join(folder.path, 'utf16.csv');
  await writeFile(utf16, '\uFEFFphone\n3125550142\n', 'utf16le');
  const list = ['--list', '+18445550111'];
  for (const [argv, code, stderr] of [
    [['import', utf16, ...list], 1, 'Line 1 of the file is in UTF-16; save the file as CSV in UTF-8'],
    [['import', join(folder.path, 'peeple.csv'), ...list], 1, 'peeple.csv'],
    [['import', file, '--list', '+18445550199'], 1, 'There is no list +18445550199'],
    [['import', file, ...list, '--aply'], 2, 'Unknown flag `--aply`. Did you mean `--apply`?'],
    [['import', file], 2, '--list'],
    [['improt', file], 2, 'import'],
    [['show', '3125550142'], 1, 'E.164'],
    [['unsubscribe', 'Zoe'], 1, 'E.164'],
  ] as const) {
    const refused = await runCli(['contacts', ...argv], env);
    expect(refused).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(stderr) });
  }
  const unknown = await runCli(['contacts', 'show', '+13125550199'], env);
  expect(unknown).toMatchObject({ code: 1, stderr: 'No contact with this number\n' });
});

test('the ledger of consents is checked, and a record that was changed is named', async () => {
  expect(await runCli(['consents', 'verify'], env)).toMatchObject({
    code: 0,
    stdout: 'There are no consent records yet.\n',
  });
  const account = await createAccount();
  await readJson(LIST, env);
  const file = join(folder.path, 'people.csv');
  await writeFile(file, 'phone\n3125550142\n3125550143\n');
  expect((await runCli(['contacts', 'import', file, '--list', '+18445550111', '--apply'], env)).code).toBe(0);
  await readJson(['contacts', 'unsubscribe', '+13125550142'], env);
  const good = await runCli(['consents', 'verify'], env);
  expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining(`✓ account ${account}: 3 records, all as`) });
  const [, head = ''] = /hash ([0-9a-f]{64})$/m.exec(good.stdout) ?? [];
  expect(await readJson(['consents', 'verify', '--head', head], env)).toEqual({
    ok: true,
    ledgers: [{ account_id: account, records: 3, head, ok: true, problem: null }],
    missing_heads: [],
  });
  const unknown = 'f'.repeat(64);
  const cutOff = await runCli(['consents', 'verify', '--head', unknown], env);
  expect(cutOff).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`✗ no good record has the hash ${unknown}`),
  });
  await database.pool.query('alter table consent disable trigger user');
  const { rows } = await database.pool.query<{ id: string }>(
    'update consent set phone = phone + 1 where seq = 2 returning id',
  );
  const bad = await runCli(['consents', 'verify'], env);
  const [{ id } = { id: '' }] = rows;
  const line = `✗ account ${account}: 1 record as written, then record 2 (${id}): it was changed`;
  expect(bad).toMatchObject({ code: 1, stdout: `${line}\n` });
});
