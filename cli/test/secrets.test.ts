import { readFile, readdir, readlink, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type DataFolder,
  type Env,
  makeDataFolder,
  readJson,
  type RunningCli,
  runCli,
  startCli,
} from './helpers/run-cli.ts';

const KEY = 'trk_of_the_first_start';
const TOKEN = 'a-token-that-nobody-may-see';
const SIMULATED = { profile: 'instant' };
/** Nobody answers there: what is said about failures is looked at too. */
const CREDENTIALS = { account_sid: `AC${'0'.repeat(32)}`, auth_token: TOKEN, base_url: 'http://127.0.0.1:1' };
const LIST = ['lists', 'create', '--number', '+18445550111', '--name', 'Pets'];
let folder: DataFolder;
let env: Env;
let credentials: string;
let running: RunningCli | undefined;

beforeEach(async () => {
  folder = await makeDataFolder();
  env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
  credentials = join(folder.path, '..', `credentials-of-${folder.path.split('/').at(-1)}.json`);
  await writeFile(credentials, JSON.stringify(SIMULATED));
});
afterEach(async () => {
  running?.kill('SIGTERM');
  await running?.finished;
  running = undefined;
  await folder[Symbol.asyncDispose]();
});

async function start(): Promise<string> {
  const server = startCli(['up', '--port', '0', '--json'], env);
  running = server;
  await vi.waitUntil(() => server.output().includes('}'), { timeout: 30_000 });
  return (JSON.parse(server.output()) as { url: string }).url;
}

async function stop(): Promise<string> {
  running?.kill('SIGTERM');
  const finished = await running?.finished;
  running = undefined;
  return `${finished?.stdout}${finished?.stderr}`;
}

/** Everything that the API answers without changing anything, and what it says to mistakes. */
async function askEverything(url: string): Promise<string> {
  const openapi = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> };
  const paths = Object.keys(openapi.paths).map((path) => path.replace('{list_id}', '3').replace('{id}', 'k3Vd81Qz'));
  const answers = await Promise.all(
    [...paths, '/metrics', '/healthz', '/readyz', '/docs', '/simulator', '/simulator/ledger', '/nothing'].flatMap(
      (path) =>
        ['GET', 'POST', 'PUT'].map(async (method) => {
          const body = method === 'GET' ? null : '{"list_number":"+18445550111","to":"+13125550142","body":"x"}';
          const headers = { 'X-Api-Key': KEY, 'Content-Type': 'application/json' };
          const answer = await fetch(url + path, { method, headers, body });
          return `${[...answer.headers].join('\n')}\n${await answer.text()}`;
        }),
    ),
  );
  return answers.join('\n');
}

/** The forms in which bytes are usually shown. */
function formsOf(secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret);
  return [bytes.toString('latin1'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
}

async function findInFiles(path: string, forms: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file, 'latin1').catch(() => '');
    if (forms.some((form) => bytes.includes(form))) found.push(file);
  }
  return found;
}

test('credentials and keys are in nothing that is printed, answered or stored', async () => {
  env = { ...env, TRACKLY_LOG_LEVEL: 'trace' };
  const url = await start();
  const said: string[] = [];
  const tell = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await runCli(args, env);
    said.push(stdout, stderr);
  };
  await tell(...LIST, '--credentials-file', credentials, '--json');
  await writeFile(credentials, JSON.stringify(CREDENTIALS));
  await tell(
    'lists',
    'create',
    '--number',
    '+18445550112',
    '--type',
    'twilio',
    '--credentials-file',
    credentials,
    '--json',
  );
  await tell('lists', 'set', '3', '--credentials-file', credentials);
  await tell('lists', 'set', '3', '--credentials-file', credentials, '--setting', 'colour=red', '--json');
  await tell('lists', 'set', '9', '--credentials-file', credentials, '--json');
  await tell('lists', 'set', '2', '--credentials-file', credentials, '--json');
  await tell('lists', 'list', '--json');
  await tell('lists', 'list');
  await tell('send', '--to', '+13125550142', '--list', '2', '--body', 'Hello!', '--wait', '--json');
  await tell('send', '--to', '+13125550142', '--list', '3', '--body', 'Hello!', '--json');
  await tell('doctor', '--recount', '--json');
  await tell('doctor');
  await tell('secrets', 'rotate', '--json');
  await tell('secrets', 'rotate');
  said.push(await askEverything(url));
  const list = await fetch(`${url}/api/v2/lists/3`, { headers: { 'X-Api-Key': KEY } });
  expect(await list.json()).toMatchObject({ credentials: { account_sid: '***', auth_token: '***', base_url: '***' } });
  said.push(await stop());

  const everything = said.join('\n');
  expect(everything).toContain('delivered');
  const secretKey = Buffer.from(await readFile(join(folder.path, 'secret.key'), 'utf8'), 'base64');
  for (const form of [...formsOf(TOKEN), ...formsOf(secretKey)]) expect(everything).not.toContain(form);
  const database = await realpath(join(folder.path, 'postgresql')).catch(() =>
    readlink(join(folder.path, 'postgresql')),
  );
  expect(await findInFiles(folder.path, ['Hello!'])).not.toEqual([]);
  for (const place of new Set([folder.path, database])) {
    expect(await findInFiles(place, formsOf(TOKEN))).toEqual([]);
    const withKey = await findInFiles(place, formsOf(secretKey));
    expect(withKey.filter((file) => !file.endsWith('secret.key'))).toEqual([]);
  }
});

