import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type DataFolder,
  type Env,
  makeDataFolder,
  PROGRAM,
  readJson,
  type RunningCli,
  runCli,
  startCli,
} from './helpers/run-cli.ts';

interface Check {
  readonly ok: boolean;
  readonly steps: readonly {
    step: string;
    passed: boolean | null;
    detail: string | null;
    text: string;
    elapsed_ms: number;
  }[];
}

interface Simulated {
  readonly url: string;
  readonly credentials: Readonly<Record<string, unknown>>;
}

const KEY = 'trk_of_the_first_start';
let folder: DataFolder;
let env: Env;
let server: RunningCli;
let url: string;
let accountId: string;
let numbers = 0;
const running: RunningCli[] = [];

beforeAll(async () => {
  folder = await makeDataFolder();
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  env = { TRACKLY_DATA_DIR: folder.path, TRACKLY_API_KEY: KEY, PORT: String(port) };
  server = startCli(['up', '--json'], env);
  await vi.waitUntil(() => server.output().includes('}'), { timeout: 30_000 });
  ({ url } = JSON.parse(server.output()) as { url: string });
  [{ id: accountId } = { id: '' }] = await readJson<{ id: string }[]>(['accounts', 'list'], env);
});
afterAll(async () => {
  for (const process of [...running, server]) {
    process.kill('SIGTERM');
    await process.finished;
  }
  await folder[Symbol.asyncDispose]();
});

async function simulate(type: string, ...flags: string[]): Promise<Simulated> {
  const twin = startCli(['simulate', type, '--json', ...flags], {});
  running.push(twin);
  await vi.waitUntil(() => twin.output().trim().endsWith('}'), { timeout: 10_000 });
  return JSON.parse(twin.output()) as Simulated;
}

async function addList(type: string, credentials: object): Promise<string> {
  const file = join(folder.path, 'credentials.json');
  await writeFile(file, JSON.stringify(credentials));
  const number = `+1844555${String(1_000 + ++numbers)}`;
  await readJson(['lists', 'create', '--number', number, '--type', type, '--credentials-file', file], env);
  return number;
}

async function check(list: string, ...flags: string[]): Promise<Check> {
  const { stdout, stderr } = await runCli(['carriers', 'check', list, '--json', ...flags], env);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Check;
}

const passedOf = ({ steps }: Check) => steps.map(({ step, passed }) => [step, passed]);
const WHOLE_WAY = ['list', 'credentials', 'connect', 'server', 'send', 'receipt'].map((step) => [step, true]);

describe.each(['twilio', 'infobip', 'cm', 'telnyx'])('%s', (type) => {
  const callbacks = () =>
    type === 'cm' ? ['--callback-url', `${url}/api/webhook-feedbacks/cm/cm-twin-secret?account=${accountId}`] : [];

  test('a simulated carrier passes the whole way, and each step tells its time', async () => {
    const { credentials } = await simulate(type, ...callbacks());
    const list = await addList(type, credentials);
    const done = await check(list, '--to', '+13125550142');
    expect(done).toMatchObject({ ok: true });
    expect(passedOf(done)).toEqual(WHOLE_WAY);
    for (const step of done.steps) expect(step.elapsed_ms).toBeGreaterThanOrEqual(0);
    const refused = await check(list, '--to', '+13125550150');
    expect(refused).toMatchObject({ ok: false });
    expect(refused.steps.at(-1)).toMatchObject({ step: 'send', passed: false });
    expect(refused.steps.at(-1)?.text).toContain('the carrier takes the recipient for no mobile number');
    const undelivered = await check(list, '--to', '+13125550155');
    expect(undelivered.steps.at(-1)).toMatchObject({ step: 'receipt', passed: false });
    expect(undelivered.steps.at(-1)?.text).toContain('the handset is off or away');
  });

  test('credentials that the carrier does not know end the check before anything is sent', async () => {
    const { credentials } = await simulate(type, '--behaviour', 'bad-credentials');
    const list = await addList(type, credentials);
    const { code, stdout } = await runCli(['carriers', 'check', list, '--to', '+13125550142'], env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ connect +\d+ ms {2}The carrier does not know us by these credentials/);
    expect(stdout).not.toMatch(/^. send/m);
  });
});

test('a generic carrier cannot be asked whether it knows us; the rest of its way is gone', async () => {
  const { credentials } = await simulate('http');
  const done = await check(await addList('http', credentials), '--to', '+13125550142');
  expect(passedOf(done)).toEqual(WHOLE_WAY.map(([step]) => [step, step === 'connect' ? null : true]));
});

