import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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
let folder: DataFolder;
let env: Env;
let server: RunningCli;
let url: string;

beforeAll(async () => {
  folder = await makeDataFolder();
  env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY };
  server = startCli(['up', '--port', '0', '--json'], env);
  await vi.waitUntil(() => server.output().includes('}'), { timeout: 30_000 });
  ({ url } = readReady());
});
afterAll(async () => {
  server.kill('SIGTERM');
  await server.finished;
  await folder[Symbol.asyncDispose]();
});

function readReady(): { url: string; api_key: string; list_number: string } {
  return JSON.parse(server.output()) as ReturnType<typeof readReady>;
}

test('the start tells where it serves and the first key', () => {
  expect(readReady()).toEqual({ url, api_key: KEY, list_number: '+18005551000' });
});

test('a message is sent beside the running server and followed until it is delivered', async () => {
  const { code, stdout } = await runCli(
    ['send', '--to', '+13125550142', '--list', '1', '--body', 'Hello!', '--wait'],
    env,
  );
  expect(stdout).toContain('delivered');
  expect(code).toBe(0);
});

test('a message that cannot be delivered fails the command that waits for it', async () => {
  const { code, stderr } = await runCli(
    ['send', '--to', '+13125550150', '--list', '1', '--body', 'Hello!', '--wait'],
    env,
  );
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^Message \w{8} is failed \(REJECTED_DESTINATION\)\.\n$/),
  });
});

test('the same works over the API', async () => {
  const remote = ['--url', url, '--key', KEY];
  const sent = await readJson<{ id: string }>(
    ['send', '--to', '+13125550143', '--list', '1', '--body', 'Over the API', '--wait', ...remote],
    {},
  );
  expect(sent).toMatchObject({ state: 'delivered', body: 'Over the API' });
  expect(await readJson(['messages', 'show', sent.id, ...remote], {})).toMatchObject({ id: sent.id });
  const listed = await readJson(['messages', 'list', '--list', '+18005551000', '--to', '+13125550143', ...remote], {});
  expect(listed).toMatchObject({ messages: [{ id: sent.id }] });
  const refused = await runCli(['messages', 'list', '--url', url, '--key', 'wrong'], {});
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^Invalid API key \(invalid_api_key, request [\w-]+\)\n$/);
});

test.each(['here', 'over the API'])('%s messages are followed as they change until Ctrl-C', async (where) => {
  const remote = where === 'here' ? [] : ['--url', url, '--key', KEY];
  const following = startCli(['messages', 'list', '--follow', '--json', '--to', '+13125550144', ...remote], env);
  const told = () =>
    following
      .output()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { template: string; state: string });
  await readJson(['send', '--to', '+13125550144', '--list', '1', '--body', `Follow me ${where}`, ...remote], env);
  await expect
    .poll(told, { timeout: 20_000 })
    .toContainEqual(expect.objectContaining({ template: `Follow me ${where}`, state: 'delivered' }));
  following.kill('SIGINT');
  expect(await following.finished).toMatchObject({ code: 0, stderr: '' });
});

test('a running server hears of a suspended account', async () => {
  const [account] = await readJson<{ id: string }[]>(['accounts', 'list'], env);
  const id = account?.id ?? '';
  const status = async () => (await fetch(`${url}/api/v2/lists`, { headers: { 'X-Api-Key': KEY } })).status;
  expect(await status()).toBe(200);
  await readJson(['accounts', 'suspend', id], env);
  await expect.poll(status).toBe(403);
  await readJson(['accounts', 'resume', id], env);
  await expect.poll(status).toBe(200);
});

test('the doctor finds the running server healthy', async () => {
  const { code, stdout } = await runCli(['doctor', '--recount'], env);
  expect(stdout).toContain('run by the server');
  expect(stdout).toMatch(/✓ log +Log lmdb: \d+ entr/);
  expect(code).toBe(0);
});

test('a second server on the folder and one on the port are refused in one sentence', async () => {
  const again = await runCli(['up', '--port', '0'], env);
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toBe(`The data folder ${folder.path} is in use by process ${server.pid}\n`);
  await using other = await makeDataFolder();
  const { port } = new URL(url);
  const busy = await runCli(['up', '--port', port], { TRACKLY_DATA_DIR: other.path });
  expect(busy.stderr).toBe(
    `Port ${port} on 127.0.0.1 is in use: stop what listens there or choose another with --port or PORT.\n`,
  );
  expect(busy.code).toBe(1);
});

test('a signal ends the server cleanly', async () => {
  server.kill('SIGTERM');
  expect(await server.finished).toMatchObject({ code: 0, stderr: '' });
});