/** What a list of each carrier has to hide, and where nobody answers. */
const OF_CARRIERS: readonly (readonly [type: string, credentials: object])[] = [
  ['infobip', { base_url: 'http://127.0.0.1:1', api_key: TOKEN, callback_secret: TOKEN }],
  ['cm', { base_url: 'http://127.0.0.1:1', product_token: TOKEN, callback_secret: TOKEN }],
  ['telnyx', { base_url: 'http://127.0.0.1:1', api_key: TOKEN, public_key: Buffer.alloc(32, 1).toString('base64') }],
  [
    'http',
    {
      submit: {
        url: `http://127.0.0.1:1/${TOKEN}`,
        headers: { Authorization: `Bearer ${TOKEN}` },
        body: { to: '{{to}}' },
      },
      callback_secret: TOKEN,
    },
  ],
];

test('what each carrier is told in secret is in nothing that is printed or answered', async () => {
  env = { ...env, TRACKLY_LOG_LEVEL: 'trace' };
  const url = await start();
  const said: string[] = [];
  const [account] = await readJson<{ id: string }[]>(['accounts', 'list'], env);
  for (const [no, [type, secret]] of OF_CARRIERS.entries()) {
    await writeFile(credentials, JSON.stringify(secret));
    const number = `+1844555022${no}`;
    await readJson(['lists', 'create', '--number', number, '--type', type, '--credentials-file', credentials], env);
    const check = await runCli(['carriers', 'check', number, '--json'], env);
    said.push(check.stdout, check.stderr);
    const headers = { 'X-Api-Key': KEY, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ to: '+13125550142', list_number: number, body: `Hello from ${type}` });
    for (const [path, text] of [
      ['/api/v2/send', body],
      [`/api/webhook-feedbacks/${type}/${TOKEN}?account=${account?.id}`, 'neither JSON nor a form'],
      [`/api/webhook-feedbacks/${type}/${TOKEN}?account=none`, '{}'],
      [`/api/webhook-feedbacks/${type}/${TOKEN}/more`, '{}'],
    ] as const) {
      said.push(await (await fetch(url + path, { method: 'POST', headers, body: text })).text());
    }
  }
  await vi.waitUntil(async () => {
    const waiting = await readJson<object>(['messages', 'list', '--status', 'queued'], env);
    said.push(JSON.stringify(waiting));
    return JSON.stringify(waiting).includes('ECONNREFUSED');
  }, 20_000);
  said.push(await askEverything(url), await stop());
  const everything = said.join('\n');
  expect(everything).toContain('invalid_payload');
  for (const form of formsOf(TOKEN)) expect(everything).not.toContain(form);
});

test('a running server goes on through a rotation, and the secret key is replaced while none runs', async () => {
  await start();
  await readJson([...LIST, '--credentials-file', credentials], env);
  let sent = 0;
  const send = async () =>
    await readJson<{ id: string; state: string }>(
      ['send', '--to', '+13125550142', '--list', '2', '--body', `Hello ${++sent}!`, '--wait'],
      env,
    );
  const before = await send();
  expect(await readJson(['secrets', 'rotate'], env)).toEqual({
    key_version: 2,
    lists: 1,
    webhooks: 0,
    resumed: false,
    secret_key: null,
  });
  expect(await send()).toMatchObject({ state: 'delivered' });
  const refused = await runCli(['secrets', 'rotate', '--secret-key'], env);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^A server runs \(process \d+ on .*\n$/) });
  await stop();

  const oldKey = (await readFile(join(folder.path, 'secret.key'), 'utf8')).trim();
  expect(await readJson(['secrets', 'rotate', '--secret-key'], env)).toMatchObject({
    key_version: 3,
    secret_key: 'data folder',
  });
  const wrong = await runCli(['up', '--port', '0'], { ...env, TRACKLY_SECRET_KEY: oldKey });
  expect(wrong).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^This database belongs to an installation with another TRACKLY_SECRET_KEY; start it with that key\.\n$/,
    ),
  });
  await start();
  expect(await readJson(['messages', 'show', before.id], env)).toMatchObject({ id: before.id, state: 'delivered' });
  expect(await send()).toMatchObject({ state: 'delivered' });
});

test('a secret key of the settings is replaced by another one of the settings', async () => {
  const settings = (key: number) => Buffer.alloc(32, key).toString('base64');
  const old = { TRACKLY_DATA_DIR: folder.path, TRACKLY_SECRET_KEY: settings(1) };
  await readJson(['migrate'], old);
  await readJson(['accounts', 'create', '--name', 'One', '--email', 'a@b.example'], old);
  await readJson([...LIST, '--credentials-file', credentials], old);
  const lacking = await runCli(['secrets', 'rotate', '--secret-key'], old);
  expect(lacking).toMatchObject({ code: 1, stderr: expect.stringContaining('given as TRACKLY_NEW_SECRET_KEY') });
  const wrong = await runCli(['secrets', 'rotate', '--secret-key'], { ...old, TRACKLY_NEW_SECRET_KEY: 'short' });
  expect(wrong).toMatchObject({ code: 1, stderr: 'TRACKLY_NEW_SECRET_KEY is ***: it must be 32 bytes in base64\n' });
  const both = { ...old, TRACKLY_NEW_SECRET_KEY: settings(2) };
  expect(await readJson(['secrets', 'rotate', '--secret-key'], both)).toMatchObject({
    lists: 1,
    secret_key: 'settings',
  });
  const refused = await runCli(['secrets', 'rotate'], old);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('with another TRACKLY_SECRET_KEY') });
  expect(await readJson(['secrets', 'rotate'], { ...old, TRACKLY_SECRET_KEY: settings(2) })).toMatchObject({
    lists: 1,
  });
});
