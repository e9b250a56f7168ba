/*
 * What `npm start` and `npm test` need before they can do their work: a Node that is new enough, the packages of the
 * lock file, and compiled sources. Plain JavaScript without dependencies, because it runs before they are there.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const WORKSPACES = ['packages/smpp', 'server', 'client', 'cli'];
const OLDEST_NODE = [20, 19];
const STAMP = join(ROOT, 'server/dist/.sources');

/** One sentence for a person instead of a stack. */
export class SetupError extends Error {
  exitCode = 1;
}

/** The command line asks for what there is not. */
export class UsageError extends SetupError {
  exitCode = 2;
}

/** Installs and compiles what is missing or old; a second call costs some 30 ms. */
export async function prepare() {
  checkNode(process.versions.node);
  await install();
  await build();
}

export function checkNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new SetupError(`Trackly needs Node ${OLDEST_NODE.join('.')} or newer, and this is Node ${version}.`);
}

async function install() {
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  if (isInstalled(wanted, readInstalled())) return;
  console.log('Installing packages (npm ci), about a minute ...');
  // The compiler is a development package, so NODE_ENV=production must not leave it out.
  const code = await runNpm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) throw new SetupError('The packages could not be installed: see what npm said above.');
}

function readInstalled() {
  try {
    return JSON.parse(readFileSync(join(ROOT, 'node_modules/.package-lock.json'), 'utf8'));
  } catch {
    return null;
  }
}

/** Compares the lock file with npm's own record of what is in node_modules, which it writes last. */
export function isInstalled(wanted, installed) {
  if (installed === null) return false;
  return Object.entries(wanted.packages).every(([path, { version, integrity, optional, peer, link }]) => {
    if (!path.includes('node_modules/') || link === true) return true;
    const found = installed.packages[path];
    if (found === undefined) return optional === true || peer === true;
    return found.version === version && found.integrity === integrity;
  });
}

async function build() {
  const sources = hashSources();
  if (isBuilt(sources)) return;
  console.log('Compiling ...');
  const code = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', ...listWorkspaces()]);
  if (code !== 0) throw new SetupError('The sources do not compile: see what the compiler said above.');
  writeFileSync(STAMP, sources);
}

function isBuilt(sources) {
  if (!listWorkspaces().every((workspace) => existsSync(join(ROOT, workspace, 'dist')))) return false;
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sources;
}

function listWorkspaces() {
  return WORKSPACES.filter((workspace) => listSources(workspace).length > 0);
}

/** By content: a checkout changes the times of files, not what they say. */
function hashSources() {
  const hash = createHash('sha256');
  const settings = ['package-lock.json', 'tsconfig.base.json', ...WORKSPACES.map((name) => `${name}/tsconfig.json`)];
  for (const path of [...settings, ...WORKSPACES.flatMap(listSources)]) {
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(ROOT, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function listSources(workspace) {
  const folder = join(ROOT, workspace, 'src');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }).filter((name) => /\.(ts|json)$/.test(name));
  return names
    .filter((name) => !name.endsWith('.test.ts'))
    .map((name) => `${workspace}/src/${name}`)
    .sort();
}

export function runNpm(args) {
  const npm = process.env.npm_execpath;
  return npm?.endsWith('.js') ? run(process.execPath, [npm, ...args]) : run('npm', args);
}

/** Runs a command in the repository with our output; resolves to its exit code, 1 when a signal ended it. */
export function run(command, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs `work` and exits with its code; a SetupError becomes one sentence and exit code 1. */
export async function main(work) {
  try {
    process.exit(await work());
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(error instanceof SetupError ? error.exitCode : 1);
  }
}