describe('smpp', () => {
  test('a simulated SMSC passes the whole way, its receipt over the session', async () => {
    const { url: address, credentials } = await simulate('smpp');
    expect(address).toMatch(/^smpp:\/\/127\.0\.0\.1:\d+$/);
    expect(credentials).toMatchObject({ host: '127.0.0.1', system_id: 'trackly', password: 'trackly' });
    const list = await addList('smpp', credentials);
    const done = await check(list, '--to', '+13125550142');
    expect(passedOf(done)).toEqual(WHOLE_WAY);
    const undelivered = await check(list, '--to', '+13125550158');
    expect(undelivered.steps.at(-1)).toMatchObject({ step: 'receipt', passed: false, detail: '001' });
  });

  test('one that does not let us in ends the check', async () => {
    const { credentials } = await simulate('smpp', '--behaviour', 'bad-credentials');
    const { steps } = await check(await addList('smpp', credentials), '--to', '+13125550142');
    expect(steps.at(-1)).toMatchObject({ step: 'connect', passed: false, detail: 'REJECTED_CREDENTIALS' });
  });

  test('it has no callbacks', async () => {
    const { code, stderr } = await runCli(['simulate', 'smpp', '--callback-url', 'http://127.0.0.1:1'], {});
    expect(code).not.toBe(0);
    expect(stderr).toContain('--callback-url: an SMSC has none');
  });
});

test('a receipt that does not come names the address to enter at the carrier', async () => {
  const { credentials } = await simulate('cm');
  const list = await addList('cm', credentials);
  const { steps } = await check(list, '--to', '+13125550142', '--timeout', '2');
  expect(steps.at(-1)).toMatchObject({ step: 'receipt', passed: false });
  const address = `${url}/api/webhook-feedbacks/cm/CALLBACK_SECRET?account=${accountId}`;
  expect(steps.at(-1)?.text).toContain(`No receipt of message`);
  expect(steps.at(-1)?.text).toContain(address);
});

test('a carrier that is not there is told by its address', async () => {
  const credentials = { product_token: 'x', base_url: 'http://127.0.0.1:1' };
  const { steps } = await check(await addList('cm', credentials));
  expect(steps.at(-1)).toMatchObject({ step: 'connect', passed: false, detail: 'ECONNREFUSED' });
});

test('without --to nothing is sent; a simulator list has nothing to ask', async () => {
  const done = await check('1');
  expect(done.ok).toBe(true);
  expect(passedOf(done)).toEqual([
    ['list', true],
    ['credentials', true],
    ['connect', null],
    ['send', null],
    ['receipt', null],
  ]);
  const whole = await check('+18005551000', '--to', '+13125550142');
  expect(passedOf(whole)).toEqual(WHOLE_WAY.map(([step]) => [step, step === 'connect' ? null : true]));
});

test('wrong use names what was meant', async () => {
  expect(await runCli(['simulate', 'twillio'], {})).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^Unknown carrier `twillio`\. Did you mean `twilio`\? There are twilio, /),
  });
  expect(await runCli(['simulate', 'cm', '--behaviour', 'throtling'], {})).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean `throttling`?'),
  });
  expect(await runCli(['simulate', 'cm', '--port', '99999'], {})).toMatchObject({ code: 2 });
  expect(await runCli(['simulate', 'cm', '--callback-url', 'here'], {})).toMatchObject({ code: 2 });
  expect(await runCli(['carriers', 'chek'], env)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean `carriers check`?'),
  });
  expect(await runCli(['carriers', 'check', '99'], env)).toMatchObject({ code: 1, stderr: 'There is no list 99\n' });
  expect(await runCli(['carriers', 'check', '1', '--timeout', 'x'], env)).toMatchObject({ code: 2 });
  expect(await runCli(['carriers', 'check', '1', '--to', '12'], env)).toMatchObject({ code: 1 });
  expect((await runCli(['simulate', '--help'], {})).stdout).toContain('trackly simulate telnyx --port 4010');
});

test('a simulated carrier tells in the end what it saw', async () => {
  const twin = startCli(['simulate', 'twilio'], {});
  await vi.waitUntil(() => twin.output().includes('trackly carriers check'), { timeout: 10_000 });
  expect(twin.output()).toContain('"auth_token"');
  twin.kill('SIGINT');
  const { code, stdout } = await twin.finished;
  expect(code).toBe(0);
  expect(stdout).toContain('0 submits, 0 messages taken, 0 taken twice; 0 calls answered, 0 given up.');
});

test('a reader that closes its end, as `head` does, ends a command without a complaint', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'simulate', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const signal = await new Promise((resolve) => child.once('close', (_code, by) => resolve(by)));
  expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
});
