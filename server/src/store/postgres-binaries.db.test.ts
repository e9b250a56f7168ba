import { chmod, cp, lstat, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseDatabaseUser } from './os-user.ts';
import { findPostgresPackage, type PostgresPackage, preparePostgresBinaries } from './postgres-binaries.ts';

const user = await chooseDatabaseUser();
let folder: string;
let source: PostgresPackage;

/** A package whose install script did not run. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trackly-binaries-'));
  await chmod(folder, 0o755);
  const installed = await findPostgresPackage();
  source = { ...installed, root: join(folder, 'package/native') };
  await cp(installed.root, source.root, { recursive: true, verbatimSymlinks: true });
  await removeLinks(join(source.root, 'lib'));
});

afterEach(async () => {
  await chmod(join(source.root, 'lib'), 0o755);
  await rm(folder, { recursive: true });
});

async function removeLinks(lib: string): Promise<void> {
  for (const name of await readdir(lib)) {
    if ((await lstat(join(lib, name))).isSymbolicLink()) await rm(join(lib, name));
  }
}

/** What others than root cannot write, or what others than the owner cannot enter. */
async function close(): Promise<void> {
  if (user === null) await chmod(join(source.root, 'lib'), 0o555);
  else await chmod(join(source.root, '..'), 0o700);
}

test('the installed programs are used where they are, with the links that npm left out', async () => {
  const found = await preparePostgresBinaries(user, join(folder, 'copies'), source);
  expect(found).toEqual({ binDir: join(source.root, 'bin'), copied: false });
  expect((await lstat(join(source.root, 'lib/libpq.so.5'))).isSymbolicLink()).toBe(true);
});

test('programs that cannot be used where they are run from a copy, made once', async () => {
  await close();
  const copies = join(folder, 'copies');
  const [first, second] = await Promise.all([1, 2].map(() => preparePostgresBinaries(user, copies, source)));
  expect(second).toEqual(first);
  expect(first).toMatchObject({ copied: true });
  const made = await stat(first?.binDir ?? '');
  await preparePostgresBinaries(user, copies, source);
  expect((await stat(first?.binDir ?? '')).ino).toBe(made.ino);
  expect(await readdir(copies)).toHaveLength(1);
});

test('programs that do not run are refused with the reason', async () => {
  await rm(join(source.root, 'bin/postgres'));
  await expect(preparePostgresBinaries(user, join(folder, 'copies'), source)).rejects.toThrow(
    /^The PostgreSQL in .*copies.* does not run: .*not found/,
  );
});
