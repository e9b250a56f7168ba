/*
 * Run after `npm install` changed package-lock.json: writes down the optional packages of other platforms that the
 * registry in use did not offer, because `npm ci` refuses a lock file that leaves one out, on every platform.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'armv7', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/** The entries that are missing, by path. */
export function findMissing(packages) {
  const missing = {};
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!isReachable(packages, path, name))
        missing[`node_modules/${name}`] = toEntry(name, version, entry.dev === true);
    }
  }
  return missing;
}

/** Looks where Node would: beside the package, then in every folder above. */
function isReachable(packages, path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}

/** Such packages tell their platform by their name, as in `binding-linux-x64-musl`. */
function toEntry(name, version, dev) {
  const words = name.split('/').at(-1).split('-');
  const os = words.filter((word) => SYSTEMS.includes(word));
  const cpu = words.filter((word) => PROCESSORS.includes(word));
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : [];
  if (os.length !== 1) throw new Error(`The platform of ${name} cannot be told by its name: add it by hand`);
  return { version, cpu, ...(dev ? { dev } : {}), ...(libc.length > 0 ? { libc } : {}), optional: true, os };
}

function complete(file) {
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = findMissing(lock.packages);
  const entries = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n`);
  console.log(`Added ${Object.keys(missing).length} entries.`);
}

const here = fileURLToPath(import.meta.url);
if (process.argv[1] === here) complete(join(here, '../../package-lock.json'));
