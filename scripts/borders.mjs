/*
 * Holds the folders of the source to who may import whom, and process.env to config/. `borders-baseline.json` lists the
 * violations that are known; it may only shrink.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY_FILES = new Set(['app.ts', 'main.ts', 'operator.ts', 'operator-carriers.ts', 'operator-contacts.ts']);
/** The parts of app.ts; nothing but an entry knows them. */
const ENTRY_FOLDER = 'app';
/** Folders with a border of their own; every other folder of server/src is a domain. */
const LAYERS = new Set([
  'lib',
  'observe',
  'config',
  'store',
  'log',
  'carriers',
  'http',
  'pipeline',
  'scheduler',
  'redirector',
]);
const UPPER = new Set(['http', 'pipeline', 'scheduler', 'redirector']);
/** The words in which every part speaks of a message; the rest of pipeline/ is nobody else's business. */
const MESSAGE_WORDS = new Set(
  ['accept-types', 'batch', 'decisions', 'encoding-code', 'flags', 'message-state', 'outbound-message'].map(
    (name) => `pipeline/${name}.ts`,
  ),
);
const OWN_PACKAGES = {
  'packages/smpp': [],
  server: ['@trackly/smpp'],
  client: [],
  cli: ['@trackly/client', '@trackly/server/main', '@trackly/server/operator'],
};

/** The violations in `files` (path from the repository to text), as `file -> what it may not use`. */
export function findViolations(files) {
  return Object.entries(files).flatMap(([path, text]) => {
    if (path.endsWith('.test.ts')) return [];
    const code = removeComments(text);
    return [...findImportViolations(path, code), ...findEnvViolations(path, code)];
  });
}

function findImportViolations(path, code) {
  return listImports(code)
    .map((specifier) => ({ specifier, target: resolveImport(path, specifier) }))
    .filter(({ target }) => target !== null && !mayImport(path, target))
    .map(({ specifier, target }) => `${path} -> ${target ?? specifier}`);
}

function findEnvViolations(path, code) {
  const isAllowed = path.startsWith('server/src/config/');
  return !isAllowed && /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\[['"]env/.test(code) ? [`${path} -> process.env`] : [];
}

export function listImports(code) {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\1/g;
  return [...code.matchAll(pattern)].map((match) => match[2]);
}

function removeComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** null: not ours. */
function resolveImport(path, specifier) {
  if (specifier.startsWith('@trackly/')) return specifier;
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
}

function mayImport(path, target) {
  const workspace = workspaceOf(path);
  if (target.startsWith('@trackly/')) return OWN_PACKAGES[workspace].includes(target);
  if (!target.startsWith(`${workspace}/src/`)) return target === `${workspace}/package.json`;
  return workspace === 'server' ? mayImportInServer(toPlace(path), toPlace(target)) : true;
}

function workspaceOf(path) {
  const [first, second] = path.split('/');
  return first === 'packages' ? `${first}/${second}` : first;
}

function toPlace(path) {
  const [, , ...rest] = path.split('/');
  return { folder: rest.length === 1 ? '' : rest[0], inner: rest.slice(1).join('/'), file: rest.join('/') };
}

function mayImportInServer(from, to) {
  if (from.folder === '' && to.folder === ENTRY_FOLDER) return from.file === 'app.ts' || from.file === 'main.ts';
  if (from.folder === '') return from.file === to.file || ENTRY_FILES.has(from.file);
  if (from.folder === ENTRY_FOLDER) return to.folder !== '';
  if (to.folder === '' || to.folder === ENTRY_FOLDER) return false;
  if (from.folder === 'carriers') return mayCarrierImport(from, to);
  if (from.folder === to.folder || to.folder === 'lib') return true;
  if (from.folder === 'lib') return false;
  if (to.folder === 'observe') return from.folder !== 'config';
  if (from.folder === 'observe' || from.folder === 'config' || from.folder === 'store') return false;
  if (from.folder === 'log') return to.folder === 'store';
  return mayDomainImport(from, to);
}

/** What carriers over HTTP share: the way to their hosts, and the peers that tests call instead of them. */
const SHARED_BY_CARRIERS = new Set(['http-road', 'twin']);

/**
 * A carrier is a folder that knows the contract beside it, what is shared, and nothing else of ours; index.ts is the list
 * of carriers.
 */
function mayCarrierImport(from, to) {
  if (to.folder === 'lib' || to.folder === 'observe') return true;
  if (to.folder !== 'carriers') return false;
  if (from.inner === 'index.ts') return true;
  const [own, target] = [from.inner.split('/'), to.inner.split('/')];
  if (target.length === 1) return to.inner !== 'index.ts';
  return own.length > 1 && (own[0] === target[0] || SHARED_BY_CARRIERS.has(target[0]));
}

function mayDomainImport(from, to) {
  if (to.folder === 'store' || to.file === 'config/config.ts' || MESSAGE_WORDS.has(to.file)) return true;
  const isUpper = UPPER.has(from.folder);
  // The pages of one carrier, such as the simulator's, show what that carrier keeps.
  if (from.folder === 'http' && to.folder === 'carriers' && isOfSameCarrier(from, to)) return true;
  if (to.file === 'carriers/carrier.ts' || to.file === 'log/log.ts') return isUpper;
  if (!LAYERS.has(to.folder)) return isUpper || to.inner === 'index.ts';
  return false;
}

function isOfSameCarrier(from, to) {
  const [, carrier] = /^routes\/([^/]+)\//.exec(from.inner) ?? [];
  return carrier !== undefined && to.inner.startsWith(`${carrier}/`);
}

/** What is new against the baseline, and what the baseline lists in vain. */
export function compareWithBaseline(violations, baseline) {
  return {
    added: violations.filter((violation) => !baseline.includes(violation)),
    gone: baseline.filter((violation) => !violations.includes(violation)),
  };
}

function readSources(root) {
  const files = {};
  for (const folder of ['packages/smpp/src', 'server/src', 'client/src', 'cli/src']) {
    if (!existsSync(join(root, folder))) continue;
    const names = readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.ts'));
    for (const name of names.sort()) files[`${folder}/${name}`] = readFileSync(join(root, folder, name), 'utf8');
  }
  return files;
}

function check() {
  const here = dirname(fileURLToPath(import.meta.url));
  const baseline = JSON.parse(readFileSync(join(here, 'borders-baseline.json'), 'utf8'));
  const { added, gone } = compareWithBaseline(findViolations(readSources(join(here, '..'))), baseline);
  for (const violation of added) console.error(`Not allowed: ${violation}`);
  for (const violation of gone) console.error(`Remove from borders-baseline.json, it is gone: ${violation}`);
  return added.length + gone.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = check();
