/*
 * Runs every example against a server of its own: the built one, on a free port, with a new data folder. Ends with 1
 * when an example fails.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './setup.mjs';

const API_KEY = 'trk_00000000000000000000000000examples';
const READY_TIMEOUT_MS = 60_000;
const EXAMPLE_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

const EXAMPLES = [
  { name: 'first-send, curl', command: 'sh', args: ['examples/first-send/curl.sh'] },
  {
    name: 'first-send, TypeScript',
    command: process.execPath,
    args: ['--import', 'tsx', 'examples/first-send/first-send.ts'],
  },
  { name: 'first-send, Python', command: 'python3', args: ['examples/first-send/first_send.py'] },
];

const dataDir = await mkdtemp(join(tmpdir(), 'trackly-examples-'));
const server = startServer(dataDir);
try {
  const url = await waitUntilReady(server);
  let failed = 0;
  for (const example of EXAMPLES) {
    console.log(`\n== ${example.name}`);
    if ((await runExample(example, url)) !== 0) {
      console.error(`The example "${example.name}" failed.`);
      failed++;
    }
  }
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await stop(server);
  await removeData(dataDir);
}

function startServer(folder) {
  const env = { ...cleanEnv(), TRACKLY_DATA_DIR: folder, TRACKLY_API_KEY: API_KEY, PORT: '0' };
  return spawn(process.execPath, [join(ROOT, 'cli/bin/trackly.mjs'), 'up', '--json'], {
    env,
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** What the caller has set for a server of theirs must not reach ours. */
function cleanEnv() {
  const names = ['PORT', 'HOST', 'DATABASE_URL', 'LOG', 'NATS_URL', 'NODE_ENV'];
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('TRACKLY_') && !names.includes(name)),
  );
}

/** The server says where it listens as soon as it does. */
function waitUntilReady(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error('The server did not get ready in time.')), READY_TIMEOUT_MS);
    child.once('exit', (code) => reject(new Error(`The server ended with ${code} before it was ready.`)));
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const url = /"url": "([^"]+)"/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

function runExample({ command, args }, url) {
  return new Promise((resolve) => {
    const env = { ...cleanEnv(), TRACKLY_URL: url, TRACKLY_API_KEY: API_KEY };
    const child = spawn(command, args, { cwd: ROOT, env, stdio: 'inherit', timeout: EXAMPLE_TIMEOUT_MS });
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  const code = await gone;
  clearTimeout(timer);
  if (code !== 0) {
    console.error(`The server ended with ${code}.`);
    process.exitCode = 1;
  }
}

/** As root the database can be outside of the folder, behind a link. */
async function removeData(folder) {
  const moved = await readlink(join(folder, 'postgresql')).catch(() => null);
  if (moved !== null) await rm(moved, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}
