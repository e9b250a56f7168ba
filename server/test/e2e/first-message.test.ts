import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataFolder, type Env, makeDataFolder, runCli } from '../../../cli/test/helpers/run-cli.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

let folder: DataFolder;
let env: Env;

beforeEach(async () => {
  folder = await makeDataFolder();
  env = { TRACKLY_DATA_DIR: folder.path };
});
afterEach(() => folder[Symbol.asyncDispose]());

interface Message {
  readonly state: string;
  readonly body: string;
}

/** Pastes the printed command into a shell. */
async function runShell(command: string): Promise<{ message_id: string; status: string }> {
  const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('curl', 'curl -sS')]);
  return JSON.parse(stdout) as { message_id: string; status: string };
}

function printedCurl(output: string): string {
  return /^ {2}curl (?:.*\\\n)*.*$/m.exec(output)?.[0] ?? '';
}

async function readMessage(url: string, key: string, id: string): Promise<Message> {
  const answer = await fetch(`${url}/api/v2/messages/${id}`, { headers: { 'X-Api-Key': key } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Message;
}

test('the first start prints a command that sends a message, and the second one keeps it', async () => {
  let key: string;
  let id: string;
  {
    await using server = await startServer(env);
    const lines = server.output().split('\n');
    expect(lines[0]).toBe(`Trackly is ready at ${server.url}`);
    key = /^Your API key \(shown once\): (trk_[0-9a-f]{32})$/m.exec(server.output())?.[1] ?? '';
    const sent = await runShell(printedCurl(server.output()));
    expect(sent).toMatchObject({ success: true, status: 'queued' });
    id = sent.message_id;
    await until('it is delivered', async () => (await readMessage(server.url, key, id)).state === 'delivered');
    const handset = (await (await fetch(`${server.url}/simulator/handsets/%2B13125550142`)).json()) as {
      messages: Message[];
    };
    expect(handset.messages.map((message) => message.body)).toEqual(['Hello from Trackly!']);
    expect(await server.stop()).toMatchObject({ code: 0, stderr: '' });
  }
  await using again = await startServer(env);
  expect(again.output()).not.toContain('API key');
  expect(await readMessage(again.url, key, id)).toMatchObject({ state: 'delivered', body: 'Hello from Trackly!' });
});

test('a key of the operator is the first key', async () => {
  await using server = await startServer({ ...env, TRACKLY_API_KEY: 'trk_my_own' });
  const answer = await fetch(`${server.url}/api/v2/whoami`, { headers: { 'X-Api-Key': 'trk_my_own' } });
  expect(answer.status).toBe(200);
});

test('a receipt that was due while the server was away arrives after the next start', async () => {
  const key = 'trk_my_own';
  let id = '';
  {
    await using server = await startServer({ ...env, TRACKLY_API_KEY: key });
    const answer = await fetch(`${server.url}/api/v2/send`, {
      method: 'POST',
      headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' },
      body: JSON.stringify({ to: '+13125550142', list_number: '+18005551000', body: 'Hello' }),
    });
    id = ((await answer.json()) as { message_id: string }).message_id;
    await until('it is sent', async () => (await readMessage(server.url, key, id)).state === 'sent');
    expect((await server.stop()).code).toBe(0);
  }
  await using server = await startServer(env);
  await until('it is delivered', async () => (await readMessage(server.url, key, id)).state === 'delivered');
});

/** The sentence with which a start gave up: exit code 1, no stack, no second line. */
async function failedStart(args: readonly string[], change: Env): Promise<string> {
  const { code, stderr } = await runCli(['up', ...args], { ...env, ...change });
  expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, lines: 1 });
  return stderr.trim();
}

test('a port that is in use is named in one sentence', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await until('the port is taken', () => blocker.listening);
  const address = blocker.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';
  expect(await failedStart(['--port', port], {})).toContain(`Port ${port} on 127.0.0.1 is in use`);
  blocker.close();
});

test('a data folder that cannot be written is named in one sentence', async () => {
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  expect(await failedStart([], { TRACKLY_DATA_DIR: join(file, 'data') })).toContain(file);
  // Not even root can write there.
  expect(await failedStart([], { TRACKLY_DATA_DIR: '/proc/trackly' })).toContain('/proc/trackly');
});

test('a database that cannot be reached is named in one sentence, without its password', async () => {
  const sentence = await failedStart([], { DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/sms' });
  expect(sentence).toMatch(/^The database cannot be reached \(.*\): check DATABASE_URL and that it runs\.$/);
  expect(sentence).not.toContain('secret');
});

test('wrong variables are all named at once, one sentence each', async () => {
  const { code, stderr } = await runCli(['up'], { ...env, PORT: '99999', LOG: 'paper', TRACKLY_SECRET_KEY: 'short' });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').sort()).toEqual([
    'LOG is "paper": it must be lmdb or postgres',
    'PORT is "99999": it must be a whole number from 0 to 65535',
    'TRACKLY_SECRET_KEY is ***: it must be 32 bytes in base64',
  ]);
});
