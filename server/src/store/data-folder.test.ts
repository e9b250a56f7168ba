import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataFolder, openDataFolder, readSecretKey } from './data-folder.ts';

const MODULE = fileURLToPath(new URL('data-folder.ts', import.meta.url));

let parent: string;
const opened: DataFolder[] = [];
const children: ChildProcess[] = [];
beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'trackly-folder-')));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of opened.splice(0)) await folder[Symbol.asyncDispose]();
  await rm(parent, { recursive: true });
});

async function openFolder(path: string, secretKey: Buffer | null = null): Promise<DataFolder> {
  const folder = await openDataFolder(path, secretKey);
  opened.push(folder);
  return folder;
}

/** Another process that holds the folder until it is killed. */
async function holdElsewhere(path: string): Promise<ChildProcess> {
  const program = `import { openDataFolder } from ${JSON.stringify(MODULE)};
    await openDataFolder(${JSON.stringify(path)}, null); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

test('a new folder is private and has a secret, which stays', async () => {
  const path = join(parent, 'a/b');
  const first = await openFolder(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await stat(join(path, 'secret.key'))).mode & 0o777).toBe(0o600);
  expect(first.secretKey).toHaveLength(32);
  await first[Symbol.asyncDispose]();
  const second = await openFolder(path);
  expect(second.secretKey).toEqual(first.secretKey);
});

test('a lock that goes a moment after its folder was asked for is waited for', async () => {
  const path = join(parent, 'data');
  const first = await openFolder(path);
  const second = openFolder(path);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await first[Symbol.asyncDispose]();
  expect((await second).secretKey).toEqual(first.secretKey);
});

test('a secret from the settings is used and not stored', async () => {
  const given = Buffer.alloc(32, 7);
  const folder = await openFolder(join(parent, 'data'), given);
  expect(folder.secretKey).toEqual(given);
  await expect(readFile(join(folder.path, 'secret.key'))).rejects.toThrow('ENOENT');
});

test('the secret can be read while the server holds the folder', async () => {
  const folder = await openFolder(join(parent, 'data'));
  expect(await readSecretKey(folder.path)).toEqual(folder.secretKey);
  await expect(readSecretKey(parent)).rejects.toThrow('has no secret.key: start the server first');
});

test('a broken secret is refused by name and never replaced', async () => {
  const path = join(parent, 'data');
  await mkdir(path);
  await writeFile(join(path, 'secret.key'), 'short\n');
  await expect(openFolder(path)).rejects.toThrow(`The file ${path}/secret.key does not hold 32 bytes of base64`);
  expect(await readFile(join(path, 'secret.key'), 'utf8')).toBe('short\n');
});

test('a second process is refused with the number of the first, by any path to the folder', async () => {
  const path = join(parent, 'data');
  const holder = await holdElsewhere(path);
  await symlink(path, join(parent, 'link'));
  await expect(openFolder(path)).rejects.toThrow(`The data folder ${path} is in use by process ${String(holder.pid)}`);
  await expect(openFolder(join(parent, 'link'))).rejects.toThrow(`is in use by process ${String(holder.pid)}`);
});

test('a killed process holds nothing', async () => {
  const path = join(parent, 'data');
  const holder = await holdElsewhere(path);
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  expect((await openFolder(path)).path).toBe(path);
});

test('opening twice in one process is refused too, and a refused one can be opened when it is free', async () => {
  const path = join(parent, 'data');
  const first = await openFolder(path);
  await expect(openFolder(path)).rejects.toThrow(`is in use by process ${process.pid}`);
  await first[Symbol.asyncDispose]();
  await expect(openFolder(path)).resolves.toMatchObject({ path });
});

test('a file in its place is named, with what to do', async () => {
  const path = join(parent, 'data');
  await writeFile(path, '');
  await expect(openFolder(path)).rejects.toThrow(
    `The data folder ${path} cannot be written (it or a part of its path is not a folder): set TRACKLY_DATA_DIR to a folder that can`,
  );
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written is named, with what to do', async () => {
  const path = join(parent, 'data');
  await mkdir(path);
  await chmod(path, 0o500);
  await expect(openFolder(path)).rejects.toThrow(
    `The data folder ${path} cannot be written (permission denied): set TRACKLY_DATA_DIR to a folder that can`,
  );
});
